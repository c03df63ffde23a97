// Our FAT images as others see them: fsck.vfat, blkid, mtools and 7z.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFat } from "../../../src/configdrive/fat/writer.ts";
import type { Tree } from "../../../src/configdrive/tree.ts";
import { lacksPeer } from "../../tools/peers.ts";
import { blkidTags, fatPeers, fsckComplaints, mtoolsContent, sevenZipContent } from "./peers.ts";
import { configDrive, contentOfTree, manyFiles, mtoolsTreeArbitrary, treeArbitrary } from "./trees.ts";

const mebibyte = 1 << 20;
type Options = NonNullable<Parameters<typeof writeFat>[1]>;

const forms: readonly (readonly [version: string, options: Options])[] = [
  ["FAT12", {}],
  ["FAT12", { sizeBytes: 2_949_120 }],
  ["FAT12", { sectorBytes: 4096 }],
  ["FAT16", { sizeBytes: 3_000_001 }],
  ["FAT16", { sizeBytes: 64 * mebibyte }],
  ["FAT16", { sectorBytes: 4096, sizeBytes: 64 * mebibyte }],
  ["FAT32", { clusterBytes: 512, sizeBytes: 35 * mebibyte }],
  ["FAT32", { clusterBytes: 4096, sectorBytes: 4096, sizeBytes: 260 * mebibyte }],
];

describe.skipIf(lacksPeer(...fatPeers))("a FAT image of ours, by others", { timeout: 60_000 }, () => {
  let folder = "";
  let count = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fat-writer-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Where the image is, what others see in it, and what they should see. */
  const look = async (tree: Tree, options: Options = {}) => {
    count += 1;
    const file = join(folder, `image ${count}`);
    await writeFile(file, writeFat(tree, options));
    const [complaints, mtools, sevenZip] = [
      await fsckComplaints(file),
      await mtoolsContent(file, join(folder, `mtools ${count}`)),
      await sevenZipContent(file, join(folder, `7z ${count}`)),
    ];
    const content = contentOfTree(tree);
    return {
      file,
      seen: { complaints, mtools, sevenZip },
      expected: { complaints: [], mtools: content, sevenZip: content },
    };
  };

  it("random trees are sound, and complete", async () => {
    const someForms = fc.constantFrom(...forms.slice(0, 4).map(([, options]) => options));
    const property = fc.asyncProperty(mtoolsTreeArbitrary, someForms, async (tree, options) => {
      const { file, seen, expected } = await look(tree, options);
      expect(seen).toEqual(expected);
      await rm(file);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  it("random trees with characters of two units are complete by 7z", async () => {
    const property = fc.asyncProperty(treeArbitrary, async (tree) => {
      const { file, seen, expected } = await look(tree);
      expect({ ...seen, mtools: undefined }).toEqual({ ...expected, mtools: undefined });
      await rm(file);
    });
    await fc.assert(property, { numRuns: 10 });
  });

  it.each(forms)("has the label that it was given, as %s with %o", async (version, options) => {
    const { file, seen, expected } = await look(configDrive, options);
    expect(seen).toEqual(expected);
    const tags = await blkidTags(file);
    const { sectorBytes = 512 } = options;
    expect(tags).toMatchObject({ TYPE: "vfat", LABEL: "config-2", LABEL_FATBOOT: "config-2", VERSION: version });
    expect(tags["BLOCK_SIZE"]).toBe(String(sectorBytes));
    expect(tags["SEC_TYPE"]).toBe(version === "FAT32" ? undefined : "msdos");
    await rm(file);
  });

  it("has no label when it was given none", async () => {
    const { file, seen, expected } = await look(configDrive, { label: "" });
    expect(seen).toEqual(expected);
    const tags = await blkidTags(file);
    expect([tags["LABEL"], tags["LABEL_FATBOOT"]]).toEqual([undefined, undefined]);
  });

  it("holds 10,000 files", async () => {
    const { seen, expected } = await look(manyFiles(10_000));
    expect(seen).toEqual(expected);
  });

  it("holds 64 MiB", async () => {
    const bytes = Buffer.alloc(64 * mebibyte, "0123456789abcde");
    const { seen, expected } = await look([{ kind: "file", path: "a/big", bytes }, ...configDrive]);
    expect(seen).toEqual(expected);
  });

  it("holds 200 folders in each other", async () => {
    const path = Array.from({ length: 200 }, (_, index) => `d${index}`).join("/");
    const { seen, expected } = await look([{ kind: "file", path: `${path}/f`, bytes: Buffer.from("deep") }]);
    expect(seen).toEqual(expected);
  });

  it("holds names of 255 characters and aliases that are names of others", async () => {
    const tree = [
      "x".repeat(255),
      `${"y".repeat(250)}.json`,
      "LONGNA~1.TXT",
      "longname of mine.txt",
      "longname of yours.txt",
      "longna~2.txt",
    ];
    const { seen, expected } = await look(tree.map((path) => ({ kind: "file", path, bytes: Buffer.from(path) })));
    expect(seen).toEqual(expected);
  });
});
