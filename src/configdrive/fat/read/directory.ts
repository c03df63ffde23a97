// The records of one directory: names long and short, deleted ones passed over, the end where the first byte is 0.
// A long name counts only when its slots are complete, in order, and bound to the alias behind them by its checksum.
import { aliasChecksum, attributes, longestName, recordBytes } from "../names.ts";
import { shortNameAt } from "./short-names.ts";
import { fieldText } from "./volume.ts";

export interface DirectoryRecord {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly firstCluster: number;
  readonly sizeBytes: number;
}

interface LongName {
  readonly checksum: number;
  /** Of the slot that was read last; 1 is the one before the alias. */
  readonly ordinal: number;
  readonly text: string;
}

const deleted = 0xe5;
const lastSlot = 0x40;
const mostSlots = 20;

const slotText = (bytes: Buffer, at: number): string =>
  bytes.toString("utf16le", at + 1, at + 11) +
  bytes.toString("utf16le", at + 14, at + 26) +
  bytes.toString("utf16le", at + 28, at + 32);

/** Undefined where the slot does not continue what came before it. */
const withSlot = (before: LongName | undefined, bytes: Buffer, at: number): LongName | undefined => {
  const mark = bytes[at] ?? 0;
  const checksum = bytes[at + 13] ?? 0;
  const ordinal = mark & ~lastSlot;
  if (ordinal === 0 || ordinal > mostSlots) return undefined;
  if ((mark & lastSlot) !== 0) return { checksum, ordinal, text: slotText(bytes, at) };
  if (before?.ordinal !== ordinal + 1 || before.checksum !== checksum) return undefined;
  return { checksum, ordinal, text: slotText(bytes, at) + before.text };
};

const longNameFor = (long: LongName | undefined, bytes: Buffer, at: number): string | undefined => {
  if (long?.ordinal !== 1 || long.checksum !== aliasChecksum(bytes, at)) return undefined;
  const end = long.text.indexOf("\0");
  const name = end < 0 ? long.text : long.text.slice(0, end);
  return name === "" || name.length > longestName ? undefined : name.toWellFormed();
};

const isDots = (bytes: Buffer, at: number): boolean => /^\.\.? +$/.test(bytes.toString("latin1", at, at + 11));

const recordAt = (bytes: Buffer, at: number, long: LongName | undefined, isWide: boolean): DirectoryRecord => ({
  name: longNameFor(long, bytes, at) ?? shortNameAt(bytes, at),
  isDirectory: (bytes.readUInt8(at + 11) & attributes.directory) !== 0,
  firstCluster: ((isWide ? bytes.readUInt16LE(at + 20) & 0x0fff : 0) << 16) | bytes.readUInt16LE(at + 26),
  sizeBytes: bytes.readUInt32LE(at + 28),
});

/** Without `.`, `..` and labels. */
export const parseDirectory = (bytes: Buffer, isWide: boolean): readonly DirectoryRecord[] => {
  const records: DirectoryRecord[] = [];
  let long: LongName | undefined;
  for (let at = 0; at + recordBytes <= bytes.length && bytes[at] !== 0; at += recordBytes) {
    const attribute = bytes[at + 11] ?? 0;
    if (bytes[at] === deleted) long = undefined;
    else if (attribute === attributes.longName) long = withSlot(long, bytes, at);
    else {
      const isLabel = (attribute & attributes.volumeLabel) !== 0;
      if (!isLabel && !isDots(bytes, at)) records.push(recordAt(bytes, at, long, isWide));
      long = undefined;
    }
  }
  return records;
};

/** blkid's rule: the first label of the root that has no clusters; the boot sector's own does not count. */
export const labelIn = (root: Buffer): string | undefined => {
  for (let at = 0; at + recordBytes <= root.length && root[at] !== 0; at += recordBytes) {
    const attribute = root[at + 11] ?? 0;
    const isLabel = (attribute & 0x18) === attributes.volumeLabel && (attribute & 0x3f) !== attributes.longName;
    const hasClusters = root.readUInt16LE(at + 20) !== 0 || root.readUInt16LE(at + 26) !== 0;
    if (isLabel && !hasClusters && root[at] !== deleted) return fieldText(root.subarray(at, at + 11)) || undefined;
  }
  return undefined;
};
