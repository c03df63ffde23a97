// FAT12/16/32 as far as we must know it: is this a FAT volume, is it whole, what is its label.
// Microsoft "FAT: General Overview of On-Disk Format" 1.03; the label rule is blkid's (the root directory's record, whatever the boot sector says).
import { MediabayError } from "../../core/errors.ts";
import type { ReadAt } from "./read-at.ts";

interface Bpb {
  readonly volumeBytes: number;
  readonly rootOffset: number;
  readonly rootBytes: number;
}

/** A FAT32 root is a chain of clusters; the label is among its first entries. */
const longestRootReadBytes = 64 * 1024;

const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;

const text = (bytes: Buffer): string => bytes.toString("latin1").replace(/[\0 ]+$/, "");

const hasBootJump = (sector: Buffer): boolean =>
  sector[0] === 0xe9 || (sector[0] === 0xeb && sector[2] === 0x90) || (sector[0] === 0xeb && sector[2] === 0);

/** The BIOS parameter block of a boot sector, or undefined when it is not plausibly a FAT one. */
export const parseBpb = (sector: Buffer): Bpb | undefined => {
  if (sector.length < 512 || sector.readUInt16LE(510) !== 0xaa55 || !hasBootJump(sector)) return undefined;
  const bytesPerSector = sector.readUInt16LE(11);
  const reserved = sector.readUInt16LE(14);
  const tables = sector.readUInt8(16);
  const media = sector.readUInt8(21);
  if (![512, 1024, 2048, 4096].includes(bytesPerSector) || !isPowerOfTwo(sector.readUInt8(13))) return undefined;
  if (reserved === 0 || tables < 1 || tables > 2 || (media !== 0xf0 && media < 0xf8)) return undefined;
  const rootEntries = sector.readUInt16LE(17);
  const wide = sector.readUInt16LE(22) === 0;
  const sectorsPerTable = wide ? sector.readUInt32LE(36) : sector.readUInt16LE(22);
  const sectors = sector.readUInt16LE(19) || sector.readUInt32LE(32);
  const overhead = reserved + tables * sectorsPerTable;
  if (sectorsPerTable === 0 || sectors <= overhead || (rootEntries === 0) !== wide) return undefined;
  const firstCluster = wide ? Math.max(0, sector.readUInt32LE(44) - 2) : 0;
  return {
    volumeBytes: sectors * bytesPerSector,
    rootOffset: (overhead + firstCluster * sector.readUInt8(13)) * bytesPerSector,
    rootBytes: wide ? sector.readUInt8(13) * bytesPerSector : rootEntries * 32,
  };
};

const labelEntry = (root: Buffer): string | undefined => {
  for (let at = 0; at + 32 <= root.length && root[at] !== 0; at += 32) {
    const attributes = root.readUInt8(at + 11);
    const isLabel = (attributes & 0x08) !== 0 && (attributes & 0x3f) !== 0x0f;
    if (isLabel && root[at] !== 0xe5) return text(root.subarray(at, at + 11));
  }
  return undefined;
};

/** @throws MediabayError IMAGE_INVALID when the file is shorter than its volume */
export const inspectFat = async (readAt: ReadAt, sizeBytes: number): Promise<{ readonly label?: string }> => {
  const bpb = parseBpb(await readAt(0, 512));
  if (bpb === undefined) throw new MediabayError("IMAGE_INVALID", "The image has no FAT boot sector.");
  if (bpb.volumeBytes > sizeBytes)
    throw new MediabayError(
      "IMAGE_INVALID",
      `The FAT image is truncated: its volume has ${bpb.volumeBytes} bytes, the file only ${sizeBytes}.`,
    );
  const root = await readAt(bpb.rootOffset, Math.min(bpb.rootBytes, longestRootReadBytes));
  const label = labelEntry(root) ?? "";
  return label === "" ? {} : { label };
};
