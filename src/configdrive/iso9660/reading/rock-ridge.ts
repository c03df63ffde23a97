// Rock Ridge as it is read (SUSP 1.12 §5, RRIP 1.12 §4): the fields of a record's system use area and of its continuations. Made as Linux
// takes them (fs/isofs/rock.c), and as little believed.
import type { Bounds } from "./bounds.ts";
import { sectorBytes } from "./volume.ts";

/** As many as Linux follows. */
const mostContinuations = 32;
/** What one is taken for at least, however short it is. */
const leastContinuationBytes = 256;
/** As many fields as these bytes can hold cost as much as a record. */
const bytesPerStep = 64;
const longestName = 255;
/** POSIX's PATH_MAX: a longer one leads nowhere. */
const longestTarget = 4096;

/** What keeps an entry from being shown as a file or a directory. */
export type LeftOut = "a symbolic link" | "a device or a pipe" | "compressed (zisofs)" | "a sparse file";

export interface RockRidge {
  readonly name?: Buffer;
  readonly leftOut?: LeftOut;
  /** Of a symbolic link: where it leads, with slashes between the names. */
  readonly target?: Buffer;
  /** CL: the block of a directory that lies elsewhere for being too deep. */
  readonly childBlock?: number;
  /** RE: a directory that belongs elsewhere. */
  readonly relocated: boolean;
  /** A continuation that leads nowhere, or round. */
  readonly damaged: boolean;
}

interface Found {
  nameParts: Buffer[];
  nameBytes: number;
  targetParts: Buffer[];
  targetBytes: number;
  leftOut?: LeftOut;
  childBlock?: number;
  relocated: boolean;
  next?: { readonly block: number; readonly offset: number; readonly bytes: number };
}

const fileTypeMask = 0o170000;
const [folderType, regularType, linkType] = [0o040000, 0o100000, 0o120000];

const readMode = (field: Buffer, found: Found): void => {
  const type = field.readUInt32LE(4) & fileTypeMask;
  if (type === linkType) found.leftOut ??= "a symbolic link";
  else if (type !== folderType && type !== regularType && type !== 0) found.leftOut ??= "a device or a pipe";
};

const readName = (field: Buffer, found: Found): void => {
  const flags = field.readUInt8(4);
  // CURRENT and PARENT stand for `.` and `..`.
  if ((flags & 0x06) !== 0 || found.nameBytes > longestName) return;
  found.nameParts.push(field.subarray(5));
  found.nameBytes += field.length - 5;
};

const slash = Buffer.from("/");
const [current, parent] = [Buffer.from("."), Buffer.from("..")];

/** What a component of a link stands for, by its flags (RRIP §4.1.3.1). */
const componentOf = (flags: number, text: Buffer): Buffer => {
  if ((flags & 0x08) !== 0) return slash;
  if ((flags & 0x04) !== 0) return parent;
  return (flags & 0x02) === 0 ? text : current;
};

const readLink = (field: Buffer, found: Found): void => {
  found.leftOut ??= "a symbolic link";
  for (let at = 5; at + 2 <= field.length && found.targetBytes <= longestTarget; ) {
    const flags = field.readUInt8(at);
    const end = at + 2 + field.readUInt8(at + 1);
    const text = componentOf(flags, field.subarray(at + 2, end));
    const goesOn = (flags & 0x01) !== 0;
    found.targetParts.push(text, ...(goesOn ? [] : [slash]));
    found.targetBytes += text.length + (goesOn ? 0 : 1);
    at = end;
  }
};

const targetOf = ({ leftOut, targetParts, targetBytes }: Found): Buffer | undefined =>
  leftOut === "a symbolic link" && targetBytes > 0 && targetBytes <= longestTarget
    ? Buffer.concat(targetParts).subarray(0, -1)
    : undefined;

type FieldReader = readonly [fewestBytes: number, read: (field: Buffer, found: Found) => void];

const readers: Readonly<Record<string, FieldReader>> = {
  PX: [20, readMode],
  NM: [5, readName],
  SL: [5, readLink],
  ZF: [5, (_field, found) => (found.leftOut ??= "compressed (zisofs)")],
  SF: [5, (_field, found) => (found.leftOut ??= "a sparse file")],
  RE: [4, (_field, found) => (found.relocated = true)],
  CL: [12, (field, found) => (found.childBlock = field.readUInt32LE(4))],
  CE: [
    28,
    (field, found) => {
      found.next = { block: field.readUInt32LE(4), offset: field.readUInt32LE(12), bytes: field.readUInt32LE(20) };
    },
  ],
};

const signatureOf = (text: string): number => Buffer.from(text, "latin1").readUInt16BE(0);

/** By numbers: a hostile image has a million fields, and a string for each would be slow. */
const fields: ReadonlyMap<number, FieldReader> = new Map(
  Object.entries(readers).map(([signature, reader]) => [signatureOf(signature), reader]),
);
const lastField = signatureOf("ST");

/** Answers how many fields there are, and parts of links in them. */
const readArea = (area: Buffer, found: Found): number => {
  let at = 0;
  let count = -found.targetParts.length;
  for (; at + 4 <= area.length; count += 1) {
    const signature = ((area[at] ?? 0) << 8) | (area[at + 1] ?? 0);
    const length = area[at + 2] ?? 0;
    if (length < 4 || at + length > area.length || signature === lastField) break;
    const reader = fields.get(signature);
    if (reader !== undefined && length >= reader[0]) reader[1](area.subarray(at, at + length), found);
    at += length;
  }
  return count + found.targetParts.length;
};

export interface SystemUse {
  /** The bytes of a continuation; undefined past the image's end. */
  read(offset: number, length: number): Promise<Buffer | undefined>;
  takeFields(count: number): void;
}

/** Continuations lie side by side: each sector with some is read once. */
export const createSystemUse = (bounds: Bounds): SystemUse => {
  const sectors = new Map<number, Buffer>();
  const sectorAt = async (start: number): Promise<Buffer | undefined> => {
    const bytes = Math.min(sectorBytes, bounds.sizeBytes - start);
    if (bytes <= 0) return undefined;
    bounds.takeDirectoryBytes(sectorBytes);
    const sector = await bounds.read(start, bytes);
    sectors.set(start, sector);
    return sector;
  };
  return {
    async read(offset, length) {
      await bounds.breathe(1 + length / bytesPerStep);
      bounds.takeDirectoryBytes(Math.max(length, leastContinuationBytes));
      const start = offset - (offset % sectorBytes);
      const sector = sectors.get(start) ?? (await sectorAt(start));
      const at = offset - start;
      return sector !== undefined && at + length <= sector.length ? sector.subarray(at, at + length) : undefined;
    },
    takeFields: (count) => bounds.takeFields(count),
  };
};

/** Answers whether all of them could be read: none leads out of the image, nor to one that was read before. */
const readContinuations = async (found: Found, blockBytes: number, systemUse: SystemUse): Promise<boolean> => {
  const seen = new Set<number>();
  while (found.next !== undefined) {
    const { block, offset, bytes } = found.next;
    delete found.next;
    const at = block * blockBytes + offset;
    if (seen.has(at) || seen.size >= mostContinuations || offset + bytes > sectorBytes) return false;
    seen.add(at);
    const area = await systemUse.read(at, bytes);
    if (area === undefined) return false;
    systemUse.takeFields(readArea(area, found));
  }
  return true;
};

/** @param area a record's own, without what the indicator says to skip */
export const readRockRidge = async (area: Buffer, blockBytes: number, systemUse: SystemUse): Promise<RockRidge> => {
  const found: Found = { nameParts: [], nameBytes: 0, targetParts: [], targetBytes: 0, relocated: false };
  systemUse.takeFields(readArea(area, found));
  const damaged = !(await readContinuations(found, blockBytes, systemUse));
  const { nameParts, leftOut, childBlock, relocated } = found;
  const target = targetOf(found);
  return {
    relocated,
    damaged,
    ...(nameParts.length > 0 && { name: Buffer.concat(nameParts) }),
    ...(leftOut !== undefined && { leftOut }),
    ...(target !== undefined && { target }),
    ...(childBlock !== undefined && { childBlock }),
  };
};

const indicator = Buffer.from("SP\u0007\u0001\u00be\u00ef", "latin1");
/** CD-ROM XA puts so many bytes before it. */
const xaBytes = 14;

/** How many bytes of each record's area to skip; undefined where the root's own record has no indicator: there is no Rock Ridge. */
export const skipOfRockRidge = (rootUse: Buffer): number | undefined =>
  [0, xaBytes]
    .filter((at) => rootUse.length >= at + 7 && rootUse.subarray(at, at + 6).equals(indicator))
    .map((at) => rootUse.readUInt8(at + 6))[0];
