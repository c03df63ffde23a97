// The tree that a FAT image is to hold: names checked, folders made, each folder's content in one order whatever the caller's was.
import { MediabayError } from "../../../core/errors.ts";
import { cutPath } from "../../tree.ts";
import { foldCase, longestName, mostRecords, slotUnits } from "../names.ts";

/** Of a tree to be written, or of one that was found: a file has either bytes or a size. */
export interface SizedEntry {
  readonly kind: "file" | "directory";
  readonly path: string;
  readonly bytes?: Uint8Array;
  readonly sizeBytes?: number;
}

export interface FileNode {
  readonly kind: "file";
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly bytes: Uint8Array | undefined;
}

export interface DirectoryNode {
  readonly kind: "directory";
  readonly name: string;
  readonly path: string;
  /** Undefined for the root. */
  readonly parent: DirectoryNode | undefined;
  readonly children: readonly FatNode[];
}

export type FatNode = FileNode | DirectoryNode;

interface Growing extends DirectoryNode {
  readonly children: FatNode[];
  readonly byFoldedName: Map<string, FatNode>;
}

const mostFileBytes = 2 ** 32 - 1;

const invalid = (path: string, why: string): MediabayError =>
  new MediabayError("INVALID_REQUEST", `A FAT image cannot hold ${JSON.stringify(cutPath(path))}: ${why}.`);

const doesNotFit = (path: string, why: string): MediabayError =>
  new MediabayError("IMAGE_DOES_NOT_FIT", `A FAT image cannot hold ${JSON.stringify(cutPath(path))}: ${why}.`);

const forbidden = /[\p{Cc}"*/:<>?\\|]/u;

const requireName = (name: string, path: string): void => {
  if (name === "") throw invalid(path, "a name is empty");
  if (/[. ]$/.test(name)) throw invalid(path, "a name ends with a dot or a space");
  const character = forbidden.exec(name)?.[0];
  if (character !== undefined) throw invalid(path, `${JSON.stringify(character)} is not allowed in a name`);
  if (!name.isWellFormed()) throw invalid(path, "a name is not Unicode text");
  if (name.length > longestName) throw invalid(path, `a name has more than ${longestName} characters`);
};

const growing = (name: string, path: string, parent: Growing | undefined): Growing => ({
  kind: "directory",
  name,
  path,
  parent,
  children: [],
  byFoldedName: new Map(),
});

const add = (directory: Growing, node: FatNode): void => {
  requireName(node.name, node.path);
  const key = foldCase(node.name);
  const other = directory.byFoldedName.get(key);
  if (other?.name === node.name) throw invalid(node.path, "it is there twice");
  if (other !== undefined)
    throw doesNotFit(node.path, `it differs from ${JSON.stringify(cutPath(other.path))} only in upper and lower case`);
  directory.byFoldedName.set(key, node);
  directory.children.push(node);
};

/** Records of a name: its long form, and the alias. */
const recordsOfName = (name: string): number => 1 + Math.ceil(name.length / slotUnits);

/** With `.` and `..`, without a label. */
export const recordsOf = ({ parent, children }: DirectoryNode): number =>
  children.reduce((total, { name }) => total + recordsOfName(name), parent === undefined ? 0 : 2);

const parentPath = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

const nameIn = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

const folders = () => {
  const root = growing("", "", undefined);
  const byPath = new Map([["", root]]);
  const directoryAt = (path: string): Growing => {
    const missing: string[] = [];
    let above = path;
    for (; !byPath.has(above); above = parentPath(above)) missing.push(above);
    let directory = byPath.get(above) ?? root;
    for (const next of missing.toReversed()) {
      const made = growing(nameIn(next), next, directory);
      add(directory, made);
      byPath.set(next, made);
      directory = made;
    }
    return directory;
  };
  return { byPath, directoryAt };
};

const fileOf = ({ path, bytes, sizeBytes }: SizedEntry): FileNode => {
  const size = bytes?.length ?? sizeBytes ?? 0;
  if (size > mostFileBytes) throw doesNotFit(path, "a file has less than 4 GiB");
  return { kind: "file", name: nameIn(path), path, sizeBytes: size, bytes };
};

/**
 * All directories, the root first, each before those inside it.
 * @throws MediabayError INVALID_REQUEST, IMAGE_DOES_NOT_FIT
 */
export const planDirectories = (entries: readonly SizedEntry[]): readonly DirectoryNode[] => {
  const { byPath, directoryAt } = folders();
  for (const entry of entries) {
    if (entry.path.startsWith("/") || entry.path === "") throw invalid(entry.path, "a name is empty");
    if (entry.kind === "directory") directoryAt(entry.path);
    else add(directoryAt(parentPath(entry.path)), fileOf(entry));
  }
  const directories = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const directory of directories) {
    directory.children.sort((a, b) => (a.name < b.name ? -1 : 1));
    if (recordsOf(directory) >= mostRecords) throw doesNotFit(directory.path, "a folder has too many files");
  }
  return directories;
};
