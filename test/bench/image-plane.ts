// Benchmark of the image plane against nginx, `express.static` and python's http.server: random ranges of a config drive
// (served from memory) and of a boot image (from its file). What counts is the CPU time of the server's processes per
// request; requests per second stand beside it, and are often the load generator's limit on two cores.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BenchServer, startExpressStatic, startImagePlane, startNginx, startPython } from "./image-servers.ts";
import { cpuMicroseconds } from "./process-cpu.ts";
import { median, printTable, type Table } from "./table.ts";

const images = [
  { name: "config drive, 4 MiB", file: "small.iso", sizeBytes: 4 << 20 },
  { name: "boot image, 128 MiB", file: "large.iso", sizeBytes: 128 << 20 },
] as const;
type Image = (typeof images)[number];
const rangeSizes = [4 << 10, 64 << 10, 1 << 20] as const;
const rounds = 2;
const secondsPerRun = 1;
const connections = 8;

interface Figure {
  readonly cpuMicros: number;
  readonly requestsPerSecond: number;
  /** Share of one core that the server used: well below 1 means that the load generator was the limit. */
  readonly busy: number;
}

const script = (path: string, sizeBytes: number, rangeBytes: number): string => `
math.randomseed(7)
local head = "GET ${path} HTTP/1.1\\r\\nHost: bench\\r\\nRange: bytes="
function request()
  local from = math.floor(math.random() * (${sizeBytes - rangeBytes}) / 2048) * 2048
  return head .. from .. "-" .. (from + ${rangeBytes - 1}) .. "\\r\\n\\r\\n"
end
`;

const measure = async (server: BenchServer, image: Image, rangeBytes: number, folder: string): Promise<Figure> => {
  const lua = join(folder, "ranges.lua");
  await writeFile(lua, script(server.paths[image.file], image.sizeBytes, rangeBytes));
  const words = ["-t1", `-c${connections}`, `-d${secondsPerRun}s`, "-s", lua, `http://127.0.0.1:${server.port}`];
  const before = await cpuMicroseconds(server.pid);
  const startedAt = performance.now();
  const { stdout, stderr } = spawnSync("wrk", words, { encoding: "utf8" });
  const elapsedMicros = (performance.now() - startedAt) * 1000;
  const cpu = (await cpuMicroseconds(server.pid)) - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (!(requests > 0) || stdout.includes("Non-2xx"))
    throw new Error(`wrk failed on ${server.name}: ${stdout}${stderr}`);
  return { cpuMicros: cpu / requests, requestsPerSecond: requests / (elapsedMicros / 1e6), busy: cpu / elapsedMicros };
};

/** A server that does not answer 206 with the right bytes has nothing to be measured. */
const answersRanges = async (server: BenchServer, image: Image, bytes: Buffer): Promise<boolean> => {
  const url = `http://127.0.0.1:${server.port}${server.paths[image.file]}`;
  const answer = await fetch(url, { headers: { range: "bytes=2048-6143" } });
  const body = Buffer.from(await answer.arrayBuffer());
  return answer.status === 206 && body.equals(bytes.subarray(2048, 6144));
};

type Figures = Map<string, Figure[]>;
const keyOf = (server: BenchServer, image: Image, rangeBytes: number): string =>
  `${server.name} ${image.file} ${rangeBytes}`;

/** All servers take turns within a round, so that a noisy neighbour meets all of them. */
const runRounds = async (servers: readonly BenchServer[], folder: string): Promise<Figures> => {
  const figures: Figures = new Map();
  for (let round = 0; round < rounds; round += 1) {
    for (const image of images) {
      for (const rangeBytes of rangeSizes) {
        for (const server of servers) {
          const key = keyOf(server, image, rangeBytes);
          figures.set(key, [...(figures.get(key) ?? []), await measure(server, image, rangeBytes, folder)]);
        }
      }
    }
  }
  return figures;
};

/** Compilers and page cache: one run that is not measured, for each server and image. */
const warmUp = async (servers: readonly BenchServer[], folder: string): Promise<void> => {
  for (const image of images) for (const server of servers) await measure(server, image, rangeSizes[0], folder);
};

const showBytes = (bytes: number): string => (bytes < 1 << 20 ? `${bytes >> 10} KiB` : `${bytes >> 20} MiB`);
const showFigure = (list: readonly Figure[]): string =>
  `${median(list.map(({ cpuMicros }) => cpuMicros)).toFixed(1)} µs · ${Math.round(
    median(list.map(({ requestsPerSecond }) => requestsPerSecond)),
  )}/s`;
const pairedRatio = (ours: readonly Figure[], theirs: readonly Figure[]): number =>
  median(ours.map(({ cpuMicros }, round) => cpuMicros / (theirs[round]?.cpuMicros ?? Number.NaN)));

const toTable = (figures: Figures, servers: readonly BenchServer[], wholeByPython: Figure): Table => {
  const [ours, nginx, express] = servers;
  if (!ours || !nginx || !express) throw new Error("three servers are compared");
  const of = (server: BenchServer, image: Image, rangeBytes: number): readonly Figure[] =>
    figures.get(keyOf(server, image, rangeBytes)) ?? [];
  const rows = images.flatMap((image) =>
    rangeSizes.map((rangeBytes) => {
      const [our, their, slow] = [ours, nginx, express].map((server) => of(server, image, rangeBytes));
      const ratios = [pairedRatio(our ?? [], their ?? []), 1 / pairedRatio(our ?? [], slow ?? [])];
      return [
        image.name,
        showBytes(rangeBytes),
        ...[our, their, slow].map((list) => showFigure(list ?? [])),
        ...ratios.map((ratio) => `${ratio.toFixed(2)}×`),
      ];
    }),
  );
  const idle = [...figures].filter(([, list]) => median(list.map(({ busy }) => busy)) < 0.85).map(([key]) => key);
  return {
    title: "Image plane: server CPU per range request · requests/s",
    columns: ["image", "range", ours.name, nginx.name, express.name, "ours ÷ nginx", "express ÷ ours"],
    rows,
    notes: [
      `wrk -t1 -c${connections}, random ranges, ${rounds} paired rounds of ${secondsPerRun} s; ratios are medians of CPU per request within a round.`,
      `python3 -m http.server: n.a., it ignores Range and sends all of the config drive (${showFigure([wholeByPython])}).`,
      idle.length === 0
        ? "Every server used its core fully: requests/s are the servers'."
        : `wrk, not the server, was the limit of requests/s in: ${idle.join("; ")}.`,
    ],
  };
};

/** Starts all four servers on the loopback, measures them in turns for about 45 s, stops them. Needs nginx, wrk and python3. */
export const benchImagePlane = async (): Promise<Table> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-bench-"));
  const servers: BenchServer[] = [];
  try {
    const contents = images.map(({ sizeBytes }) => randomBytes(sizeBytes));
    for (const [index, { file }] of images.entries()) await writeFile(join(folder, file), contents[index] ?? "");
    for (const start of [startImagePlane, startNginx, startExpressStatic, startPython])
      servers.push(await start(folder));
    const [python] = servers.slice(3);
    const compared = servers.slice(0, 3);
    for (const server of compared) {
      for (const [index, image] of images.entries()) {
        const right = await answersRanges(server, image, contents[index] ?? Buffer.alloc(0));
        if (!right) throw new Error(`${server.name} does not answer ranges of ${image.file}`);
      }
    }
    if (!python) throw new Error("python's server did not start");
    await warmUp(compared, folder);
    const wholeByPython = await measure(python, images[0], 4 << 10, folder);
    return toTable(await runRounds(compared, folder), compared, wholeByPython);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  }
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) printTable(await benchImagePlane());
