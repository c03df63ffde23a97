// Images that others wrote, read by us: each option of theirs that changes what is on the disc.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeIso9660 } from "../../../src/configdrive/iso9660/writer.ts";
import type { Tree } from "../../../src/configdrive/tree.ts";
import { lacksPeer } from "../../tools/peers.ts";
import { createWorkshop, run, storeTree, type Workshop } from "./third-party.ts";
import { anyName, directory, file, readBack, shapeOf, tameName, trees } from "./trees.ts";

/** As Nova and Ironic order an image. */
const nova = "-ldots -allow-lowercase -allow-multidot -l -publisher nova -quiet -J -r -V config-2".split(" ");

const drive: Tree = [
  file("openstack/latest/meta_data.json", '{"uuid": "1"}'),
  file("openstack/latest/user_data", "#cloud-config\n".repeat(500)),
  file("openstack/2012-08-10/meta_data.json", '{"uuid": "1"}'),
  file("openstack/content/0000", ""),
  file("ec2/latest/meta-data.json", "{}"),
  directory("void"),
];

/** xorriso makes no image of nothing. */
const someTree = (names: typeof anyName) => trees(names).filter((tree) => tree.length > 0);

/** Names that level 1 keeps, but for their case. */
const plainTree: Tree = [file("dir/a.txt", "a"), file("dir/b", "b"), file("c.d", "c"), directory("void")];

const deepFolder = Array.from({ length: 12 }, (_, index) => `level${index}`).join("/");
const deepTree: Tree = [...drive, file(`${deepFolder}/deep.txt`, "deep"), directory(`${deepFolder}/void`)];

const longTree: Tree = [
  file(`${"long ".repeat(40)}end`, "long"),
  ...Array.from({ length: 60 }, (_, index) => file(`many/${index}${"é".repeat(90)}`)),
];

describe.skipIf(lacksPeer("genisoimage", "xorriso", "bsdtar", "blkid"))("an image of others", () => {
  let workshop: Workshop;
  beforeEach(() => {
    workshop = createWorkshop();
  });
  afterEach(() => workshop[Symbol.dispose]());

  const folderOf = (tree: Tree): string => {
    const folder = workshop.path();
    storeTree(tree, folder);
    return folder;
  };
  const written = (command: string, words: readonly string[], folder: string): Buffer => {
    const image = workshop.path();
    run(command, ...words, "-o", image, folder);
    return readFileSync(image);
  };
  const genisoimage = (words: readonly string[], folder: string) =>
    written("genisoimage", ["-quiet", ...words], folder);
  const xorriso = (words: readonly string[], folder: string) =>
    written("xorriso", ["-as", "mkisofs", "-quiet", ...words], folder);
  const bsdtar = (words: readonly string[], folder: string): Buffer => {
    const image = workshop.path();
    run("bsdtar", "--format", "iso9660", ...words, "-cf", image, "-C", folder, ".");
    return readFileSync(image);
  };
  const writers = { genisoimage, xorriso, bsdtar };

  it.each([
    ["genisoimage", nova, drive],
    ["genisoimage", ["-r"], drive],
    ["genisoimage", ["-R", "-no-pad"], drive],
    ["genisoimage", ["-J"], drive],
    ["genisoimage", ["-J", "-joliet-long"], drive],
    ["genisoimage", ["-r", "-J", "-hfs"], drive],
    ["genisoimage", [], plainTree],
    ["genisoimage", ["-iso-level", "3", "-U"], drive],
    ["genisoimage", ["-iso-level", "4"], drive],
    ["genisoimage", ["-R", "-D"], deepTree],
    ["genisoimage", ["-R"], deepTree],
    ["genisoimage", ["-R", "-XA"], longTree],
    ["genisoimage", ["-R", "-hide-rr-moved"], deepTree],
    ["genisoimage", ["-J", "-D"], deepTree],
    ["genisoimage", ["-R", "-J"], longTree],
    ["xorriso", nova.filter((word) => word !== "-quiet"), drive],
    ["xorriso", ["-r", "-J", "-joliet-long"], drive],
    ["xorriso", ["-J"], drive],
    ["xorriso", ["-r", "-hfsplus"], drive],
    ["xorriso", ["-r", "--md5", "-iso-level", "3"], drive],
    ["xorriso", ["-r", "-partition_offset", "16"], drive],
    ["xorriso", ["--norock"], plainTree],
    ["xorriso", ["--norock", "-J"], drive],
    ["xorriso", ["-r"], deepTree],
    ["xorriso", ["-r", "-J"], longTree],
    ["bsdtar", [], drive],
    ["bsdtar", ["--options", "iso9660:rockridge=strict"], drive],
    ["bsdtar", ["--options", "iso9660:!rockridge"], drive],
    ["bsdtar", ["--options", "iso9660:!rockridge,iso9660:!joliet"], plainTree],
    ["bsdtar", [], deepTree],
    ["bsdtar", [], longTree],
  ] as const)("%s %j: the same contents", async (writer, words, tree) => {
    const { found, shape } = await readBack(writers[writer](words, folderOf(tree)));
    expect(shape).toEqual(shapeOf(tree));
    expect(found.warnings).toEqual([]);
  });

  it("any tree's: the same contents", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(someTree(anyName), someTree(tameName), async (tree, tame) => {
        const folder = folderOf(tree);
        const expected = shapeOf(tree);
        expect((await readBack(genisoimage(["-R", "-D"], folder))).shape).toEqual(expected);
        expect((await readBack(xorriso(["-r", "-J"], folder))).shape).toEqual(expected);
        expect((await readBack(xorriso(["--norock", "-J"], folderOf(tame)))).shape).toEqual(shapeOf(tame));
      }),
      { numRuns: 15 },
    );
  });

  it("a bootable one's: with its boot image and catalogue", async () => {
    const folder = folderOf([...drive, file("boot/boot.img", Buffer.alloc(2048, 1))]);
    for (const write of [genisoimage, xorriso]) {
      const words = ["-r", "-b", "boot/boot.img", "-c", "boot/boot.cat", "-no-emul-boot", "-boot-load-size", "4"];
      const { found } = await readBack(write(words, folder));
      expect(found.entries.map(({ path }) => path)).toEqual(expect.arrayContaining(["boot/boot.img", "boot/boot.cat"]));
      expect(found.warnings).toEqual([]);
    }
  });

  it("one that is UDF as well: the same contents, and a warning that a host may see others", async () => {
    for (const words of [
      ["-r", "-udf"],
      ["-r", "-J", "-udf"],
      ["-r", "-udf", "-b", "void/boot", "-no-emul-boot"],
    ]) {
      const tree = [...drive, file("void/boot", Buffer.alloc(2048, 1))];
      const folder = folderOf(tree);
      const image = genisoimage(words, folder);
      const path = workshop.path();
      writeFileSync(path, image);
      expect(run("blkid", "-p", "-s", "TYPE", "-o", "value", path).toString().trim()).toBe("udf");
      const { found, shape } = await readBack(image);
      expect(shape).toMatchObject(shapeOf(tree));
      expect(found.warnings).toEqual([expect.stringMatching(/is UDF as well.* ISO 9660 side only\.$/)]);
    }
  });

  it("what is neither a file nor a folder is left out with a warning", async () => {
    const folder = folderOf(plainTree);
    symlinkSync("/etc/passwd", join(folder, "link"));
    symlinkSync(`${"a".repeat(200)}/${"b".repeat(200)}`, join(folder, "longlink"));
    run("mkfifo", join(folder, "pipe"));
    for (const write of [genisoimage, xorriso, bsdtar]) {
      const { found, shape } = await readBack(write(write === bsdtar ? [] : ["-r"], folder));
      expect(shape).toEqual(shapeOf(plainTree));
      expect(found.warnings.toSorted()).toEqual([
        "The entry link is left out: it is a symbolic link.",
        "The entry longlink is left out: it is a symbolic link.",
        "The entry pipe is left out: it is a device or a pipe.",
      ]);
    }
  });

  it("what is compressed is left out with a warning", async () => {
    const folder = folderOf([file("zeros", Buffer.alloc(100_000)), file("small", "x")]);
    const image = workshop.path();
    run("xorriso", "-outdev", image, "-map", folder, "/", "-set_filter_r", "--zisofs", "/", "--");
    const { found } = await readBack(readFileSync(image));
    expect(found.entries.map(({ path }) => path)).toEqual(["small"]);
    expect(found.warnings).toEqual(["The entry zeros is left out: it is compressed (zisofs)."]);
  });

  it("a name that is not UTF-8 is read as Latin-1", async () => {
    const folder = workshop.path();
    mkdirSync(folder);
    writeFileSync(Buffer.concat([Buffer.from(join(folder, "caf")), Buffer.from([0xe9])]), "x");
    const { shape } = await readBack(genisoimage(["-R"], folder));
    expect(Object.keys(shape)).toEqual(["café"]);
  });

  it.each([
    ["CONFIG-2", "config-2"],
    ["", "config-2"],
    ["PLAIN", "other"],
    ["PLAIN", ""],
    ["A_LABEL_LONGER_THAN_SIXTEEN", "A label longer t"],
    ["A_LABEL_LONGER_THAN_SIXTEEN", "another label th"],
    ["config-2", undefined],
  ])("one labelled %j and %j has the label that blkid sees", async (plain, wide) => {
    const image = writeIso9660(drive);
    image.write(plain.padEnd(32), 16 * 2048 + 40, "latin1");
    if (wide === undefined) image.write("no", 17 * 2048 + 88);
    else
      Buffer.from(wide.padEnd(16), "utf16le")
        .swap16()
        .copy(image, 17 * 2048 + 40);
    const path = workshop.path();
    writeFileSync(path, image);
    const seen = run("blkid", "-p", "-s", "LABEL", "-o", "value", path).toString().trim();
    expect((await readBack(image)).found.label ?? "").toBe(seen);
  });

  it("one with a second session is read as that says", async () => {
    const image = workshop.path();
    run("xorriso", "-outdev", image, "-map", folderOf(plainTree), "/");
    run("xorriso", "-dev", image, "-map", folderOf([file("later", "x")]), "/more");
    expect((await readBack(readFileSync(image))).shape).toEqual(shapeOf([...plainTree, file("more/later", "x")]));
  });
});
