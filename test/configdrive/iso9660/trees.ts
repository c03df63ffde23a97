// Random trees, and how a tree looks whoever reads it: paths and contents, with the folders that files lie in.
import * as fc from "fast-check";
import type { FoundTree, ReadAt, Tree, TreeEntry } from "../../../src/configdrive/tree.ts";
import { readFileBytes } from "../../../src/configdrive/tree.ts";
import { readIso9660 } from "../../../src/configdrive/iso9660/reader.ts";

/** By path: a file's bytes in hexadecimal, or that it is a folder. */
export type Shape = Readonly<Record<string, string>>;

const folder = "(folder)";

/** Through a map: a path may be `__proto__`. */
const sorted = (shape: ReadonlyMap<string, string>): Shape =>
  Object.fromEntries([...shape].sort(([one], [other]) => (one < other ? -1 : 1)));

export const shapeOf = (
  entries: Iterable<{ readonly path: string; readonly bytes?: Uint8Array | undefined }>,
): Shape => {
  const shape = new Map<string, string>();
  for (const { path, bytes } of entries) {
    const names = path.split("/");
    names.slice(0, -1).forEach((_name, index) => shape.set(names.slice(0, index + 1).join("/"), folder));
    shape.set(path, bytes === undefined ? folder : Buffer.from(bytes).toString("hex"));
  }
  return sorted(shape);
};

export const readAtOf =
  (image: Buffer): ReadAt =>
  async (offset, length) =>
    image.subarray(offset, offset + length);

export const readBack = async (image: Buffer): Promise<{ readonly found: FoundTree; readonly shape: Shape }> => {
  const readAt = readAtOf(image);
  const found = await readIso9660(readAt, image.length);
  const entries = found.entries.map(async (entry) => ({
    path: entry.path,
    bytes: entry.kind === "file" ? await readFileBytes(readAt, entry) : undefined,
  }));
  return { found, shape: shapeOf(await Promise.all(entries)) };
};

export const file = (path: string, text: string | Uint8Array = path): TreeEntry => ({
  kind: "file",
  path,
  bytes: Buffer.from(text),
});

export const directory = (path: string): TreeEntry => ({ kind: "directory", path });

const isWritable = (name: string): boolean =>
  name.isWellFormed() &&
  name !== "" &&
  name !== "." &&
  name !== ".." &&
  Buffer.byteLength(name) <= 255 &&
  !/[/\0\n]/.test(name);

/** Few letters, so that names clash, also in all but case, and in what eight characters keep of them. */
const clashing = fc.string({ unit: fc.constantFrom("a", "A", "b", ".", "-", "ä"), minLength: 1, maxLength: 12 });
const long = fc
  .tuple(
    fc.constantFrom("x", "Long.", "名"),
    fc.integer({ min: 20, max: 260 }),
    fc.constantFrom("", ".txt", ".TXT", "é"),
  )
  .map(([unit, length, end]) => unit.repeat(length).slice(0, length) + end);
const wild = fc.string({ unit: "binary", minLength: 1, maxLength: 30 });

/** All that a Rock Ridge name can be, but for line ends, which no listing could show. */
export const anyName = { allows: isWritable, names: fc.oneof(clashing, long, wild) };

/** What Joliet keeps as it is. */
export const tameName: typeof anyName = {
  allows: (name) => isWritable(name) && !/[. ]$|^ /.test(name),
  names: fc.oneof(
    clashing,
    fc.string({ unit: fc.constantFrom(..."abcXYZ019._- éßЖ中文ñ".split("")), minLength: 1, maxLength: 60 }),
  ),
};

const contents = fc.oneof(
  fc.constant(new Uint8Array()),
  fc.uint8Array({ maxLength: 40 }),
  fc.integer({ min: 2040, max: 5000 }).map((length) => new Uint8Array(length).fill(length)),
);

/** As a path can be added to a tree once only, and never below a file. */
const toTree = (
  items: readonly { readonly names: readonly string[]; readonly bytes: Uint8Array | undefined }[],
): Tree => {
  const kinds = new Map<string, "file" | "directory">();
  const tree: TreeEntry[] = [];
  for (const { names, bytes } of items) {
    const parents = names.slice(0, -1).map((_name, index) => names.slice(0, index + 1).join("/"));
    const path = names.join("/");
    if (kinds.has(path) || parents.some((parent) => kinds.get(parent) === "file")) continue;
    for (const parent of parents) kinds.set(parent, "directory");
    kinds.set(path, bytes === undefined ? "directory" : "file");
    tree.push(bytes === undefined ? { kind: "directory", path } : { kind: "file", path, bytes });
  }
  return tree;
};

export const trees = ({ allows, names }: typeof anyName, deepest = 12): fc.Arbitrary<Tree> => {
  const name = names.filter(allows);
  const shortName = names.map((text) => text.slice(0, 8)).filter(allows);
  const item = fc.record({
    names: fc.oneof(
      { weight: 4, arbitrary: fc.array(name, { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: fc.array(shortName, { minLength: 1, maxLength: deepest, size: "max" }) },
    ),
    bytes: fc.option(contents, { nil: undefined, freq: 5 }),
  });
  return fc.array(item, { maxLength: 40, size: "max" }).map(toTree);
};
