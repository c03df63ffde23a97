// Damaged and hostile images: whatever the bytes are, reading ends, reads every byte at most once, never outside the image, and answers
// extents inside it or that the image is invalid.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readFat } from "../../../src/configdrive/fat/reader.ts";
import { writeFat } from "../../../src/configdrive/fat/writer.ts";
import type { FoundTree, Tree } from "../../../src/configdrive/tree.ts";
import { MediabayError } from "../../../src/core/errors.ts";
import { lacksPeer } from "../../tools/peers.ts";
import { placesOf } from "./damage.ts";
import { fatPeers, imageOf } from "./peers.ts";
import { configDrive } from "./trees.ts";

type Random = (below: number) => number;

/** xorshift32: the same damage on every run. */
const randomFrom = (seed: number): Random => {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
};

const tree: Tree = [
  ...configDrive,
  ...["A.TXT", "ec2/latest/meta-data.json", "a long name with many parts.data", "d1/d2/d3/d4/ünï"].map(
    (path, index) => ({
      kind: "file" as const,
      path,
      bytes: Buffer.alloc(700 * index, path),
    }),
  ),
];

type Write = (offset: number, value: number) => void;

/** Where damage goes: the boot sector, the tables' beginning, the root, the first folders. */
const mutate = (image: Buffer, random: Random, write: Write): void => {
  const { table, root, data, clusterBytes } = placesOf(image);
  const folders = root === data ? data : random(3) === 0 ? root : data;
  const cluster = (): number => [random(40), random(0x10000), 2 + random(20), 0xffff - random(16)][random(4)] ?? 0;
  const record = (): number => folders + random((clusterBytes * 12) / 32) * 32;
  const kinds: readonly (() => void)[] = [
    () => write(random(90), random(256)),
    () => write(table + random(64), random(256)),
    () => {
      const [at, value] = [table + random(60), cluster()];
      write(at, value & 0xff);
      write(at + 1, value >> 8);
    },
    () => write(record() + random(32), random(256)),
    () => write(record() + 11, [0x10, 0x0f, 0x08, 0x20, 0x00][random(5)] ?? 0),
    () => {
      const [at, value] = [record(), cluster()];
      write(at + 26, value & 0xff);
      write(at + 27, value >> 8);
    },
    () => write(record() + 28 + random(4), random(256)),
    () => {
      const [from, to] = [record(), record()];
      for (let index = 0; index < 32; index += 1) write(to + index, image[from + index] ?? 0);
    },
    () => write(random(image.length), random(256)),
  ];
  for (let count = 1 + random(6); count > 0; count -= 1) kinds[random(kinds.length)]?.();
};

const faultOf = (found: FoundTree, sizeBytes: number): string | undefined => {
  const paths = new Set<string>();
  for (const { path, kind, sizeBytes: size, extents } of found.entries) {
    if (paths.has(path)) return `${path} is there twice`;
    paths.add(path);
    const names = path.split("/");
    if (names.some((name) => ["", ".", ".."].includes(name) || name.includes("\0"))) return `${path} leads elsewhere`;
    if (names.length > 1 && !paths.has(names.slice(0, -1).join("/"))) return `${path} comes before its folder`;
    const isOutside = extents.some(({ from, to }) => from < 0 || to > sizeBytes || from >= to);
    const total = extents.reduce((sum, { from, to }) => sum + to - from, 0);
    if (isOutside || total !== size || (kind === "directory" && size !== 0)) return `${path} has impossible extents`;
  }
  return undefined;
};

/** The first fault, if there is one, and whether there was a tree. */
const attempt = async (image: Buffer, sizeBytes: number) => {
  let [calls, bytes] = [0, 0];
  let outside = "";
  const readAt = async (offset: number, length: number): Promise<Buffer> => {
    calls += 1;
    bytes += length;
    if (offset < 0 || length < 0 || offset + length > sizeBytes) outside = `it read ${length} bytes at ${offset}`;
    return image.subarray(offset, Math.min(offset + length, sizeBytes));
  };
  const boundFault = (): string | undefined =>
    outside || (bytes > sizeBytes + 512 || calls > 3000 ? `it read ${calls} times, ${bytes} bytes` : undefined);
  try {
    const found = await readFat(readAt, sizeBytes);
    return { isTree: true, fault: boundFault() ?? faultOf(found, sizeBytes) };
  } catch (error) {
    const isExpected = error instanceof MediabayError && error.code === "IMAGE_INVALID";
    return { isTree: false, fault: isExpected ? boundFault() : String(error) };
  }
};

const fuzz = async (image: Buffer, seed: number, count: number) => {
  const before = Buffer.from(image);
  const random = randomFrom(seed);
  const faults: string[] = [];
  let trees = 0;
  for (let round = 0; round < count; round += 1) {
    const undo: [offset: number, value: number][] = [];
    mutate(image, random, (offset, value) => {
      undo.push([offset, image[offset] ?? 0]);
      if (offset < image.length) image[offset] = value;
    });
    const sizeBytes = random(20) === 0 ? random(image.length) : image.length;
    const { isTree, fault } = await attempt(image, sizeBytes);
    if (fault !== undefined) faults.push(`round ${round} of seed ${seed}: ${fault}`);
    if (isTree) trees += 1;
    for (const [offset, value] of undo.toReversed()) if (offset < image.length) image[offset] = value;
  }
  if (!image.equals(before)) faults.push("the damage was not undone");
  return { faults: faults.slice(0, 5), trees };
};

const mebibyte = 1 << 20;

// That most of them are still read shows that the damage does not only test the boot sector.
describe("damaged images", { timeout: 120_000 }, () => {
  it.each([
    ["FAT12", {}, 20_000],
    ["FAT12 of 4096-byte sectors", { sectorBytes: 4096 as const }, 5000],
    ["FAT16", { sizeBytes: 3 * mebibyte }, 15_000],
    ["FAT32", { sizeBytes: 35 * mebibyte, clusterBytes: 512 }, 5000],
  ])("of ours, %s, do no harm", async (name, options, count) => {
    const { faults, trees } = await fuzz(writeFat(tree, options), name.length * 7919, count);
    expect(faults).toEqual([]);
    expect(trees).toBeGreaterThan(count / 2);
  });

  it.skipIf(lacksPeer(...fatPeers)).each([
    [["-F", "12"], 64 * 1024, 10_000],
    [["-F", "12", "-S", "2048"], 256 * 1024, 3000],
    [["-F", "16", "-s", "1"], 4 * mebibyte, 10_000],
    [["-F", "32", "-s", "1"], 36 * mebibyte, 6000],
  ])("of mkfs.vfat and mcopy, %j, do no harm", async (words, sizeBytes, count) => {
    const folder = await mkdtemp(join(tmpdir(), "fat-fuzz-"));
    try {
      const make = ["mkfs.vfat", "--invariant", "-n", "config-2", ...words];
      const image = await readFile(await imageOf(tree, join(folder, "made"), sizeBytes, make));
      const { faults, trees } = await fuzz(image, sizeBytes + count, count);
      expect(faults).toEqual([]);
      expect(trees).toBeGreaterThan(count / 2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
