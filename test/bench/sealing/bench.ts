// Benchmark of sealing at rest: the image plane on sealed images against the same image plane on plain files, for images too large to stay
// in memory whole: one whose opened chunks fit into their cache, and one of which a quarter does. At random places, and one place after the
// other.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench } from "../bench.ts";
import { type BenchServer, startImagePlane } from "../image-plane/image-servers.ts";
import { cpuTime } from "../process-cpu.ts";
import type { Table } from "../table.ts";
import { type Cell, cellsOf, type Figure, type Image, images, rounds, secondsPerRun, toTable } from "./figures.ts";

const connections = 8;

/** BMCs read whole sectors; each round begins elsewhere. */
const script = (path: string, { image: { sizeBytes }, order, rangeBytes }: Cell, round: number): string => `
math.randomseed(${round + 7})
local head = "GET ${path} HTTP/1.1\\r\\nHost: bench\\r\\nRange: bytes="
local last = ${(sizeBytes - rangeBytes) / 2048}
local at = math.random(0, last)
function request()
  at = ${order === "random" ? "math.random(0, last)" : `at + ${rangeBytes / 2048}`}
  if at > last then at = 0 end
  return head .. at * 2048 .. "-" .. (at * 2048 + ${rangeBytes - 1}) .. "\\r\\n\\r\\n"
end
`;

const measure = async (server: BenchServer, cell: Cell, round: number, folder: string): Promise<Figure> => {
  const lua = join(folder, "ranges.lua");
  await writeFile(lua, script(server.paths[cell.image.file], cell, round));
  const words = ["-t1", `-c${connections}`, `-d${secondsPerRun}s`, "-s", lua, `http://127.0.0.1:${server.port}`];
  const before = await cpuTime(server.pid);
  const startedAt = performance.now();
  const { stdout, stderr } = spawnSync("wrk", words, { encoding: "utf8" });
  const seconds = (performance.now() - startedAt) / 1000;
  const after = await cpuTime(server.pid);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (!(requests > 0) || stdout.includes("Non-2xx")) throw new Error(`wrk failed: ${stdout}${stderr}`);
  const cpu = after.userMicros + after.kernelMicros - before.userMicros - before.kernelMicros;
  return { cpuMicros: cpu / requests, requestsPerSecond: requests / seconds };
};

/** Over three chunks, two of them in part. */
const checkBytes = async (server: BenchServer, file: Image["file"], expected: Buffer): Promise<void> => {
  const [from, to] = [(64 << 10) - 3000, (192 << 10) + 5000];
  const headers = { range: `bytes=${from}-${to - 1}` };
  const answer = await fetch(`http://127.0.0.1:${server.port}${server.paths[file]}`, { headers });
  if (!Buffer.from(await answer.arrayBuffer()).equals(expected.subarray(from, to)))
    throw new Error("an image plane does not answer the right bytes");
};

/** On two servers that serve nothing else, so that the opened chunks are this image's. */
const measureImage = async (image: Image, bytes: Buffer, folder: string): Promise<readonly Cell[]> => {
  const servers: BenchServer[] = [];
  try {
    for (const kind of ["plain", "sealed"] as const) servers.push(await startImagePlane(folder, kind));
    const [plain, sealed] = servers;
    if (!plain || !sealed) throw new Error("both image planes are needed");
    for (const server of servers) await checkBytes(server, image.file, bytes);
    const cells = cellsOf(image);
    // Compilers, page cache, opened chunks: the whole image, more than once.
    for (const cell of cells.toReversed()) for (const server of servers) await measure(server, cell, 0, folder);
    for (let round = 1; round <= rounds; round += 1) {
      for (const cell of cells) {
        cell.plain.push(await measure(plain, cell, round, folder));
        cell.sealed.push(await measure(sealed, cell, round, folder));
      }
    }
    return cells;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
};

const benchSealing = async (): Promise<Table> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-bench-"));
  try {
    const bytes = randomBytes(Math.max(...images.map(({ sizeBytes }) => sizeBytes)));
    for (const { file, sizeBytes } of images) await writeFile(join(folder, file), bytes.subarray(0, sizeBytes));
    const cells: Cell[] = [];
    for (const image of images) cells.push(...(await measureImage(image, bytes, folder)));
    return toTable(cells, `wrk -t1 -c${connections}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export const bench: Bench = { needs: ["wrk"], run: benchSealing };
