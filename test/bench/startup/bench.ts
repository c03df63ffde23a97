// Benchmark of `mediabay serve` with ten thousand machines registered: time until it is ready, memory, listing them by REST.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Bench } from "../bench.ts";
import { aim, median, type Table } from "../table.ts";
import { type ServedProcess, startServe } from "./served-process.ts";

const machines = 10_000;
const starts = 7;
const aims = { readyMs: 500, residentBytes: 150e6, listMs: 20 } as const;

interface Start {
  readonly readyMs: number;
  readonly readyCpuMs: number;
  readonly residentBytes: number;
  /** Time of each page, one after another, until all machines were listed. */
  readonly pageMs: readonly number[];
  /** RSS after that. */
  readonly listedBytes: number;
}

/** @throws Error when not every machine was listed */
const listAll = async ({ url }: ServedProcess, token: string): Promise<readonly number[]> => {
  const headers = { authorization: `Bearer ${token}` };
  const times: number[] = [];
  let listed = 0;
  for (let after: string | undefined = ""; after !== undefined; ) {
    const startedAt = performance.now();
    const answer = await fetch(`${url}/v1/machines?limit=100${after && `&after=${encodeURIComponent(after)}`}`, {
      headers,
    });
    const page = (await answer.json()) as { readonly items?: readonly unknown[]; readonly next?: string };
    times.push(performance.now() - startedAt);
    listed += page.items?.length ?? 0;
    after = page.next;
  }
  if (listed !== machines) throw new Error(`${listed} of ${machines} machines were listed`);
  return times;
};

const measureStart = async (stateDir: string, temporary: string): Promise<Start> => {
  const served = await startServe(stateDir, temporary);
  try {
    const residentBytes = await served.residentBytes();
    const token = (await readFile(join(stateDir, "admin.token"), "utf8")).trim();
    const pageMs = await listAll(served, token);
    const { readyMs, readyCpuMs } = served;
    return { readyMs, readyCpuMs, residentBytes, pageMs, listedBytes: await served.residentBytes() };
  } finally {
    await served.stop();
  }
};

const showMs = (ms: number): string => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
const showMegabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

interface Line {
  readonly name: string;
  readonly of: (start: Start) => number;
  readonly show: (value: number) => string;
  /** The aim, if there is one. */
  readonly most?: number;
}

const lines: readonly Line[] = [
  { name: "spawn → ready", of: (start) => start.readyMs, show: showMs, most: aims.readyMs },
  { name: "CPU time until ready", of: (start) => start.readyCpuMs, show: showMs },
  { name: "RSS once ready", of: (start) => start.residentBytes, show: showMegabytes, most: aims.residentBytes },
  { name: "GET /v1/machines, a page of 100", of: (start) => median(start.pageMs), show: showMs, most: aims.listMs },
  { name: "the slowest of its pages", of: (start) => Math.max(...start.pageMs), show: showMs },
  { name: "RSS after all pages", of: (start) => start.listedBytes, show: showMegabytes, most: aims.residentBytes },
];

const toTable = (first: Start, later: readonly Start[]): Table => {
  const toCell = ({ show, most }: Line, value: number): string =>
    most === undefined ? show(value) : `${show(value)} (${aim(`< ${show(most)}`, value < most)})`;
  return {
    title: `mediabay serve with ${machines} machines registered`,
    columns: ["", "first start", "later starts"],
    rows: lines.map((line) => [
      line.name,
      toCell(line, line.of(first)),
      toCell(line, median(later.map((start) => line.of(start)))),
    ]),
    notes: [
      "First start: Node's compile cache is empty, as after an installation, or where /tmp was not kept. Later starts find it filled.",
      `Later starts: medians of ${later.length}; a page: the median of all ${first.pageMs.length} pages of a start, read one after another.`,
    ],
  };
};

const benchStartup = async (): Promise<Table> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-bench-"));
  const [stateDir, temporary] = [join(folder, "state"), join(folder, "tmp")];
  try {
    await mkdir(temporary);
    const fill = [join(import.meta.dirname, "fill-state.ts"), stateDir, String(machines)];
    await promisify(execFile)(process.execPath, fill);
    const first = await measureStart(stateDir, temporary);
    const later: Start[] = [];
    while (later.length < starts) later.push(await measureStart(stateDir, temporary));
    return toTable(first, later);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export const bench: Bench = { needs: [], run: benchStartup };
