// Asks for a secret at the terminal without showing it.
import { StringDecoder } from "node:string_decoder";
import type { CliIo } from "../context.ts";
import { Failure, usage } from "../failure.ts";

const lineEnds = ["\r", "\n", "\u0004"];
const interrupt = "\u0003";

/** One key: the text after it, or that the line is complete. */
const press = (text: string, key: string): string => {
  if (key === "\u007f" || key === "\b") return Array.from(text).slice(0, -1).join("");
  if (key === "\u0015") return "";
  return key < " " ? text : `${text}${key}`;
};

const readLine = async (io: CliIo): Promise<string> => {
  const decoder = new StringDecoder("utf8");
  let text = "";
  for await (const chunk of io.stdin) {
    for (const key of typeof chunk === "string" ? chunk : decoder.write(Buffer.from(chunk))) {
      if (key === interrupt) throw new Failure("interrupted", { code: "INTERRUPTED", detail: "Interrupted." });
      if (lineEnds.includes(key)) return text;
      text = press(text, key);
    }
  }
  return text;
};

/** @throws Failure `usage` when there is no terminal to ask at */
export const promptSecret = async (io: CliIo, question: string, hint: string): Promise<string> => {
  if (io.stdin.isTTY !== true || io.stdin.setRawMode === undefined) {
    throw usage("A password is needed, and there is no terminal to ask at.", hint);
  }
  io.stderr.write(question);
  io.stdin.setRawMode(true);
  try {
    return await readLine(io);
  } finally {
    io.stdin.setRawMode(false);
    io.stderr.write("\n");
  }
};
