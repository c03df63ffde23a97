// Rock Ridge as it is read (SUSP 1.12 §5, RRIP 1.12 §4): the fields of a record's system use area and of its continuations. Made as Linux
// takes them (fs/isofs/rock.c), and as little believed.
import type { Bounds } from "./bounds.ts";
import { sectorBytes } from "./volume.ts";

/** As many as Linux follows. */
const mostContinuations = 32;
const longestName = 255;

/** What keeps an entry from being shown as a file or a directory. */
export type LeftOut = "a symbolic link" | "a device or a pipe" | "compressed (zisofs)" | "a sparse file";

export interface RockRidge {
  readonly name?: Buffer;
  readonly leftOut?: LeftOut;
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

/** By signature: the fewest bytes that a field has, and what is in it. */
const fields: Readonly<Record<string, readonly [number, (field: Buffer, found: Found) => void]>> = {
  PX: [20, readMode],
  NM: [5, readName],
  SL: [5, (_field, found) => (found.leftOut ??= "a symbolic link")],
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

const readArea = (area: Buffer, found: Found): void => {
  let at = 0;
  while (at + 4 <= area.length) {
    const length = area.readUInt8(at + 2);
    const signature = area.toString("latin1", at, at + 2);
    if (length < 4 || at + length > area.length || signature === "ST") return;
    const [fewestBytes, read] = fields[signature] ?? [];
    if (fewestBytes !== undefined && length >= fewestBytes) read?.(area.subarray(at, at + length), found);
    at += length;
  }
};

export interface SectorCache {
  /** Undefined past the image's end. */
  read(offset: number, length: number): Promise<Buffer | undefined>;
}

/** Continuations lie side by side: the sector that was read last is kept. */
export const createSectorCache = (bounds: Bounds): SectorCache => {
  let kept: { readonly start: number; readonly bytes: Buffer } | undefined;
  return {
    async read(offset, length) {
      const start = offset - (offset % sectorBytes);
      if (kept?.start !== start) {
        const bytes = Math.min(sectorBytes, bounds.sizeBytes - start);
        if (bytes <= 0) return undefined;
        bounds.takeDirectoryBytes(sectorBytes);
        kept = { start, bytes: await bounds.read(start, bytes) };
      }
      const at = offset - start;
      return at + length <= kept.bytes.length ? kept.bytes.subarray(at, at + length) : undefined;
    },
  };
};

/** @param systemUse without what the indicator says to skip */
export const readRockRidge = async (systemUse: Buffer, blockBytes: number, cache: SectorCache): Promise<RockRidge> => {
  const found: Found = { nameParts: [], nameBytes: 0, relocated: false };
  readArea(systemUse, found);
  let [continuations, damaged] = [0, false];
  while (found.next !== undefined && !damaged) {
    const { block, offset, bytes } = found.next;
    delete found.next;
    continuations += 1;
    const isPlausible = continuations <= mostContinuations && offset + bytes <= sectorBytes;
    const area = isPlausible ? await cache.read(block * blockBytes + offset, bytes) : undefined;
    if (area === undefined) damaged = true;
    else readArea(area, found);
  }
  const { nameParts, leftOut, childBlock, relocated } = found;
  return {
    relocated,
    damaged,
    ...(nameParts.length > 0 && { name: Buffer.concat(nameParts) }),
    ...(leftOut !== undefined && { leftOut }),
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
