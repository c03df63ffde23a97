// What the writer makes, read by readers that we did not write.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeIso9660 } from "../../../src/configdrive/iso9660/writer.ts";
import type { Tree } from "../../../src/configdrive/tree.ts";
import { lacksPeer } from "../../tools/peers.ts";
import * as thirdParty from "./third-party.ts";
import { anyName, directory, file, readBack, type Shape, shapeOf, tameName, trees } from "./trees.ts";

const { run, unpackedBy } = thirdParty;

const numRuns = 25;

describe.skipIf(lacksPeer("isoinfo", "isovfy", "xorriso", "bsdtar", "7z", "blkid"))("an image of ours", () => {
  let workshop: thirdParty.Workshop;
  beforeEach(() => {
    workshop = thirdParty.createWorkshop();
  });
  afterEach(() => workshop[Symbol.dispose]());

  const stored = (tree: Tree, label?: string): string => {
    const path = workshop.path();
    writeFileSync(path, writeIso9660(tree, label === undefined ? {} : { label }));
    return path;
  };

  const expectUnpacked = (readers: Readonly<Record<string, thirdParty.Unpack>>, image: string, shape: Shape): void => {
    for (const [reader, unpack] of Object.entries(readers))
      expect({ reader, shape: unpackedBy(unpack, image, workshop.path()) }).toEqual({ reader, shape });
  };

  it("is found in any tree by xorriso, bsdtar and isoinfo as Rock Ridge names it, and isovfy finds no fault", {
    timeout: 120_000,
  }, () => {
    fc.assert(
      fc.property(trees(anyName), (tree) => {
        const image = stored(tree);
        const shape = shapeOf(tree);
        expectUnpacked(thirdParty.rockRidgeReaders, image, shape);
        expect(thirdParty.listedByIsoinfo(image)).toEqual(Object.keys(shape).toSorted());
        expect(run("isovfy", image).toString()).toContain("No errors found");
      }),
      { numRuns },
    );
  });

  it("is found in a tree by 7z, bsdtar and isoinfo as Joliet names it", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(trees(tameName), (tree) => {
        const image = stored(tree);
        const shape = shapeOf(tree);
        expectUnpacked(thirdParty.jolietReaders, image, shape);
        const shown = Object.keys(shape).map(thirdParty.asIsoinfoShowsJoliet).toSorted();
        expect(thirdParty.listedByIsoinfoInJoliet(image)).toEqual(shown);
      }),
      { numRuns },
    );
  });

  it("has every file's content for isoinfo, by each of its names", () => {
    const image = stored([file("openstack/latest/user_data", "#cloud-config\n"), file("empty", "")]);
    expect(thirdParty.contentByIsoinfo(image, "openstack/latest/user_data", "-R").toString()).toBe("#cloud-config\n");
    expect(thirdParty.contentByIsoinfo(image, "openstack/latest/user_data", "-J").toString()).toBe("#cloud-config\n");
    expect(thirdParty.contentByIsoinfo(image, "OPENSTAC/LATEST/USER_DAT.;1").toString()).toBe("#cloud-config\n");
    expect(thirdParty.contentByIsoinfo(image, "empty", "-R").length).toBe(0);
  });

  it("has its entries in the order of their identifiers, as ECMA-119 asks", () => {
    const image = stored(["b", "A", "a.b", "_x", "aa", "a1"].map((name) => file(name)));
    const listed = run("isoinfo", "-f", "-i", image).toString().trim().split("\n");
    expect(listed).toEqual(["/A.;1", "/A.B;1", "/A1.;1", "/AA.;1", "/B.;1", "/_X.;1"]);
  });

  it("can be read by everybody and written by nobody, and is of 1980", () => {
    const image = stored([file("one/file", "x"), directory("one/two")]);
    const listed = run("bsdtar", "-tvf", image).toString().trim().split("\n");
    expect(listed.map((line) => line.split(/\s+/).join(" "))).toEqual([
      "dr-xr-xr-x 3 0 0 2048 Jan 1 1980 .",
      "dr-xr-xr-x 3 0 0 2048 Jan 1 1980 one",
      "dr-xr-xr-x 2 0 0 2048 Jan 1 1980 one/two",
      "-r--r--r-- 1 0 0 1 Jan 1 1980 one/file",
    ]);
  });

  it("has its folders in its path table, each with its parent and its place", () => {
    const image = stored([directory("b/c"), directory("b/a"), directory("a/z/y")]);
    const table = run("isoinfo", "-p", "-i", image).toString().trim().split("\n").slice(1);
    expect(table.map((line) => line.trim().split(/\s+/))).toEqual([
      ["1:", "1", "15"],
      ["2:", "1", "17", "A"],
      ["3:", "1", "18", "B"],
      ["4:", "2", "19", "Z"],
      ["5:", "3", "1a", "A"],
      ["6:", "3", "1b", "C"],
      ["7:", "4", "1c", "Y"],
    ]);
  });

  it.each([undefined, "CIDATA", "a label of thirty-two characters", ""])("is labelled %o for blkid", (label) => {
    const image = stored([file("a", "")], label);
    const words = ["-p", "-s", "LABEL", "-o", "value"];
    expect(
      run("blkid", ...words, image)
        .toString()
        .trim(),
    ).toBe(label ?? "config-2");
  });

  it("holds 10,000 files in one folder", { timeout: 120_000 }, async () => {
    const tree = Array.from({ length: 10_000 }, (_, index) => file(`many/some file of ${index} in one folder.txt`));
    const image = writeIso9660(tree);
    const shape = shapeOf(tree);
    expect((await readBack(image)).shape).toEqual(shape);
    const path = workshop.path();
    writeFileSync(path, image);
    expect(unpackedBy(thirdParty.rockRidgeReaders.bsdtar, path, workshop.path())).toEqual(shape);
    expect(unpackedBy(thirdParty.jolietReaders["7z"], path, workshop.path())).toEqual(shape);
    expect(thirdParty.listedByIsoinfo(path)).toEqual(Object.keys(shape).toSorted());
    expect(thirdParty.listedByXorriso(path)).toEqual(Object.keys(shape).toSorted());
    expect(run("isovfy", path).toString()).toContain("No errors found");
  });

  it("holds 64 MiB", { timeout: 120_000 }, async () => {
    const bytes = Buffer.alloc(64 << 20);
    for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(Math.imul(at, 0x9e3779b1) >>> 0, at);
    const path = stored([{ kind: "file", path: "content/0000", bytes }, file("content/after", "it")]);
    const sha256 = (given: Uint8Array): string => createHash("sha256").update(given).digest("hex");
    for (const read of [run("bsdtar", "-xOf", path, "content/0000"), run("7z", "x", "-so", path, "content/0000")])
      expect(sha256(read)).toBe(sha256(bytes));
    expect(thirdParty.contentByIsoinfo(path, "content/after", "-R").toString()).toBe("it");
  });
});
