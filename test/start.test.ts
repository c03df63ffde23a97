// The launcher: our TypeScript runs under whatever Node the command is called with, or the command says what to do.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";

const source = join(import.meta.dirname, "..", "src");
/** Makes a new Node say that it is an old one. */
const old = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });`;
const asOldNode = ["--import", `data:text/javascript,${encodeURIComponent(old)}`];
const script =
  "process.stdout.write(JSON.stringify(process.argv.slice(1)) + process.execPath); process.exitCode = 7 as number;";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mediabay-start-"));
  await mkdir(join(folder, "src"));
  for (const name of ["start.mjs", "mediabay.mjs"]) await copyFile(join(source, name), join(folder, "src", name));
  for (const name of ["script.ts", "src/main.ts"]) await writeFile(join(folder, name), script);
});

afterEach(() => rm(folder, { recursive: true }));

/** What npm brings: here, this Node under another name. */
const bringNode = async (): Promise<string> => {
  const brought = join(folder, "node_modules", `node-${process.platform}-${process.arch}`, "bin");
  await mkdir(brought, { recursive: true });
  await symlink(process.execPath, join(brought, "node"));
  return brought;
};

const run = (...words: readonly string[]) => {
  const child = spawn(process.execPath, words, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const ended = async () => {
    const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
    return { out, error, code: child.exitCode };
  };
  return { child, ended };
};

test("a new Node runs the file itself, with its arguments", async () => {
  const { out, code } = await run("src/start.mjs", "script.ts", "--json", "a b").ended();
  expect(out).toBe(JSON.stringify([join(folder, "script.ts"), "--json", "a b"]) + process.execPath);
  expect(code).toBe(7);
});

test("the command is the main file, with the command's arguments", async () => {
  const { out, code } = await run("src/mediabay.mjs", "serve", "--check").ended();
  expect(out).toContain(JSON.stringify([join(folder, "src/main.ts"), "serve", "--check"]));
  expect(code).toBe(7);
});

test("an old Node hands over to the one that npm brought, first on the path of what it starts", async () => {
  const brought = await bringNode();
  const shown =
    "process.stdout.write(JSON.stringify([process.argv.slice(2), process.env.PATH?.split(':')[0]])); process.exitCode = 7;";
  await writeFile(join(folder, "src/main.ts"), shown);
  const { out, code } = await run(...asOldNode, "src/mediabay.mjs", "--json", "a b").ended();
  expect(JSON.parse(out)).toEqual([["--json", "a b"], brought]);
  expect(code).toBe(7);
});

test("a signal reaches the one that runs, and its end is told", async () => {
  await bringNode();
  const waiting =
    "process.on('SIGTERM', () => process.exit(9)); setInterval(() => {}, 1000); process.stdout.write('up');";
  await writeFile(join(folder, "script.ts"), waiting);
  const { child, ended } = run(...asOldNode, "src/start.mjs", "script.ts");
  const end = ended();
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  expect((await end).code).toBe(9);
});

test("an old Node with nothing to hand over to says what to do", async () => {
  const { out, error, code } = await run(...asOldNode, "src/start.mjs", "script.ts").ended();
  expect({ out, code }).toEqual({ out: "", code: 1 });
  expect(error).toMatch(/needs Node 24 or newer.*npm ci/u);
});

test("the command may be executed", async () => {
  expect((await stat(join(source, "mediabay.mjs"))).mode & 0o111).toBe(0o111);
  expect(await readFile(join(source, "mediabay.mjs"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/u);
});
