// The 32-byte records of a directory: label, `.` and `..`, and for each name its long form with the alias behind it.
// Microsoft "FAT: General Overview of On-Disk Format" 1.03, "Directory structure", "Long directory entries".
import { aliasChecksum, attributes, recordBytes, slotUnits } from "../names.ts";
import { aliasesOf } from "./aliases.ts";
import type { DirectoryNode, FatNode } from "./nodes.ts";

/** 1980-01-01, the first day that FAT knows: the same files give the same bytes whenever they are written. */
const date = 0x21;
const lastSlot = 0x40;

/** Where the thirteen units of a slot lie in it. */
const unitOffsets = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30] as const;

interface ShortRecord {
  readonly name: string;
  readonly attribute: number;
  readonly firstCluster?: number;
  readonly sizeBytes?: number;
}

const writeShort = (bytes: Buffer, at: number, record: ShortRecord): number => {
  const { name, attribute, firstCluster = 0, sizeBytes = 0 } = record;
  bytes.write(name, at, 11, "latin1");
  bytes[at + 11] = attribute;
  bytes.writeUInt16LE(date, at + 16);
  bytes.writeUInt16LE(date, at + 18);
  bytes.writeUInt16LE(firstCluster >>> 16, at + 20);
  bytes.writeUInt16LE(date, at + 24);
  bytes.writeUInt16LE(firstCluster & 0xffff, at + 26);
  bytes.writeUInt32LE(sizeBytes, at + 28);
  return at + recordBytes;
};

/** The unit after a name is 0, those after that are 0xffff. */
const unitAt = (name: string, index: number): number =>
  index < name.length ? name.charCodeAt(index) : index === name.length ? 0 : 0xffff;

/** The slots lie in reverse, the last part of the name first. */
const writeLong = (bytes: Buffer, start: number, name: string, checksum: number): number => {
  const slots = Math.ceil(name.length / slotUnits);
  let at = start;
  for (let ordinal = slots; ordinal > 0; ordinal -= 1) {
    bytes[at] = ordinal === slots ? ordinal | lastSlot : ordinal;
    bytes[at + 11] = attributes.longName;
    bytes[at + 13] = checksum;
    let index = (ordinal - 1) * slotUnits;
    for (const offset of unitOffsets) {
      bytes.writeUInt16LE(unitAt(name, index), at + offset);
      index += 1;
    }
    at += recordBytes;
  }
  return at;
};

const writeNamed = (bytes: Buffer, at: number, node: FatNode, alias: string, firstCluster: number): number => {
  const short: ShortRecord =
    node.kind === "file"
      ? { name: alias, attribute: attributes.archive, firstCluster, sizeBytes: node.sizeBytes }
      : { name: alias, attribute: attributes.directory, firstCluster };
  // A name that is its own alias gets a long form as well: some readers show bare aliases in lower case, some in upper case.
  const behind = writeLong(bytes, at, node.name, aliasChecksum(Buffer.from(alias, "latin1"), 0));
  return writeShort(bytes, behind, short);
};

interface DirectoryPlace {
  /** 0 for the root and for an empty file. */
  readonly clusterOf: (node: FatNode) => number;
  /** 11 characters; only the root has one. */
  readonly label?: string;
}

/** @param bytes zeros, and enough of them */
export const writeDirectory = (bytes: Buffer, directory: DirectoryNode, { clusterOf, label }: DirectoryPlace): void => {
  const { parent, children } = directory;
  let at = 0;
  if (label !== undefined) at = writeShort(bytes, at, { name: label, attribute: attributes.volumeLabel });
  if (parent !== undefined) {
    const dots = [directory, parent].map(clusterOf);
    for (const [index, firstCluster] of dots.entries())
      at = writeShort(bytes, at, {
        name: ".".repeat(index + 1).padEnd(11),
        attribute: attributes.directory,
        firstCluster,
      });
  }
  const aliases = aliasesOf(children.map(({ name }) => name));
  for (const [index, node] of children.entries())
    at = writeNamed(bytes, at, node, aliases[index] ?? "", clusterOf(node));
};
