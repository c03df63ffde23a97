import { describe, expect, it } from "vitest";
import { readIso9660 } from "../../../src/configdrive/iso9660/reader.ts";
import { writeIso9660 } from "../../../src/configdrive/iso9660/writer.ts";
import {
  defaultReadLimits,
  type FoundTree,
  type ReadAt,
  type ReadLimits,
  type Tree,
} from "../../../src/configdrive/tree.ts";
import { patchable, rootBlock, sectorBytes, withCrowdedContinuation } from "./patches.ts";
import { directory, file, readAtOf, readBack } from "./trees.ts";

const tree: Tree = [file("one/user_data", "secret"), file("two/other", "else"), file("last", "end")];

const read = (image: Buffer, limits: Partial<ReadLimits> = {}): Promise<FoundTree> =>
  readIso9660(readAtOf(image), image.length, { ...defaultReadLimits, ...limits });

const paths = ({ entries }: FoundTree): readonly string[] => entries.map(({ path }) => path);

const isInvalid = expect.objectContaining({ code: "IMAGE_INVALID" });

describe("reading a hostile ISO 9660 image", () => {
  it("a directory that holds its parent is not entered again", async () => {
    const { image, setBlock } = patchable(tree);
    setBlock("ONE", rootBlock(image));
    const found = await read(image);
    expect(paths(found)).toEqual(["last", "one", "two", "two/other"]);
    expect(found.warnings).toEqual([expect.stringMatching(/one leads back to a folder that it lies in/)]);
  });

  it("a directory that has two names has its files under both", async () => {
    const { image, setBlock, block } = patchable(tree);
    setBlock("TWO", block("ONE"));
    const found = await read(image);
    expect(paths(found)).toEqual(["last", "one", "two", "one/user_data", "two/user_data"]);
    expect(found.warnings).toEqual([]);
  });

  it("directories that double at each level are too many, and no more is read than may be", async () => {
    const numbers = Array.from({ length: 40 }, (_, level) => `${level + 10}`);
    const folders = numbers.map((_, level) => numbers.slice(0, level).map((number) => `a${number}`));
    const { image, setBlock, block } = patchable(
      folders.flatMap((names, level) =>
        ["a", "b"].map((name) => directory([...names, name + numbers[level]].join("/"))),
      ),
    );
    for (const number of numbers) setBlock(`B${number}`, block(`A${number}`));
    let bytes = 0;
    const readAt: ReadAt = async (offset, length) => {
      bytes += length;
      return image.subarray(offset, offset + length);
    };
    await expect(readIso9660(readAt, image.length)).rejects.toEqual(isInvalid);
    expect(bytes).toBeLessThan(defaultReadLimits.directoryBytes);
    await expect(read(image, { directoryBytes: 1 << 20 })).rejects.toEqual(isInvalid);
  });

  it.each([
    ["starts past the image's end", 0xffff_ffff, 6],
    ["ends past the image's end", 16, 0xffff_ffff],
  ])("a file that %s is left out", async (_what, block, sizeBytes) => {
    const { image, setBlock, setSize } = patchable(tree);
    setBlock("USER_DAT.;1", block);
    setSize("USER_DAT.;1", sizeBytes);
    const found = await read(image);
    expect(paths(found)).toEqual(["last", "one", "two", "two/other"]);
    expect(found.warnings).toEqual(["The file one/user_data is left out: it lies outside of the image."]);
  });

  it.each([
    ["starts past the image's end", 0xffff_fff0, 2048],
    ["ends past the image's end", 22, 0xffff_f800],
  ])("a directory that %s is empty", async (_what, block, sizeBytes) => {
    const { image, setBlock, setSize } = patchable(tree);
    setBlock("ONE", block);
    setSize("ONE", sizeBytes);
    const found = await read(image);
    expect(paths(found)).toEqual(["last", "one", "two", "two/other"]);
    expect(found.warnings).toEqual(["The directory one lies outside of the image: what is in it is left out."]);
  });

  it("a root directory past the image's end is no image", async () => {
    const image = writeIso9660(tree);
    image.writeUInt32LE(0xffff_f800, 16 * sectorBytes + 166);
    await expect(read(image)).rejects.toEqual(isInvalid);
  });

  it("without Rock Ridge, an image is read whose Joliet root leads nowhere", async () => {
    const image = writeIso9660([file("abc", "end")]);
    image.write("NO", image.indexOf("SP\u0007\u0001", 0, "latin1"));
    image.writeUInt32LE(0xffff_0000, 17 * sectorBytes + 158);
    expect(paths(await read(image))).toEqual(["abc"]);
  });

  it.each([
    ["a length that is too short", 0, 20],
    ["a length beyond its sector", 0, 255],
    ["an identifier longer than the record", 32, 250],
    ["no identifier", 32, 0],
  ])("a record with %s ends its sector, and the next is read", async (_what, offset, value) => {
    const names = Array.from({ length: 40 }, (_, index) => `f${index + 10}`);
    const { image, record } = patchable(names.map((name) => file(name)));
    const places = names.map((name) => ({ name, sector: record(`${name.toUpperCase()}.;1`) / sectorBytes }));
    const firstSector = places.filter(({ sector }) => sector < rootBlock(image) + 1);
    const last = firstSector.at(-1)?.name ?? "";
    image.writeUInt8(value, record(`${last.toUpperCase()}.;1`) + offset);
    const found = await read(image);
    expect(paths(found)).toEqual(names.filter((name) => name !== last));
    expect(found.warnings).toEqual(["A part of the directory (root) is damaged."]);
  });

  it.each(["../x", "..", ".", "a/b", "/etc", "x\0y"])("a Rock Ridge name %j is left out", async (name) => {
    const { image, field } = patchable([file("x".repeat(name.length), "bad"), file("zz/good", "good")]);
    image.write(name, field(`${"X".repeat(name.length)}.;1`, "NM") + 5, "latin1");
    const found = await read(image);
    expect(paths(found)).toEqual(["zz", "zz/good"]);
    expect(found.warnings).toEqual([expect.stringMatching(/is left out: its name is none\.$/)]);
    for (const warning of found.warnings) expect(warning).not.toMatch(/\p{C}/u);
  });

  it.each(["../x", "..", "a/b", "x\0y"])("a Joliet name %j is left out", async (name) => {
    const image = writeIso9660([file("x".repeat(name.length), "bad"), file("zz/good", "good")]);
    image.write("NO", image.indexOf("SP\u0007\u0001", 0, "latin1"));
    const wide = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();
    wide(name).copy(image, image.indexOf(wide("x".repeat(name.length))));
    const found = await read(image);
    expect(paths(found)).toEqual(["zz", "zz/good"]);
    expect(found.warnings.length).toBe(1);
  });

  it("of two entries with one name the first is taken", async () => {
    const { image, field } = patchable([file("aa", "first"), file("bb", "second")]);
    image.write("aa", field("BB.;1", "NM") + 5);
    const { found, shape } = await readBack(image);
    expect(shape).toEqual({ aa: Buffer.from("first").toString("hex") });
    expect(found.warnings).toEqual(["The entry aa is left out: another one has its name."]);
  });

  const long = "n".repeat(200);
  const continued = (patch: (image: Buffer, continuation: number) => void): Promise<FoundTree> => {
    const { image, field } = patchable([file(long, "x")]);
    patch(image, field("NNNNNNNN.;1", "CE"));
    return read(image);
  };

  it("a continuation that leads to itself is not followed for ever", async () => {
    const found = await continued((image, at) => {
      const area = image.readUInt32LE(at + 4) * sectorBytes + image.readUInt32LE(at + 12);
      image.copy(image, area, at, at + 28);
      image.writeUInt32LE(28, at + 20);
      image.writeUInt32LE(28, area + 20);
    });
    expect(found.warnings).toEqual([expect.stringMatching(/are damaged\.$/)]);
  });

  const crowd = (files: number, next: "itself" | "into itself"): Buffer =>
    withCrowdedContinuation(
      writeIso9660(Array.from({ length: files }, (_, index) => file(`${index}-`.padEnd(200, "n")))),
      next,
    );

  it.each(["itself", "into itself"] as const)(
    "a crowded continuation that leads to %s is read once, and each entry goes on past it once",
    async (next) => {
      const image = crowd(300, next);
      const sectors: number[] = [];
      const found = await readIso9660(
        async (offset, length) => {
          if (length === sectorBytes && offset === image.length - sectorBytes) sectors.push(offset);
          return image.subarray(offset, offset + length);
        },
        image.length,
        { ...defaultReadLimits, entries: 50_000 },
      );
      expect(sectors).toEqual([image.length - sectorBytes]);
      expect(found.warnings.length).toBe(101);
      expect(found.warnings[0]).toMatch(/are damaged\.$/);
    },
  );

  it("more Rock Ridge fields than entries could have are too many, and the event loop is not kept from others", async () => {
    const image = crowd(3000, "itself");
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    const read3000 = readIso9660(readAtOf(image), image.length, { ...defaultReadLimits, entries: 80_000 });
    await expect(read3000).rejects.toEqual(isInvalid);
    clearImmediate(timer);
    // Each crowded sector is half a thousand fields: a turn of the loop comes at least after thirty-two of them.
    expect(turns).toBeGreaterThan(2500 / 32);
  });

  it("continuations that are short cost as much as long ones", async () => {
    const image = crowd(300, "itself");
    await expect(read(image, { directoryBytes: 300 * 400 })).rejects.toEqual(isInvalid);
  });

  it("an image in memory is read in turns with others", async () => {
    const image = writeIso9660(Array.from({ length: 5000 }, (_, index) => file(`f${index}`)));
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    await read(image);
    clearImmediate(timer);
    expect(turns).toBeGreaterThanOrEqual(4);
  });

  it.each([
    ["block past the image's end", 4, 0xffff_ffff],
    ["offset past its sector", 12, 0xffff_ffff],
    ["length past its sector", 20, 0xffff_ffff],
  ])("a continuation with a %s is left out", async (_what, offset, value) => {
    const found = await continued((image, at) => image.writeUInt32LE(value, at + offset));
    expect(found.entries.length).toBe(1);
    expect(long.startsWith(found.entries[0]?.path ?? "")).toBe(true);
    expect(found.warnings.length).toBe(1);
  });

  it("a name that grows beyond all bounds in its continuations is none", async () => {
    const { image, field } = patchable([file(long, "x"), file("y".repeat(255), "y")]);
    const at = field("NNNNNNNN.;1", "CE");
    const area = image.readUInt32LE(at + 4) * sectorBytes;
    image.writeUInt32LE(0, at + 12);
    image.writeUInt32LE(sectorBytes, at + 20);
    for (let name = area; name < area + sectorBytes; name += 128) {
      image.write("NM\u0080\u0001\u0001", name, "latin1");
      image.fill("z", name + 5, name + 128);
    }
    const found = await read(image);
    expect(found.entries.every(({ path }) => path.length <= 255)).toBe(true);
    expect(found.warnings.length).toBeGreaterThan(0);
  });

  it("a relocated directory that leads to the root is not entered", async () => {
    const { image, field } = patchable(tree);
    const at = field("LAST.;1", "TF");
    image.write("CL\u000c\u0001", at, "latin1");
    image.writeUInt32LE(rootBlock(image), at + 4);
    // What is left of the field is no field.
    image.write("XX\u000e\u0001", at + 12, "latin1");
    const found = await read(image);
    expect(found.entries.find(({ path }) => path === "last")?.kind).toBe("directory");
    expect(found.warnings).toEqual([expect.stringMatching(/last leads back to a folder that it lies in/)]);
  });

  it("a file in several pieces is read whole, and one whose last piece lacks is told", async () => {
    const { image, record, setFlags } = patchable([
      file("aaaa", "first, "),
      file("bbbb", "second"),
      file("c", "third"),
    ]);
    image.write("AAAA", record("BBBB.;1") + 33);
    setFlags("AAAA.;1", 0x80);
    expect((await readBack(image)).shape["aaaa"]).toBe(Buffer.from("first, second").toString("hex"));
    setFlags("C.;1", 0x80);
    const found = await read(image);
    expect(paths(found)).toEqual(["aaaa"]);
    expect(found.warnings).toEqual(["A part of the directory (root) is damaged."]);
  });

  it("an associated file is hidden, an interleaved one left out", async () => {
    const { image, record, setFlags } = patchable([file("a", "fork"), file("b", "data"), file("c", "gaps")]);
    setFlags("A.;1", 0x04);
    image.writeUInt8(1, record("C.;1") + 26);
    const found = await read(image);
    expect(paths(found)).toEqual(["b"]);
    expect(found.warnings).toEqual(["The file c is left out: it is interleaved."]);
  });

  it.each([0, 1, 4096, 0xffff])("there are no blocks of %i bytes", async (bytes) => {
    const image = writeIso9660(tree);
    image.writeUInt16LE(bytes, 16 * sectorBytes + 128);
    await expect(read(image)).rejects.toEqual(isInvalid);
  });

  it.each([0, 1, 32_768, 34_816, 40_000])("%i bytes of an image are none", async (length) => {
    await expect(read(writeIso9660(tree).subarray(0, length))).rejects.toEqual(isInvalid);
  });

  it("an image that is shorter than its size was said to be is invalid", async () => {
    const image = writeIso9660(tree);
    await expect(readIso9660(readAtOf(image.subarray(0, 45_000)), image.length)).rejects.toEqual(isInvalid);
  });

  it("a truncated image is told of, with the files that are whole", async () => {
    const image = writeIso9660(tree);
    const found = await read(image.subarray(0, image.length - sectorBytes));
    expect(found.entries.filter(({ kind }) => kind === "file").length).toBe(2);
    expect(found.warnings[0]).toMatch(/may be truncated/);
  });

  it("the limits hold", async () => {
    const image = writeIso9660([...tree, directory("1/2/3/4")]);
    await expect(read(image, { entries: 10 })).rejects.toEqual(isInvalid);
    await expect(read(image, { directoryBytes: 8192 })).rejects.toEqual(isInvalid);
    const found = await read(image, { depth: 3 });
    expect(paths(found)).toContain("1/2/3");
    expect(paths(found)).not.toContain("1/2/3/4");
    expect(found.warnings).toEqual(["The directory 1/2/3/4 is left out: it lies deeper than 3 levels."]);
  });

  it("no more warnings than a person reads", async () => {
    const { image, setFlags, block, setSize } = patchable(
      Array.from({ length: 500 }, (_, index) => directory(`d${index + 100}`)),
    );
    for (let index = 100; index < 600; index += 1) setSize(`D${index}`, 0xffff_ffff);
    expect(block("D100")).toBeGreaterThan(0);
    setFlags("D100", 0x02);
    const { warnings } = await read(image);
    expect(warnings.length).toBe(101);
    expect(warnings.at(-1)).toBe("There are 400 more of such faults.");
  });

  it("names that would take all memory together are too many", async () => {
    const folder = Array.from({ length: 60 }, () => "n".repeat(250)).join("/");
    const image = writeIso9660(Array.from({ length: 2000 }, (_, index) => file(`${folder}/${index}`, "")));
    await expect(read(image)).rejects.toEqual(isInvalid);
  });
});
