// `npm run bench`: runs every benchmark and prints its table; with names (`npm run bench -- startup`) only those;
// with flags (`npm run bench -- fleet --machines=60`) in another way.
import { existsSync, readdirSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensurePeers, lacksPeer } from "../tools/peers.ts";
import type { BenchModule } from "./bench.ts";
import { printTable } from "./table.ts";

const fileOf = (name: string): string => join(import.meta.dirname, name, "bench.ts");

const names = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(fileOf(entry.name)))
  .map(({ name }) => name)
  .toSorted();

const describeMachine = (): string => {
  const all = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const machine = `${all[0]?.model.trim() ?? "unknown processor"}, ${all.length} cores, ${memory}`;
  const software = `${type()} ${release()} · Node ${process.version}`;
  // Neighbours that compute at the same time lengthen every time that is not CPU time.
  const load = `load average ${loadavg()[0]?.toFixed(1)} before`;
  return `${machine} · ${software} · ${load} · ${new Date().toISOString().slice(0, 10)}`;
};

const words = process.argv.slice(2);
const flags = words.filter((word) => word.startsWith("--"));

/** False when it could not be run: a line says what to install. */
const runBench = async (name: string): Promise<boolean> => {
  const { bench } = (await import(pathToFileURL(fileOf(name)).href)) as BenchModule;
  if (lacksPeer(...bench.needs)) {
    process.stderr.write(`The benchmark ${name} was not run.\n`);
    return false;
  }
  const unknown = flags.filter((flag) => !bench.flags?.some((known) => flag.startsWith(`--${known}=`)));
  if (unknown.length > 0) {
    process.stderr.write(`The benchmark ${name} does not take ${unknown.join(", ")}.\n`);
    return false;
  }
  printTable(await bench.run(flags));
  return true;
};

const runAll = async (asked: readonly string[]): Promise<boolean> => {
  for (const line of ensurePeers()) process.stderr.write(`${line}\n`);
  process.stdout.write(`${describeMachine()}\n`);
  let allRan = true;
  for (const name of asked) {
    process.stdout.write("\n");
    if (!(await runBench(name))) allRan = false;
  }
  return allRan;
};

const asked = words.filter((word) => !word.startsWith("--"));
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`No such benchmark: ${unknown.join(", ")}. There are: ${names.join(", ")}.\n`);
  process.exitCode = 2;
} else {
  process.exitCode = (await runAll(asked.length === 0 ? names : asked)) ? 0 : 1;
}
