import { describe, expect, it } from "vitest";
import { readFat } from "../../../src/configdrive/fat/reader.ts";
import { writeFat } from "../../../src/configdrive/fat/writer.ts";
import { readFileBytes } from "../../../src/configdrive/tree.ts";
import { aliases, chainTo, damaged, firstClusterOf, pathsOf, placesOf, read, recordOf, sample } from "./damage.ts";
import { reading } from "./trees.ts";

const { a, b, d, inner } = aliases;
const invalid = (message: string) => ({ code: "IMAGE_INVALID", message: expect.stringContaining(message) });

describe("reading chains", () => {
  it("follows a file that lies in pieces, and joins what lies together", async () => {
    const image = sample();
    const [first, other] = [firstClusterOf(image, a), firstClusterOf(image, b)];
    const { data, clusterBytes } = placesOf(image);
    chainTo(image, first + 1, other + 1);
    chainTo(image, other + 1, 0xfff);
    chainTo(image, other, 0xfff);
    image.writeUInt32LE(10, recordOf(image, b) + 28);
    const found = await read(image);
    const file = found.entries.find(({ path }) => path === "A.TXT");
    const at = (cluster: number) => data + (cluster - 2) * clusterBytes;
    expect(file?.extents).toEqual([
      { from: at(first), to: at(first + 2) },
      { from: at(other + 1), to: at(other + 1) + 1500 - 2 * clusterBytes },
    ]);
    if (file === undefined) throw new Error("no file");
    expect((await readFileBytes(reading(image), file)).toString("latin1", 0, 1200)).toMatch(/^a{1024}b{176}$/);
  });

  it.each([
    ["runs in a circle", (image: Buffer) => chainTo(image, firstClusterOf(image, a) + 1, firstClusterOf(image, a))],
    ["leaves the volume", (image: Buffer) => chainTo(image, firstClusterOf(image, a), 4000)],
    ["comes to a free cluster", (image: Buffer) => chainTo(image, firstClusterOf(image, a), 0)],
    ["comes to a bad cluster", (image: Buffer) => chainTo(image, firstClusterOf(image, a), 0xff7)],
    ["begins nowhere", (image: Buffer) => void image.writeUInt16LE(0, recordOf(image, a) + 26)],
    ["ends before the size", (image: Buffer) => chainTo(image, firstClusterOf(image, a), 0xfff)],
    ["has a size beyond the volume", (image: Buffer) => void image.writeUInt32LE(0xffffffff, recordOf(image, a) + 28)],
  ])("leaves out a file whose chain %s", async (_, change) => {
    const found = await damaged(change);
    expect(pathsOf(found)).toEqual(["B.TXT", "D", "D/INNER"]);
    expect(found.warnings).toEqual([expect.stringContaining('"A.TXT" is left out')]);
  });

  it("gives clusters that two files claim to the first of them", async () => {
    const found = await damaged((image) => image.writeUInt16LE(firstClusterOf(image, a), recordOf(image, b) + 26));
    expect(pathsOf(found)).toEqual(["A.TXT", "D", "D/INNER"]);
    expect(found.warnings).toEqual([expect.stringContaining('"B.TXT" is left out')]);
  });

  it("does not go round in a folder that contains itself", async () => {
    const found = await damaged((image) => {
      image.writeUInt8(0x10, recordOf(image, inner) + 11);
      image.writeUInt16LE(firstClusterOf(image, d), recordOf(image, inner) + 26);
    });
    expect(pathsOf(found)).toEqual(["A.TXT", "B.TXT", "D", "D/INNER"]);
    expect(found.warnings).toEqual([expect.stringContaining('"D/INNER" is read only as far as it goes')]);
  });

  it("an empty file needs no cluster, and a first cluster that it has does not matter", async () => {
    const found = await damaged((image) => image.writeUInt32LE(0, recordOf(image, a) + 28));
    expect(found.entries[0]).toEqual({ kind: "file", path: "A.TXT", sizeBytes: 0, extents: [] });
    expect(found.warnings).toEqual([]);
  });
});

describe("reading the label", () => {
  it("takes the root's, as blkid does, and warns of one that only the boot sector has", async () => {
    const withoutRecord = await damaged((image) => image.writeUInt8(0xe5, placesOf(image).root));
    expect(withoutRecord.label).toBeUndefined();
    expect(withoutRecord.warnings).toEqual([expect.stringContaining("only in the boot sector")]);
    expect((await damaged((image) => image.write("OTHER   ", 43, "latin1"))).label).toBe("config-2");
    const withClusters = await damaged((image) => void image.writeUInt16LE(9, placesOf(image).root + 26));
    expect(withClusters.label).toBeUndefined();
  });
});

describe("what is not a FAT image", () => {
  it.each([
    ["boot sector", (image: Buffer) => void image.writeUInt16LE(0, 510)],
    ["boot sector", (image: Buffer) => void image.writeUInt8(0, 21)],
    ["impossible sectors", (image: Buffer) => void image.writeUInt16LE(511, 11)],
    ["impossible sectors", (image: Buffer) => void image.writeUInt8(3, 13)],
    ["impossible tables", (image: Buffer) => void image.writeUInt16LE(0, 14)],
    ["impossible tables", (image: Buffer) => void image.writeUInt8(0, 16)],
    ["impossible tables", (image: Buffer) => void image.writeUInt16LE(0, 17)],
    ["a FAT volume with 3 tables", (image: Buffer) => void image.writeUInt8(3, 16)],
    ["a FAT volume with 4 tables", (image: Buffer) => void image.writeUInt8(4, 16)],
    ["a FAT volume with sectors of 8192 bytes", (image: Buffer) => void image.writeUInt16LE(8192, 11)],
    ["impossible size", (image: Buffer) => void image.writeUInt16LE(30, 19)],
    ["truncated", (image: Buffer) => void image.writeUInt16LE(2881, 19)],
  ])("is refused for its %s", async (why, change) => {
    await expect(damaged(change)).rejects.toMatchObject(invalid(why));
  });

  it("is refused when it has more clusters than its width has numbers", async () => {
    const image = writeFat([], { sizeBytes: 9 << 20 });
    image.writeUInt8(1, 13);
    image.writeUInt16LE(0, 19);
    image.writeUInt32LE(70_000, 32);
    await expect(read(Buffer.concat([image, Buffer.alloc(70_000 * 512)]))).rejects.toMatchObject(
      invalid("impossible size"),
    );
  });

  it("has no more clusters than its table has entries", async () => {
    const image = writeFat([{ kind: "file", path: "A.TXT", bytes: Buffer.alloc(600_000) }], { sizeBytes: 9 << 20 });
    const moved = Buffer.from(image);
    const { root, table } = placesOf(image);
    moved.writeUInt16LE(1, 22);
    image.copy(moved, table + 2 * 512, root);
    const found = await read(moved);
    expect(found.warnings).toEqual([expect.stringContaining('"A.TXT" is left out: it claims to be larger')]);
  });

  it("is refused when it is empty, or cut anywhere", async () => {
    const image = sample();
    for (const length of [0, 100, 512, 10_000, image.length - 1])
      await expect(read(image.subarray(0, length))).rejects.toMatchObject({ code: "IMAGE_INVALID" });
  });

  it("is refused when it gives less than its size says", async () => {
    const image = sample();
    await expect(readFat(reading(image.subarray(0, 2000)), image.length)).rejects.toMatchObject(
      invalid("it ends before"),
    );
  });
});

describe("limits", () => {
  const many = writeFat(
    Array.from({ length: 50 }, (_, index) => ({ kind: "directory", path: `folder number ${index}/x/y` })),
  );
  it.each([
    ["too many files", { entries: 149, depth: 9, directoryBytes: 1 << 20 }],
    ["nested too deeply", { entries: 150, depth: 2, directoryBytes: 1 << 20 }],
    ["too large", { entries: 150, depth: 9, directoryBytes: 80_000 }],
  ])("an image whose folders are %s is refused", async (why, limits) => {
    await expect(read(many, limits)).rejects.toMatchObject(invalid(why));
  });

  it("what is just within them is read", async () => {
    expect((await read(many, { entries: 150, depth: 3, directoryBytes: 90_000 })).entries).toHaveLength(150);
  });

  it("leaves out paths that Linux would not take, and takes only so many long ones", async () => {
    const folder = Array.from({ length: 15 }, () => "x".repeat(255)).join("/");
    const deep = writeFat([{ kind: "directory", path: `${folder}/${"y".repeat(250)}/z` }]);
    const found = await read(deep);
    expect(found.entries).toHaveLength(17);
    const deeper = writeFat([{ kind: "directory", path: `${folder}/${"y".repeat(255)}/z` }]);
    expect((await read(deeper)).warnings).toEqual([expect.stringContaining("its path is too long")]);
    const long = writeFat(
      Array.from({ length: 4400 }, (_, index) => ({ kind: "directory", path: `${folder}/${index}` })),
    );
    await expect(read(long)).rejects.toMatchObject(invalid("too many files"));
  });

  it("says no more than a hundred warnings, and how many more there are", async () => {
    const image = writeFat(
      Array.from({ length: 130 }, (_, index) => ({ kind: "file", path: `D/F${index}`, bytes: Buffer.from("x") })),
    );
    const first = firstClusterOf(image, d);
    const { data, clusterBytes } = placesOf(image);
    const from = data + (first - 2) * clusterBytes;
    for (let at = from; at < from + 262 * 32; at += 32)
      if (image.readUInt8(at + 11) === 0x20) image.writeUInt16LE(4000, at + 26);
    const { warnings } = await read(image);
    expect(warnings).toHaveLength(101);
    expect(warnings.at(-1)).toBe("There are 30 more warnings.");
  });
});
