// The tree as folders in folders, its names checked: what every hierarchy of an image is made from.
import { MediabayError } from "../../../core/errors.ts";
import { cutPath, defaultReadLimits, type TreeEntry } from "../../tree.ts";

/** What an entry takes, where its bytes do not matter. */
export interface SizedEntry {
  readonly kind: "file" | "directory";
  readonly path: string;
  readonly sizeBytes: number;
}

export interface FileNode {
  readonly kind: "file";
  readonly name: string;
  readonly sizeBytes: number;
  /** Undefined where only the size was told. */
  readonly bytes: Uint8Array | undefined;
}

export interface FolderNode {
  readonly kind: "directory";
  readonly name: string;
  readonly children: Map<string, TreeNode>;
}

export type TreeNode = FileNode | FolderNode;

/** POSIX's NAME_MAX, which Linux applies to Rock Ridge names as well. */
const longestNameBytes = 255;
/** A directory record has 32 bits for a file's size. */
const longestFileBytes = 0xffff_ffff;

const refuse = (path: string, why: string): MediabayError =>
  new MediabayError(
    "INVALID_REQUEST",
    `The path ${JSON.stringify(cutPath(path))} cannot be written into an image: ${why}.`,
  );

const namesOf = (path: string): readonly string[] => {
  const names = path.split("/");
  for (const name of names) {
    if (name === "") throw refuse(path, "a name in it is empty");
    if (name === "." || name === "..") throw refuse(path, `${name} is no name`);
    if (name.includes("\0")) throw refuse(path, "a name in it holds a NUL");
    if (!name.isWellFormed()) throw refuse(path, "a name in it is no Unicode text");
    if (name.length * 3 > longestNameBytes && Buffer.byteLength(name) > longestNameBytes)
      throw refuse(path, `a name in it is longer than ${longestNameBytes} bytes`);
  }
  return names;
};

const newFolder = (name: string): FolderNode => ({ kind: "directory", name, children: new Map() });

const folderIn = (parent: FolderNode, name: string, path: string): FolderNode => {
  const found = parent.children.get(name);
  if (found?.kind === "file") throw refuse(path, "it is a file and a directory");
  if (found !== undefined) return found;
  const folder = newFolder(name);
  parent.children.set(name, folder);
  return folder;
};

const fileOf = (name: string, entry: TreeEntry | SizedEntry): FileNode => {
  const bytes = "bytes" in entry ? entry.bytes : undefined;
  const sizeBytes = "bytes" in entry ? entry.bytes.length : "sizeBytes" in entry ? entry.sizeBytes : 0;
  if (sizeBytes > longestFileBytes)
    throw new MediabayError("IMAGE_DOES_NOT_FIT", `The file ${entry.path} is too long for ISO 9660.`);
  return { kind: "file", name, sizeBytes, bytes };
};

const add = (root: FolderNode, entry: TreeEntry | SizedEntry): void => {
  const names = namesOf(entry.path);
  const last = names.length - 1;
  if (last + (entry.kind === "directory" ? 1 : 0) > defaultReadLimits.depth)
    throw refuse(entry.path, `it is deeper than ${defaultReadLimits.depth} levels`);
  let folder = root;
  names.slice(0, last).forEach((name) => {
    folder = folderIn(folder, name, entry.path);
  });
  const name = names[last] ?? "";
  if (entry.kind === "directory") folderIn(folder, name, entry.path);
  else {
    const known = folder.children.get(name);
    if (known !== undefined)
      throw refuse(entry.path, known.kind === "file" ? "it is there twice" : "it is a file and a directory");
    folder.children.set(name, fileOf(name, entry));
  }
};

/**
 * The root of all entries.
 * @throws MediabayError INVALID_REQUEST, naming a path; IMAGE_DOES_NOT_FIT for a file of 4 GiB
 */
export const foldersOf = (entries: readonly (TreeEntry | SizedEntry)[]): FolderNode => {
  const root = newFolder("");
  for (const entry of entries) add(root, entry);
  return root;
};
