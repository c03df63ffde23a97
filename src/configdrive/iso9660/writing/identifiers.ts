// Names as the plain and the Joliet hierarchy may hold them: ECMA-119 §7.5, §7.6, §10.1 (level 1: eight characters, a dot, three), and the
// Joliet specification (64 characters of UCS-2). What must be changed stays unique within its folder.
import type { TreeNode } from "./folders.ts";

interface Parts {
  readonly base: string;
  readonly extension: string;
}

interface Rules {
  readonly parts: (node: TreeNode) => Parts;
  readonly join: (parts: Parts) => string;
  readonly longestBase: (parts: Parts) => number;
}

const splitName = (name: string): Parts => {
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? { base: name, extension: "" } : { base: name.slice(0, dot), extension: name.slice(dot + 1) };
};

const cut = (text: string, length: number): string => {
  const short = text.slice(0, length);
  return short.isWellFormed() ? short : short.slice(0, -1);
};

const fewestDigits = 3;

/** In the nodes' order: the first of several equal names keeps it, the others end in a number. */
const uniqueIdentifiers = (nodes: readonly TreeNode[], { parts, join, longestBase }: Rules): readonly string[] => {
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  return nodes.map((node) => {
    const wanted = parts(node);
    let identifier = join(wanted);
    if (taken.has(identifier)) {
      const room = longestBase(wanted);
      const stem = join({ ...wanted, base: cut(wanted.base, room - fewestDigits) });
      let number = numbers.get(stem) ?? 0;
      do {
        const digits = number.toString(36).toUpperCase().padStart(fewestDigits, "0");
        identifier = join({ ...wanted, base: cut(wanted.base, room - digits.length) + digits });
        number += 1;
      } while (taken.has(identifier));
      numbers.set(stem, number);
    }
    taken.add(identifier);
    return identifier;
  });
};

const plain = (text: string, length: number): string =>
  text
    .replaceAll(/[^A-Za-z0-9_]/gu, "_")
    .toUpperCase()
    .slice(0, length);

const isoRules: Rules = {
  parts: ({ kind, name }) => {
    const { base, extension } = kind === "file" ? splitName(name) : { base: name, extension: "" };
    return { base: plain(base, 8), extension: plain(extension, 3) };
  },
  join: ({ base, extension }) => `${base}.${extension}`,
  longestBase: () => 8,
};

/** Files end in their version, folders have neither extension nor version. */
export const isoIdentifiers = (nodes: readonly TreeNode[]): readonly string[] =>
  uniqueIdentifiers(nodes, isoRules).map((identifier, index) =>
    nodes[index]?.kind === "file" ? `${identifier};1` : identifier.slice(0, -1),
  );

const longestJoliet = 64;
const longestJolietExtension = 16;
const foreignToJoliet = /[\p{Cc}*/:;?\\]/gu;

const jolietRules: Rules = {
  parts: ({ name }) => {
    // Windows and Linux alike drop dots at the end.
    const allowed = name.replaceAll(foreignToJoliet, "_").replace(/\.+$/, "") || "_";
    const { base, extension } = splitName(allowed);
    if (extension === "" || extension.length > longestJolietExtension)
      return { base: cut(allowed, longestJoliet), extension: "" };
    return { base: cut(base, longestJoliet - extension.length - 1), extension };
  },
  join: ({ base, extension }) => (extension === "" ? base : `${base}.${extension}`),
  longestBase: ({ extension }) => longestJoliet - (extension === "" ? 0 : extension.length + 1),
};

export const jolietIdentifiers = (nodes: readonly TreeNode[]): readonly string[] =>
  uniqueIdentifiers(nodes, jolietRules);
