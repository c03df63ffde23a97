// One hierarchy of an image: its directories in path table order (ECMA-119 §6.9.1) with the records of each (§9.3), and how much room they take.
import { MediabayError } from "../../../core/errors.ts";
import { recordBytes, sectorBytes, sectorsOf } from "./fields.ts";
import type { FolderNode, TreeNode } from "./folders.ts";
import { createSpillSpace, type Spill, type SpillSpace } from "./rock-ridge.ts";

/** How a hierarchy names things. */
export interface Naming {
  readonly encoding: "latin1" | "utf16be";
  readonly identifiers: (nodes: readonly TreeNode[]) => readonly string[];
  readonly rootUseBytes: number;
  readonly ownUseBytes: number;
  /** None where there is no Rock Ridge. */
  readonly use?: (
    node: TreeNode,
    recordStartBytes: number,
    space: SpillSpace,
  ) => { readonly useBytes: number; readonly spill?: Spill };
}

/** A directory record of a child. */
export interface Row {
  readonly node: TreeNode;
  readonly identifier: string;
  readonly identifierBytes: number;
  readonly lengthBytes: number;
  readonly offset: number;
  readonly spill: Spill | undefined;
}

export interface Directory {
  readonly folder: FolderNode;
  /** The root's parent is the root. */
  readonly parentIndex: number;
  readonly identifier: string;
  readonly rows: readonly Row[];
  /** From its parent, itself, and each folder in it. */
  readonly links: number;
  /** Of the record `.`; `..` follows it. */
  readonly ownBytes: number;
  readonly parentBytes: number;
  readonly sizeBytes: number;
  /** From the hierarchy's start. */
  readonly sector: number;
  /** The same of what continues its records: before the directories in it, as who reads an image from front to back needs it. */
  readonly areaSector: number;
}

export interface Hierarchy {
  readonly encoding: Naming["encoding"];
  readonly directories: readonly Directory[];
  readonly directoryOf: ReadonlyMap<FolderNode, Directory>;
  readonly pathTableBytes: number;
  readonly sectors: number;
}

/** The path table has 16 bits for a parent's number. */
const mostDirectories = 0xffff;

const byIdentifier = (one: { identifier: string }, other: { identifier: string }): number =>
  one.identifier < other.identifier ? -1 : 1;

const even = (bytes: number): number => bytes + (bytes % 2);

const byName = (one: TreeNode, other: TreeNode): number => (one.name < other.name ? -1 : 1);

const rowsOf = (
  folder: FolderNode,
  naming: Naming,
  startBytes: number,
  space: SpillSpace,
): { rows: Row[]; endBytes: number } => {
  const nodes = [...folder.children.values()].sort(byName);
  const identifiers = naming.identifiers(nodes);
  const named = nodes.map((node, index) => ({ node, identifier: identifiers[index] ?? "" })).sort(byIdentifier);
  let end = startBytes;
  const rows = named.map(({ node, identifier }): Row => {
    const identifierBytes = naming.encoding === "latin1" ? identifier.length : identifier.length * 2;
    const start = recordBytes(identifierBytes);
    const { useBytes = 0, spill } = naming.use?.(node, start, space) ?? {};
    const lengthBytes = even(start + useBytes);
    // A record never crosses the border of a sector.
    const offset = (end % sectorBytes) + lengthBytes > sectorBytes ? sectorsOf(end) * sectorBytes : end;
    end = offset + lengthBytes;
    return { node, identifier, identifierBytes, lengthBytes, offset, spill };
  });
  return { rows, endBytes: end };
};

const pathTableEntryBytes = (identifierBytes: number): number => 8 + even(identifierBytes);

export const layHierarchy = (root: FolderNode, naming: Naming): Hierarchy => {
  const waiting = [{ folder: root, parentIndex: 0, identifier: "\0" }];
  const directories: Directory[] = [];
  const directoryOf = new Map<FolderNode, Directory>();
  let sectors = 0;
  let pathTableBytes = pathTableEntryBytes(1);
  for (const { folder, parentIndex, identifier } of waiting) {
    const index = directories.length;
    if (index === mostDirectories)
      throw new MediabayError("IMAGE_DOES_NOT_FIT", `ISO 9660 takes no more than ${mostDirectories} directories.`);
    const ownBytes = even(recordBytes(1) + (index === 0 ? naming.rootUseBytes : naming.ownUseBytes));
    const parentBytes = even(recordBytes(1) + naming.ownUseBytes);
    const space = createSpillSpace(index === 0);
    const { rows, endBytes } = rowsOf(folder, naming, ownBytes + parentBytes, space);
    const sizeBytes = sectorsOf(endBytes) * sectorBytes;
    const areaSector = sectors + sectorsOf(endBytes);
    const links = 2 + rows.filter(({ node }) => node.kind === "directory").length;
    const place = { sizeBytes, sector: sectors, areaSector };
    const directory = { folder, parentIndex, identifier, rows, links, ownBytes, parentBytes, ...place };
    directories.push(directory);
    directoryOf.set(folder, directory);
    sectors = areaSector + (naming.use === undefined ? 0 : space.sectors());
    for (const row of rows) {
      if (row.node.kind === "file") continue;
      waiting.push({ folder: row.node, parentIndex: index, identifier: row.identifier });
      pathTableBytes += pathTableEntryBytes(row.identifierBytes);
    }
  }
  return { encoding: naming.encoding, directories, directoryOf, pathTableBytes, sectors };
};
