import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFat } from "../../../src/configdrive/fat/reader.ts";
import { fatSizeOf, writeFat } from "../../../src/configdrive/fat/writer.ts";
import type { Tree } from "../../../src/configdrive/tree.ts";
import { configDrive, contentFound, contentOfTree, manyFiles, reading, treeArbitrary } from "./trees.ts";

const mebibyte = 1 << 20;
const file = (path: string, size = 1): Tree[number] => ({ kind: "file", path, bytes: Buffer.alloc(size, 0x61) });
const code = (expected: string, message?: string) =>
  expect.objectContaining({
    code: expected,
    ...(message !== undefined && { message: expect.stringContaining(message) }),
  });

const thrownBy = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

describe("a FAT image that we write", () => {
  it("holds what the tree holds, by our own reader", async () => {
    const property = fc.asyncProperty(
      treeArbitrary,
      fc.constantFrom({}, { sectorBytes: 4096 as const }, { sizeBytes: 9 * mebibyte }, { clusterBytes: 2048 }),
      async (tree, options) => {
        const image = writeFat(tree, options);
        const found = await readFat(reading(image), image.length);
        expect(found.warnings).toEqual([]);
        expect(found.label).toBe("config-2");
        expect(await contentFound(found, reading(image))).toEqual(contentOfTree(tree));
        expect(fatSizeOf(tree, options)).toBe(image.length);
        expect(fatSizeOf(found.entries, options)).toBe(image.length);
      },
    );
    await fc.assert(property, { numRuns: 150 });
  });

  it("is the same bytes for the same files, in whatever order they are given", () => {
    const property = fc.property(treeArbitrary, (tree) => {
      const image = writeFat(tree);
      expect(writeFat(tree.toReversed()).equals(image)).toBe(true);
    });
    fc.assert(property, { numRuns: 30 });
    const digest = createHash("sha256").update(writeFat(configDrive)).digest("hex");
    expect(digest).toBe(createHash("sha256").update(writeFat(configDrive)).digest("hex"));
  });

  it("has another serial number for other content", () => {
    const [one, other] = [writeFat([file("a", 1)]), writeFat([file("a", 2)])];
    expect(one.subarray(39, 43).equals(other.subarray(39, 43))).toBe(false);
  });

  it("is a 1.44 MB floppy where the files fit one", () => {
    const image = writeFat(configDrive);
    expect(image.length).toBe(1_474_560);
    expect([image[21], image.readUInt16LE(24), image.readUInt16LE(26), image.readUInt16LE(19)]).toEqual([
      0xf0, 18, 2, 2880,
    ]);
    expect([image.readUInt16LE(17), image.readUInt16LE(22), image[13]]).toEqual([224, 9, 1]);
  });

  it("is a 2.88 MB floppy when it is to have that size", () => {
    const image = writeFat(configDrive, { sizeBytes: 2_949_120 });
    expect([image[21], image.readUInt16LE(24), image.readUInt16LE(26), image.readUInt16LE(19)]).toEqual([
      0xf0, 36, 2, 5760,
    ]);
  });

  it("gives a floppy's last byte to a file, and not one more", () => {
    const most = 2847 * 512;
    expect(writeFat([file("f", most)]).length).toBe(1_474_560);
    expect(writeFat([file("f", most + 1)]).length).toBe(2 * mebibyte);
    expect(thrownBy(() => writeFat([file("f", most + 1)], { mostBytes: 1_474_560 }))).toEqual(
      code("IMAGE_DOES_NOT_FIT"),
    );
  });

  it("grows by whole MiB, and takes all that a medium has where that is not whole", () => {
    expect(fatSizeOf([{ kind: "file", path: "f", sizeBytes: 10 * mebibyte }])).toBe(11 * mebibyte);
    expect(fatSizeOf([{ kind: "file", path: "f", sizeBytes: 2_500_000 }], { mostBytes: 2_949_120 })).toBe(2_949_120);
    expect(fatSizeOf([{ kind: "file", path: "f", sizeBytes: 600 * mebibyte }])).toBe(602 * mebibyte);
  });

  it("does not fit where its size or its medium is too small", () => {
    for (const options of [
      { sizeBytes: 2 * mebibyte },
      { mostBytes: 2 * mebibyte },
      { mostBytes: 100 },
      { sizeBytes: 4 * mebibyte, mostBytes: 3 * mebibyte },
    ])
      expect(thrownBy(() => fatSizeOf([file("f", 2_200_000)], options))).toEqual(code("IMAGE_DOES_NOT_FIT"));
    const huge = [{ kind: "file", path: "huge", sizeBytes: 2 ** 32 }] as const;
    expect(thrownBy(() => fatSizeOf(huge))).toEqual(code("IMAGE_DOES_NOT_FIT", '"huge"'));
  });

  it("grows its root folder when the root holds more than usual", async () => {
    const tree = Array.from({ length: 600 }, (_, index) => file(`in the root ${index}`));
    for (const sizeBytes of [1_474_560, 8 * mebibyte]) {
      const image = writeFat(tree, { sizeBytes });
      expect((await readFat(reading(image), image.length)).entries).toHaveLength(600);
    }
  });

  it("takes 10,000 files", async () => {
    const tree = manyFiles(10_000);
    const image = writeFat(tree);
    const found = await readFat(reading(image), image.length);
    expect(await contentFound(found, reading(image))).toEqual(contentOfTree(tree));
  });

  it("counts clusters beyond 65,535 in FAT32", async () => {
    const tree = [file("a", 34 * mebibyte), file("z/last", 700)];
    const image = writeFat(tree, { sizeBytes: 36 * mebibyte, clusterBytes: 512 });
    const found = await readFat(reading(image), image.length);
    expect(await contentFound(found, reading(image))).toEqual(contentOfTree(tree));
  });

  it("has the label that is asked for, or none", async () => {
    for (const [label, shown] of [
      ["CIDATA", "CIDATA"],
      [undefined, "config-2"],
      ["", undefined],
    ] as const) {
      const image = writeFat(configDrive, label === undefined ? {} : { label });
      expect((await readFat(reading(image), image.length)).label).toBe(shown);
    }
    for (const label of ["longer than 11", "a/b", "é"])
      expect(thrownBy(() => writeFat(configDrive, { label }))).toEqual(code("INVALID_REQUEST", "label"));
  });
});

describe("what FAT cannot hold", () => {
  it.each([
    "a:b",
    "x/what?",
    'quo"te',
    "back\\slash",
    "a*",
    "a<",
    "a>",
    "a|b",
    "tab\there",
    "end.",
    "end ",
    "/a",
    "a/",
    "",
    "\ud800",
    "l".repeat(256),
  ])("the path %j is refused by name", (path) => {
    expect(thrownBy(() => writeFat([file(path)]))).toEqual(code("INVALID_REQUEST", JSON.stringify(path).slice(0, 50)));
  });

  it("a name in the middle of a path is refused by the path up to it", () => {
    for (const [path, named] of [
      ["a/../b", "a/.."],
      ["a/./b", "a/."],
      ["a//b", "a/"],
    ] as const)
      expect(thrownBy(() => writeFat([file(path)]))).toEqual(code("INVALID_REQUEST", JSON.stringify(named)));
  });

  it("a file that is there twice, or is a folder as well", () => {
    expect(thrownBy(() => writeFat([file("a"), file("a")]))).toEqual(code("INVALID_REQUEST", '"a"'));
    expect(thrownBy(() => writeFat([file("a"), file("a/b")]))).toEqual(code("INVALID_REQUEST", '"a"'));
    expect(thrownBy(() => writeFat([file("a/b"), file("a")]))).toEqual(code("INVALID_REQUEST", '"a"'));
  });

  it("names that differ only in case do not fit", () => {
    expect(thrownBy(() => writeFat([file("d/User_Data"), file("d/user_data")]))).toEqual(
      code("IMAGE_DOES_NOT_FIT", '"d/user_data"'),
    );
    expect(thrownBy(() => writeFat([file("Übel/a"), file("übel/b")]))).toEqual(code("IMAGE_DOES_NOT_FIT", '"übel"'));
    expect(writeFat([file("ß"), file("ss")]).length).toBe(1_474_560);
  });

  it("a folder with more records than FAT counts", () => {
    const tree = Array.from({ length: 3200 }, (_, index) => file(`d/${String(index).padStart(255, "x")}`));
    expect(thrownBy(() => writeFat(tree))).toEqual(code("IMAGE_DOES_NOT_FIT", '"d"'));
  });

  it("sizes and clusters that no FAT has", () => {
    for (const options of [
      { sizeBytes: 1000 },
      { clusterBytes: 768 },
      { clusterBytes: 65_536 },
      { clusterBytes: 512, sectorBytes: 4096 },
    ] as const)
      expect(thrownBy(() => writeFat(configDrive, options))).toEqual(code("INVALID_REQUEST"));
  });
});
