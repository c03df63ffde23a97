// Progress on a terminal, with the pseudo-terminal of util-linux's script(1).
import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { type Expected, type SentEvent, streams, token } from "./rest-stub.ts";
import { entryPath, withGateway } from "./run.ts";
import { succeeded } from "./samples.ts";

const step = (id: number, name: string, state: string, more: object = {}): SentEvent => ({
  id,
  type: "step",
  data: { name, title: `Step ${name}`, state, ...more },
});

const steps = [
  step(1, "one", "running"),
  { id: 2, type: "warning", data: { text: "half a \u001b[2Jtruth" } },
  step(3, "one", "done"),
  step(4, "two", "running"),
  step(5, "two", "failed", { error: { message: "refused" } }),
  step(6, "one", "undone"),
];
const watch = (events: readonly SentEvent[], after: "end" | "open"): Expected => ({
  method: "GET",
  path: "/v1/operations/op-1/events",
  answer: streams(events, after),
});

const usual = { columns: 100, rows: 40 };

/** The lines as they were written, without colours and cursor movement. */
const startAtTerminal = (url: string, size: { readonly columns: number; readonly rows: number }) => {
  const command = `stty cols ${size.columns} rows ${size.rows}; trap : INT; "${process.execPath}" "${entryPath}" operation wait op-1; echo exit=$?`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    env: { PATH: process.env["PATH"], MEDIABAY_URL: url, MEDIABAY_TOKEN: token, TERM: "xterm", SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const shown = text(child.stdout).then((output) =>
    stripVTControlCharacters(output)
      .split(/\r*\n/)
      .map((line) => line.trim()),
  );
  return { child, shown };
};

test("each step is drawn once it is over, warnings between them, and the result after them", async () => {
  const gateway = await withGateway([
    watch([...steps, { type: "end", data: {} }], "end"),
    { method: "GET", path: "/v1/operations/op-1", json: succeeded },
  ]);
  const { child, shown } = startAtTerminal(gateway.url, usual);
  const lines = await shown;
  child.stdin.end();
  await gateway.finished();
  const marked = lines.filter((line) => /^[✔✖!]/u.test(line));
  // A line is drawn more than once, at last in full.
  expect(marked.filter((line, index) => marked[index + 1]?.startsWith(line) !== true)).toEqual([
    "✔ Step one",
    "! half a truth",
    "✖ Step two: refused",
    "✔ Step one (undone)",
  ]);
  expect(lines).toContain("exit=0");
});

test("Ctrl-C leaves the step open, says how to go on, and ends with 130", async () => {
  const gateway = await withGateway([watch(steps.slice(0, 1), "open")]);
  const { child, shown } = startAtTerminal(gateway.url, usual);
  let pressed = false;
  child.stdout.on("data", (chunk: Buffer) => {
    if (pressed || !chunk.includes("Step one")) return;
    pressed = true;
    child.stdin.write("\u0003");
  });
  const lines = await shown;
  await gateway.finished();
  expect(lines.filter((line) => line.startsWith("✔"))).toEqual([]);
  expect(lines).toContain("error: Stopped waiting; operation op-1 goes on.");
  expect(lines).toContain("exit=130");
});

test("a terminal that names no size gets plain lines", async () => {
  const gateway = await withGateway([
    watch([...steps.slice(0, 1), step(2, "one", "done"), { type: "end", data: {} }], "end"),
    { method: "GET", path: "/v1/operations/op-1", json: succeeded },
  ]);
  const lines = await startAtTerminal(gateway.url, { columns: 0, rows: 0 }).shown;
  expect(lines).toContain("done    Step one");
});
