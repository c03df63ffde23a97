// Files and standard input that a command was pointed at, with a named error when they cannot be read.
import { readFile } from "node:fs/promises";
import type { CliIo } from "../context.ts";
import { usage } from "../failure.ts";

/** `-` is standard input. `what` names the option for the message. */
export const readBytes = async (io: CliIo, file: string, what: string): Promise<Buffer> => {
  if (file === "-") {
    const chunks: Buffer[] = [];
    for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  }
  try {
    return await readFile(file);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    throw usage(`${what}: the file ${file} cannot be read (${String(error.code)}).`);
  }
};

/** Text without the line end that editors and `echo` add. */
export const readText = async (io: CliIo, file: string, what: string): Promise<string> =>
  (await readBytes(io, file, what)).toString("utf8").replace(/\r?\n$/, "");
