// `mediabay serve` as a process of its own, with everything that it says and shows kept: its log at debug level, its answers, its events.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Served {
  readonly url: string;
  readonly token: string;
  /** Its log, and what it wrote to standard error. */
  readonly lines: readonly string[];
  /** Every answer so far: `METHOD path`, and status, headers and body as they came. */
  readonly answers: readonly (readonly [place: string, text: string])[];
  /** The stream of events so far. */
  events(): string;
  call(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly text: string }>;
  /** Command line and environment of it and all below it, as any user of the host may look them up. */
  processes(): Promise<readonly (readonly [place: string, bytes: Buffer])[]>;
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL("../../src/mediabay.mjs", import.meta.url));

const processesOf = async (pid: number): Promise<readonly (readonly [string, Buffer])[]> => {
  const [cmdline, environ] = await Promise.all([readFile(`/proc/${pid}/cmdline`), readFile(`/proc/${pid}/environ`)]);
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ").filter(Boolean);
  const below = await Promise.all(children.map((child) => processesOf(Number(child))));
  return [[`command line of ${pid}`, cmdline], [`environment of ${pid}`, environ], ...below.flat()];
};

/** Follows the stream until it ends with the service. */
const follow = async (
  url: string,
  headers: Readonly<Record<string, string>>,
  take: (text: string) => void,
): Promise<void> => {
  const answer = await fetch(`${url}/v1/events`, { headers: { ...headers, "last-event-id": "0" } });
  try {
    for await (const text of (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) take(text);
  } catch (error) {
    // The service was stopped in the middle of it.
    if (!(error instanceof TypeError)) throw error;
  }
};

export const startServed = async (stateDir: string, settings: Readonly<Record<string, string>>): Promise<Served> => {
  const set = Object.entries({
    "control.port": "0",
    "imagePlane.http.host": "127.0.0.1",
    "imagePlane.http.port": "0",
    "sources.allow": "127.0.0.0/8",
    "log.level": "debug",
    ...settings,
  }).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const child = spawn(process.execPath, [program, "serve", "--state-dir", stateDir, ...set], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const lines: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => lines.push(text));
  const ready = Promise.withResolvers<string>();
  createInterface(child.stdout).on("line", (line) => {
    lines.push(line);
    const { msg, control } = JSON.parse(line) as { readonly msg?: string; readonly control?: string };
    if (msg === "ready" && control !== undefined) ready.resolve(control);
  });
  void exited.then(() => ready.reject(new Error(`mediabay serve ended: ${lines.join("\n")}`)));
  const url = await ready.promise;
  const token = (await readFile(join(stateDir, "admin.token"), "utf8")).trim();
  const headers = { authorization: `Bearer ${token}` };
  const answers: (readonly [string, string])[] = [];
  let events = "";
  const following = follow(url, headers, (text) => (events += text));
  return {
    url,
    token,
    lines,
    answers,
    events: () => events,
    async call(method, path, body) {
      const answer = await fetch(url + path, {
        method,
        headers: { ...headers, prefer: "wait=60", ...(body !== undefined && { "content-type": "application/json" }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      answers.push([`${method} ${path}`, `${answer.status} ${JSON.stringify([...answer.headers])}\n${text}`]);
      return { status: answer.status, text };
    },
    processes: () => processesOf(child.pid ?? 0),
    async stop() {
      child.kill();
      await exited;
      await following;
    },
  };
};

/** Every file below the folder, however deep. */
export const filesBelow = async (folder: string): Promise<readonly (readonly [place: string, bytes: Buffer])[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(paths.map(async (path) => [path.slice(folder.length + 1), await readFile(path)] as const));
};
