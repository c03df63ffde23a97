// Symbolic links of Rock Ridge, as a folder has them whose links are followed; and such that would be followed for ever.
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeForm } from "../../../src/configdrive/forms.ts";
import { loadTree, readImage } from "../../../src/configdrive/image.ts";
import { readIso9660 } from "../../../src/configdrive/iso9660/reader.ts";
import { defaultReadLimits, type ReadLimits, type Tree } from "../../../src/configdrive/tree.ts";
import { lacksPeer } from "../../tools/peers.ts";
import { createWorkshop, run, shapeOfFolder, storeTree, type Workshop } from "./third-party.ts";
import { directory, file, readAtOf, readBack, shapeOf } from "./trees.ts";

const drive: Tree = [
  file("openstack/2018-08-27/meta_data.json", '{"uuid": "1"}'),
  file("openstack/2018-08-27/user_data", "#!/bin/sh\n"),
  file("openstack/content/0000", "content"),
];

describe.skipIf(lacksPeer("genisoimage", "xorriso"))("a symbolic link", () => {
  let workshop: Workshop;
  beforeEach(() => {
    workshop = createWorkshop();
  });
  afterEach(() => workshop[Symbol.dispose]());

  const folderWith = (tree: Tree, links: Readonly<Record<string, string>>): string => {
    const folder = workshop.path();
    storeTree(tree, folder);
    for (const [path, target] of Object.entries(links)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      symlinkSync(target, join(folder, path));
    }
    return folder;
  };
  const imageOf = (folder: string, command: readonly [string, ...string[]] = ["genisoimage"]): Buffer => {
    const image = workshop.path();
    run(...command, "-quiet", "-R", "-D", "-o", image, folder);
    return readFileSync(image);
  };
  const read = (links: Readonly<Record<string, string>>, limits: Partial<ReadLimits> = {}, tree = drive) => {
    const image = imageOf(folderWith(tree, links));
    return readIso9660(readAtOf(image), image.length, { ...defaultReadLimits, ...limits });
  };
  const isLink = (path: string): string => `The entry ${path} is left out: it is a symbolic link.`;

  it.each([
    ["to a folder beside it", { "openstack/latest": "2018-08-27" }],
    ["to a folder, with a slash behind it", { "openstack/latest": "2018-08-27/" }],
    ["to a file", { user_data: "openstack/2018-08-27/user_data" }],
    ["up and down again", { "a/b/c": "../../openstack/./content/../2018-08-27/user_data" }],
    ["to a link", { "openstack/latest": "newest", "openstack/newest": "2018-08-27", z: "openstack/newest/user_data" }],
    ["to what a link leads to", { "openstack/latest": "2018-08-27", a: "openstack/latest/user_data", b: "openstack" }],
    ["to a folder with a link", { "openstack/latest": "2018-08-27", "openstack/2018-08-27/vendor": "../content/0000" }],
    ["up from where a link leads to", { "a/b/c": "../../openstack/content", d: "a/b/c/../2018-08-27" }],
    ["with names as long as they may be", { [`${"é".repeat(100)}/x`]: "y", [`${"é".repeat(100)}/y`]: "../openstack" }],
  ] as const)("that leads %s is what it leads to", async (_what, links) => {
    const folder = folderWith(drive, links);
    const followed = workshop.path();
    run("cp", "-rL", folder, followed);
    for (const command of [["genisoimage"], ["xorriso", "-as", "mkisofs"]] as const) {
      const { found, shape } = await readBack(imageOf(folder, [...command]));
      expect(shape).toEqual(shapeOfFolder(followed));
      expect(found.warnings).toEqual([]);
    }
  });

  it("whose target needs several fields is what it leads to", async () => {
    const tree: Tree = [file("content/0000", "content"), directory("x".repeat(150))];
    const folder = folderWith(tree, { long: `${"x".repeat(150)}/../`.repeat(4) + "content" });
    // genisoimage does not come to an end with this one.
    const { found, shape } = await readBack(imageOf(folder, ["xorriso", "-as", "mkisofs"]));
    expect(shape).toEqual(shapeOf([...tree, file("long/0000", "content")]));
    expect(found.warnings).toEqual([]);
  });

  it.each([
    ["out of the image", "../elsewhere"],
    ["out of it and back", "../../x/openstack"],
    ["to the host's root", "/openstack"],
    ["to nothing", "openstack/nothing"],
    ["into a file", "openstack/content/0000/x"],
    ["to itself", "link"],
    ["into itself", "link/x"],
  ])("that leads %s is left out", async (_what, target) => {
    const image = imageOf(folderWith(drive, {}), ["xorriso", "-as", "mkisofs"]);
    const { found: plain } = await readBack(image);
    const found = await read({ link: target });
    expect(found.entries.map(({ path }) => path)).toEqual(plain.entries.map(({ path }) => path));
    expect(found.warnings).toEqual([isLink("link")]);
  });

  it("that leads to a folder that it lies in is left out, and so is one of two that lead to each other's", async () => {
    const found = await read({ debian: ".", "openstack/content/up": "..", "a/x": "../b", "b/y": "../a" });
    expect(found.entries.map(({ path }) => path).filter((path) => /^[abd]/.test(path))).toEqual([
      "a",
      "b",
      "a/x",
      "b/y",
    ]);
    const back = (path: string): string => `The entry ${path} is left out: it leads back to a folder that it lies in.`;
    expect(found.warnings.toSorted()).toEqual(["a/x/y", "b/y/x", "debian", "openstack/content/up"].map(back));
  });

  it("in a circle, or in too long a chain, is left out", async () => {
    const circle = await read({ a: "b", b: "c", c: "a" });
    expect(circle.warnings).toEqual(["a", "b", "c"].map(isLink));
    const chain = Array.from({ length: 100 }, (_, index) => [`l${index + 100}`, `l${index + 101}`]);
    const found = await read({ ...Object.fromEntries(chain), l200: "openstack" });
    expect(found.warnings).toContain(isLink("l100"));
    expect(found.entries.map(({ path }) => path)).toContain("l199");
  });

  it("is as deep as anything may be", async () => {
    const found = await read({ "openstack/latest": "..", "a/b/c/d": "../../../openstack/content" }, { depth: 4 });
    expect(found.warnings.toSorted()).toEqual([
      "The entry openstack/latest is left out: it leads back to a folder that it lies in.",
    ]);
    const shallow = await read({ "a/b/c/d": "../../../openstack/content" }, { depth: 3 });
    expect(shallow.warnings).toEqual(["The entry a/b/c/d is left out: it leads deeper than 3 levels."]);
  });

  it.each([
    ["as many entries as there may be", 12, 1000],
    ["as many entries as any image may have", 40, 50_000],
  ])("whose content doubles at each of many levels adds at most %s", async (_what, levels, entries) => {
    const links = Array.from({ length: levels }, (_, level) =>
      ["a", "b", "c"].map((name) => [`${level}/${name}`, `../${level + 1}`] as const),
    ).flat();
    const found = await read(Object.fromEntries(links), { entries }, [file(`${levels}/last`)]);
    expect(found.entries.length).toBeLessThanOrEqual(entries);
    expect(found.warnings.length).toBeLessThanOrEqual(101);
    expect(found.warnings).toContain("The entry 0/a is left out: it leads to too much.");
  });

  it("costs as much where what it leads to is full of such as lead nowhere", async () => {
    const dangling = Array.from({ length: 3000 }, (_, index) => [`full/${index}`, "nothing"] as const);
    const many = Array.from({ length: 3000 }, (_, index) => [`many/${index}`, "../full"] as const);
    const found = await read(Object.fromEntries([...dangling, ...many]));
    expect(found.entries.length).toBeLessThan(100);
  });

  it("that was followed by its writer, so that two folders are one, has its files in each form", async () => {
    const image = imageOf(folderWith(drive, { "openstack/latest": "2018-08-27" }), ["genisoimage", "-f"]);
    const { found, shape } = await readBack(image);
    const both: Tree = [
      ...drive,
      file("openstack/latest/meta_data.json", '{"uuid": "1"}'),
      file("openstack/latest/user_data", "#!/bin/sh\n"),
    ];
    expect(shape).toEqual(shapeOf(both));
    expect(found.warnings).toEqual([]);
    const readAt = readAtOf(image);
    const fat = writeForm(await loadTree(found, readAt, image.length), { format: "fat", mostBytes: 4 << 20 });
    const { entries } = await readImage("fat", readAtOf(fat), fat.length);
    expect(entries.map(({ path }) => path)).toEqual(expect.arrayContaining(both.map(({ path }) => path)));
  });
});
