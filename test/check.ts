// `npm run check`: everything that can be said of the code without running it. Names given as arguments pick checks.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

const checks = {
  types: ["tsc", "-p", "."],
  lint: ["oxlint", "--deny-warnings"],
  format: ["biome", "format"],
  "dead code": ["knip"],
  architecture: ["vitest", "run", "--config", "test/vitest.config.ts", "test/architecture.test.ts"],
} as const;

type CheckName = keyof typeof checks;

const root = join(import.meta.dirname, "..");
const inProject = {
  cwd: root,
  env: { ...process.env, PATH: `${join(root, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}` },
};

const run = async (name: CheckName): Promise<boolean> => {
  const startedAt = performance.now();
  const [command, ...words] = checks[name];
  const { status, output } = await new Promise<{ status: number | null; output: string }>((resolve, reject) => {
    const child = spawn(command, words, { ...inProject, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ status: code, output: Buffer.concat(chunks).toString() }));
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`${status === 0 ? "ok    " : "FAILED"} ${name.padEnd(14)} ${seconds.padStart(5)} s\n`);
  if (status !== 0) process.stdout.write(`\n${stripVTControlCharacters(output)}\n`);
  return status === 0;
};

const names = Object.keys(checks) as CheckName[];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !names.includes(name as CheckName));
if (unknown.length > 0) throw new Error(`No such check: ${unknown.join(", ")}. There are: ${names.join(", ")}.`);

const waiting = names.filter((name) => asked.length === 0 || asked.includes(name));
let allPassed = true;
const work = async (): Promise<void> => {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
    if (!(await run(name))) allPassed = false;
};
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
process.exitCode = allPassed ? 0 : 1;
