// Benchmark of the image plane against nginx, `express.static` and python's http.server: random ranges of a config drive
// (served from memory) and of a boot image (from its file). What counts is the CPU time of the server's processes per
// request; requests per second stand beside it, and are often the load generator's limit on two cores.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { cpuTime } from "../process-cpu.ts";
import type { Table } from "../table.ts";
import { type Figure, type Figures, type Image, images, keyOf, rangeSizes, toTable } from "./figures.ts";
import { type BenchServer, startExpressStatic, startImagePlane, startNginx, startPython } from "./image-servers.ts";

const rounds = 3;
const secondsPerRun = 1;
const connections = 8;

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
  const before = await cpuTime(server.pid);
  const startedAt = performance.now();
  const { stdout, stderr } = spawnSync("wrk", words, { encoding: "utf8" });
  const elapsedMicros = (performance.now() - startedAt) * 1000;
  const after = await cpuTime(server.pid);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (!(requests > 0) || stdout.includes("Non-2xx"))
    throw new Error(`wrk failed on ${server.name}: ${stdout}${stderr}`);
  const kernel = after.kernelMicros - before.kernelMicros;
  const cpu = after.userMicros - before.userMicros + kernel;
  return {
    cpuMicros: cpu / requests,
    kernelMicros: kernel / requests,
    requestsPerSecond: requests / (elapsedMicros / 1e6),
    busy: cpu / elapsedMicros,
  };
};

/** A server that does not answer 206 with the right bytes has nothing to be measured. */
const answersRanges = async (server: BenchServer, image: Image, bytes: Buffer): Promise<boolean> => {
  const url = `http://127.0.0.1:${server.port}${server.paths[image.file]}`;
  const answer = await fetch(url, { headers: { range: "bytes=2048-6143" } });
  const body = Buffer.from(await answer.arrayBuffer());
  return answer.status === 206 && body.equals(bytes.subarray(2048, 6144));
};

/** All servers take turns within a round, so that a noisy neighbour meets all of them. */
const runRounds = async (servers: readonly BenchServer[], folder: string): Promise<Figures> => {
  const figures = new Map<string, Figure[]>();
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

/** Starts all four servers on the loopback, measures them in turns for about a minute, stops them. */
const benchImagePlane = async (): Promise<Table> => {
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
    const figures = await runRounds(compared, folder);
    const setup = `wrk -t1 -c${connections}, random ranges, ${rounds} paired rounds of ${secondsPerRun} s`;
    return toTable({ figures, servers: compared, wholeByPython, setup });
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  }
};

export const bench: Bench = { needs: ["nginx", "wrk", "python3"], run: benchImagePlane };
