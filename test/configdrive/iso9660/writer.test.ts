import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isoSizeOf, writeIso9660 } from "../../../src/configdrive/iso9660/writer.ts";
import { isoIdentifiers, jolietIdentifiers } from "../../../src/configdrive/iso9660/writing/identifiers.ts";
import type { Tree } from "../../../src/configdrive/tree.ts";
import { anyName, directory, file, readBack, shapeOf, tameName, trees } from "./trees.ts";

const drive: Tree = [
  file("openstack/latest/meta_data.json", "{}"),
  file("openstack/latest/user_data", "#cloud-config\n"),
  file("openstack/2012-08-10/meta_data.json", "{}"),
  directory("openstack/content"),
];

const nodes = (names: readonly string[], kind: "file" | "directory" = "file") =>
  names.map((name) =>
    kind === "file"
      ? { kind, name, sizeBytes: 0, bytes: undefined }
      : { kind: "directory" as const, name, children: new Map() },
  );

describe("an ISO 9660 image", () => {
  it("gives back every tree that it was made from, and is as long as was said", async () => {
    await fc.assert(
      fc.asyncProperty(trees(anyName, 60), async (tree) => {
        const image = writeIso9660(tree);
        expect(isoSizeOf(tree)).toBe(image.length);
        const { found, shape } = await readBack(image);
        expect(shape).toEqual(shapeOf(tree));
        expect(found.warnings).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it("gives back the Joliet names where there is no Rock Ridge", async () => {
    await fc.assert(
      fc.asyncProperty(trees(tameName), async (tree) => {
        const image = writeIso9660(tree);
        image.write("NO", image.indexOf("SP\u0007\u0001", 0, "latin1"));
        expect((await readBack(image)).shape).toEqual(shapeOf(tree));
      }),
      { numRuns: 100 },
    );
  });

  it("is the same, byte for byte, for the same tree in another order", () => {
    fc.assert(
      fc.property(trees(anyName), (tree) => {
        expect(writeIso9660(tree.toReversed()).equals(writeIso9660(tree))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("has its length known from its files' sizes alone", () => {
    const sizes = drive.map(({ path, ...entry }) => ({
      path,
      kind: entry.kind,
      sizeBytes: "bytes" in entry ? entry.bytes.length : 0,
    }));
    expect(isoSizeOf(sizes)).toBe(writeIso9660(drive).length);
  });

  it("keeps files of the same content apart, so that it can be told which was read", async () => {
    const { found } = await readBack(writeIso9660(drive));
    const starts = found.entries.flatMap(({ extents }) => extents.map(({ from }) => from));
    expect(new Set(starts).size).toBe(3);
  });

  it("keeps hundreds of the longest names in one folder", async () => {
    const tree = Array.from({ length: 300 }, (_, index) => file(`long/${index + 100}${"é".repeat(126)}`));
    const { found, shape } = await readBack(writeIso9660(tree));
    expect(shape).toEqual(shapeOf(tree));
    expect(found.warnings).toEqual([]);
  });

  it.each([
    [undefined, "config-2"],
    ["CIDATA", "CIDATA"],
    ["a label of thirty-two characters", "a label of thirty-two characters"],
    ["", undefined],
  ])("is labelled %o as %o", async (label, seen) => {
    const { found } = await readBack(writeIso9660(drive, label === undefined ? {} : { label }));
    expect(found.label).toBe(seen);
  });

  it.each(["x".repeat(33), "tab\there", "naïve"])("is not labelled %j", (label) => {
    expect(() => writeIso9660(drive, { label })).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
    expect(() => isoSizeOf(drive, { label })).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
  });

  it.each([
    ["no name", ""],
    ["a root in front", "/etc/passwd"],
    ["an empty name within", "a//b"],
    ["an empty name at its end", "a/"],
    ["a way up", "../up"],
    ["a way nowhere", "a/./b"],
    ["a NUL", "nul\0"],
    ["half a character", "lone\ud800"],
    ["a name of 256 letters", "x".repeat(256)],
    ["a name of 256 bytes", "é".repeat(128)],
    ["66 levels", Array.from({ length: 66 }, () => "d").join("/")],
  ])("takes no path with %s", (_what, path) => {
    for (const made of [writeIso9660, isoSizeOf])
      expect(() => made([file(path, "")])).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
  });

  it("names the path that it does not take", () => {
    expect(() => writeIso9660([...drive, file("a/../b", "")])).toThrow(/"a\/..\/b"/);
  });

  it.each([
    ["a file twice", [file("a", "1"), file("a", "2")]],
    ["a file in a file", [file("a", "1"), file("a/b", "2")]],
    ["a file that is a file's folder", [file("a/b", "2"), file("a", "1")]],
    ["a folder that is a file", [file("a", "1"), directory("a")]],
    ["a file that is a folder", [directory("a"), file("a", "1")]],
  ])("does not take %s", (_what, tree) => {
    expect(() => writeIso9660(tree)).toThrow(expect.objectContaining({ code: "INVALID_REQUEST" }));
  });

  it("takes the same folder twice", () => {
    const once = writeIso9660([directory("a"), file("a/b", "")]);
    expect(writeIso9660([directory("a"), file("a/b", ""), directory("a")]).equals(once)).toBe(true);
  });

  it("has no room for a file of 4 GiB, nor for more than 65,535 folders", () => {
    expect(() => isoSizeOf([{ kind: "file", path: "a", sizeBytes: 2 ** 32 }])).toThrow(
      expect.objectContaining({ code: "IMAGE_DOES_NOT_FIT" }),
    );
    expect(isoSizeOf([{ kind: "file", path: "a", sizeBytes: 2 ** 32 - 1 }])).toBeGreaterThan(2 ** 32);
    const folders = Array.from({ length: 65_535 }, (_, index) => directory(`${index % 256}/${index}`));
    expect(() => isoSizeOf(folders)).toThrow(expect.objectContaining({ code: "IMAGE_DOES_NOT_FIT" }));
  });
});

describe("identifiers", () => {
  const names = fc.uniqueArray(anyName.names.filter(anyName.allows), { maxLength: 200, size: "max" });

  it("of level 1 are eight capitals, a dot, three capitals, and unique", () => {
    fc.assert(
      fc.property(names, (given) => {
        const files = isoIdentifiers(nodes(given));
        for (const identifier of files) expect(identifier).toMatch(/^[A-Z0-9_]{1,8}\.[A-Z0-9_]{0,3};1$/);
        expect(new Set(files).size).toBe(given.length);
        const folders = isoIdentifiers(nodes(given, "directory"));
        for (const identifier of folders) expect(identifier).toMatch(/^[A-Z0-9_]{1,8}$/);
        expect(new Set(folders).size).toBe(given.length);
      }),
    );
  });

  it("of Joliet have at most 64 characters, none that it forbids, and are unique", () => {
    fc.assert(
      fc.property(names, (given) => {
        const identifiers = jolietIdentifiers(nodes(given));
        for (const identifier of identifiers) {
          expect(identifier).toMatch(/^[^\p{Cc}*/:;?\\]{1,64}$/u);
          expect(identifier.length).toBeLessThanOrEqual(64);
          expect(identifier.isWellFormed()).toBe(true);
        }
        expect(new Set(identifiers).size).toBe(given.length);
      }),
    );
  });

  it("keep what they can", () => {
    expect(isoIdentifiers(nodes(["a.b", "meta_data.json", "meta_data.jsonp", ".x", "Ü.tar.gz"]))).toEqual([
      "A.B;1",
      "META_DAT.JSO;1",
      "META_000.JSO;1",
      "_X.;1",
      "__TAR.GZ;1",
    ]);
    const long = "x".repeat(80);
    expect(jolietIdentifiers(nodes(["a.b", `${long}.txt`, `${long}y.txt`, "what?", "end."]))).toEqual([
      "a.b",
      `${"x".repeat(60)}.txt`,
      `${"x".repeat(57)}000.txt`,
      "what_",
      "end",
    ]);
  });
});
