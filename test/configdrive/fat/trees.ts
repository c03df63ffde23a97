// Random trees that a FAT image can hold, and trees in one comparable form, whoever read them.
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import {
  type FoundTree,
  type ReadAt,
  readFileBytes,
  type Tree,
  type TreeEntry,
} from "../../../src/configdrive/tree.ts";

/** Path to size and digest, or to `folder`. Every folder is there. */
export type Content = ReadonlyMap<string, string>;

export const digestOf = (bytes: Uint8Array): string =>
  `${bytes.length} bytes ${createHash("sha256").update(bytes).digest("hex")}`;

const usualNames = [
  "openstack",
  "latest",
  "meta_data.json",
  "user_data",
  "README.TXT",
  "Mixed.Case",
  ".hidden",
  "a b",
  "~1",
];
const letters = Array.from("abcXYZ019.-_ ~#+,;=[]{}äßÉ名я\u0301ｱ");

const isHolding = (name: string): boolean =>
  name !== "" && !/[. ]$/.test(name) && !/[\p{Cc}"*/:<>?\\|]/u.test(name) && Buffer.byteLength(name) <= 250;

const namesOf = (unit: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(...usualNames),
    fc.string({ unit, minLength: 1, maxLength: 12 }).filter(isHolding),
    fc.string({ unit, minLength: 13, maxLength: 60 }).filter(isHolding),
  );

const sizeArbitrary = fc.oneof(fc.constantFrom(0, 1, 511, 512, 513, 4096, 4097), fc.integer({ min: 0, max: 20_000 }));

interface Wish {
  readonly names: readonly string[];
  readonly size: number | undefined;
}

const contentOf = (size: number, seed: number): Buffer => {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 1) bytes[at] = (at * 31 + seed * 7 + (at >> 8)) & 0xff;
  return bytes;
};

/** Without what only case tells apart, and what is a file and a folder. */
const arrange = (wishes: readonly Wish[]): Tree => {
  const spelled = new Map<string, TreeEntry>();
  for (const [seed, { names, size }] of wishes.entries()) {
    let path = "";
    for (const [index, name] of names.entries()) {
      const wished = path === "" ? name : `${path}/${name}`;
      const isFile = index === names.length - 1 && size !== undefined;
      const key = wished.toUpperCase();
      const there = spelled.get(key);
      const entry: TreeEntry = isFile
        ? { kind: "file", path: wished, bytes: contentOf(size, seed) }
        : { kind: "directory", path: wished };
      if (there === undefined) spelled.set(key, entry);
      else if (there.kind === "file" || isFile) break;
      path = there?.path ?? wished;
    }
  }
  return [...spelled.values()];
};

const treesOf = (letters: readonly string[]): fc.Arbitrary<Tree> =>
  fc
    .array(
      fc.record({
        names: fc.array(namesOf(fc.constantFrom(...letters)), { minLength: 1, maxLength: 7 }),
        size: fc.option(sizeArbitrary, { nil: undefined, freq: 5 }),
      }),
      { maxLength: 40 },
    )
    .map(arrange);

export const treeArbitrary = treesOf([...letters, "😀", "𐐀"]);

/** mtools knows no character that needs two UTF-16 units. */
export const mtoolsTreeArbitrary = treesOf(letters);

/**
 * mcopy leaves zeros in the aliases of some names with a tilde, so that the long name's checksum is wrong; it loses accents that stand alone;
 * it takes a folder with a bracket in its name for a pattern, and then copies what lies in it elsewhere; and it takes a file `-` for its
 * standard input.
 */
export const mcopyTreeArbitrary = treesOf(letters.filter((letter) => !["~", "-", "[", "\u0301"].includes(letter)));

const foldersOf = (path: string): readonly string[] =>
  path.split("/").flatMap((_, index, names) => (index === 0 ? [] : [names.slice(0, index).join("/")]));

export const ordered = (content: Content): Content => new Map([...content].sort(([a], [b]) => (a < b ? -1 : 1)));

export const contentOfTree = (tree: Tree): Content => {
  const content = new Map<string, string>();
  for (const entry of tree) {
    for (const folder of foldersOf(entry.path)) content.set(folder, "folder");
    content.set(entry.path, entry.kind === "file" ? digestOf(entry.bytes) : "folder");
  }
  return ordered(content);
};

export const contentFound = async ({ entries }: FoundTree, readAt: ReadAt): Promise<Content> => {
  const content = new Map<string, string>();
  for (const entry of entries)
    content.set(entry.path, entry.kind === "file" ? digestOf(await readFileBytes(readAt, entry)) : "folder");
  return ordered(content);
};

export const reading =
  (image: Buffer): ReadAt =>
  async (offset, length) =>
    image.subarray(offset, offset + length);

export const manyFiles = (count: number): Tree =>
  Array.from({ length: count }, (_, index) => ({
    kind: "file",
    path: `folder ${index % 20}/a file with number ${index}.json`,
    bytes: Buffer.from(`{"number":${index}}`),
  }));

export const configDrive: Tree = [
  { kind: "file", path: "openstack/latest/meta_data.json", bytes: Buffer.from('{"uuid":"x"}') },
  { kind: "file", path: "openstack/latest/network_data.json", bytes: Buffer.from("{}") },
  { kind: "file", path: "openstack/latest/user_data", bytes: contentOf(5000, 3) },
  { kind: "file", path: "openstack/latest/vendor_data.json", bytes: Buffer.alloc(0) },
  { kind: "directory", path: "openstack/content" },
];
