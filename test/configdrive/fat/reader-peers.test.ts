// FAT images of mkfs.vfat, mformat and mcopy as our reader sees them.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFat } from "../../../src/configdrive/fat/reader.ts";
import { parseBootSector } from "../../../src/configdrive/fat/read/volume.ts";
import type { Tree } from "../../../src/configdrive/tree.ts";
import { lacksPeer } from "../../tools/peers.ts";
import { fatPeers, imageOf } from "./peers.ts";
import { configDrive, contentFound, contentOfTree, manyFiles, mcopyTreeArbitrary, reading } from "./trees.ts";

const mebibyte = 1 << 20;
const mkfs = ["mkfs.vfat", "--invariant", "-n", "config-2"] as const;

/** Size and formatter; mtools wants whole tracks, which mkfs.vfat does not care for. */
const formatters: readonly (readonly [sizeBytes: number, make: readonly string[]])[] = [
  [1_474_560, mkfs],
  [3 * mebibyte, [...mkfs, "-F", "12", "-s", "8"]],
  [4 * mebibyte, [...mkfs, "-F", "12", "-S", "1024"]],
  [8 * mebibyte, [...mkfs, "-F", "12", "-S", "4096", "-s", "1"]],
  [64 * mebibyte, mkfs],
  [64 * mebibyte, [...mkfs, "-F", "16", "-s", "16"]],
  [64 * mebibyte, [...mkfs, "-F", "16", "-S", "2048", "-r", "1024"]],
  [64 * mebibyte, [...mkfs, "-F", "16", "-f", "1", "-R", "7"]],
  [36 * mebibyte, [...mkfs, "-F", "32", "-s", "1"]],
  [260 * mebibyte, [...mkfs, "-F", "32", "-S", "4096", "-s", "1"]],
  [1_474_560, ["mformat", "-v", "config-2", "-f", "1440", "::", "-i"]],
  [64 * mebibyte, ["mformat", "-v", "config-2", "-h", "64", "-s", "32", "-t", "64", "::", "-i"]],
  [64 * mebibyte, ["mformat", "-F", "-v", "config-2", "-h", "64", "-s", "32", "-t", "64", "::", "-i"]],
];

const shortNames: Tree = ["README.TXT", "UPPER.txt", "lower.TXT", "lower.txt2", "EC2/LATEST/x", "Mixed.Txt"].map(
  (path) => ({ kind: "file", path, bytes: Buffer.from(path) }),
);

describe.skipIf(lacksPeer(...fatPeers))("a FAT image of others, by us", { timeout: 60_000 }, () => {
  let folder = "";
  let count = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fat-reader-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const readMade = async (tree: Tree, sizeBytes: number, make: readonly string[]) => {
    count += 1;
    const place = join(folder, String(count));
    const image = await readFile(await imageOf(tree, place, sizeBytes, make));
    await rm(place, { recursive: true });
    const found = await readFat(reading(image), image.length);
    return { found, content: await contentFound(found, reading(image)) };
  };

  it.each([
    ["a FAT volume with 3 tables", ["-f", "3"]],
    ["a FAT volume with 4 tables", ["-F", "32", "-f", "4"]],
    ["a FAT volume with sectors of 8192 bytes", ["-S", "8192", "-s", "1"]],
  ])("is named where we do not read it: %s", async (foreign, options) => {
    const image = await readFile(await imageOf([], join(folder, foreign), 64 * mebibyte, [...mkfs, ...options]));
    expect(parseBootSector(image)).toEqual({ fault: `it is ${foreign}`, foreign });
  });

  it.each(formatters)("has the files that were put in: %d bytes by %j", async (sizeBytes, make) => {
    const tree = [...configDrive, ...shortNames];
    const { found, content } = await readMade(tree, sizeBytes, make);
    expect(content).toEqual(contentOfTree(tree));
    expect(found.warnings).toEqual([]);
    expect(found.label?.toLowerCase()).toBe("config-2");
    const wanted = make.indexOf("-S");
    expect(found.sectorBytes).toBe(wanted < 0 ? 512 : Number(make[wanted + 1]));
  });

  it("random trees are read as they were put in", async () => {
    const property = fc.asyncProperty(
      mcopyTreeArbitrary,
      fc.constantFrom(...formatters.slice(0, 4)),
      async (tree, [size, make]) => {
        const { found, content } = await readMade(tree, size, make);
        expect(content).toEqual(contentOfTree(tree));
        expect(found.warnings).toEqual([]);
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });

  it("10,000 files are read", async () => {
    const tree = manyFiles(10_000);
    expect((await readMade(tree, 64 * mebibyte, mkfs)).content).toEqual(contentOfTree(tree));
  });

  it("a name that mtools damages is read as Linux shows it", async () => {
    const { content } = await readMade([{ kind: "directory", path: " ~/inside" }], 1_474_560, mkfs);
    expect([...content.keys()]).toEqual(["~", "~/inside"]);
  });

  it("a volume without a label has none", async () => {
    expect((await readMade(configDrive, 1_474_560, ["mkfs.vfat", "--invariant"])).found.label).toBeUndefined();
  });
});
