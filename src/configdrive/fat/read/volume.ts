// What a FAT boot sector says of its volume, held against the image's size. The width is told as Linux tells it: FAT32 by a table size
// of its own, the others by the number of clusters. Microsoft "FAT: General Overview of On-Disk Format" 1.03, "Boot sector and BPB".
import type { ReadAt } from "../../tree.ts";
import { recordBytes } from "../names.ts";
import { invalidFat } from "./read-exactly.ts";

export interface FatVolume {
  readonly width: 12 | 16 | 32;
  readonly sectorBytes: number;
  readonly clusterBytes: number;
  /** Numbered from 2. */
  readonly clusters: number;
  readonly tableOffset: number;
  /** Of cluster 2. */
  readonly dataOffset: number;
  /** FAT12 and FAT16: a region of its own in front of the clusters. */
  readonly rootRegion: { readonly from: number; readonly to: number } | undefined;
  /** FAT32: where the root's chain begins; otherwise 0. */
  readonly rootCluster: number;
  /** Trimmed; empty when the boot sector has none. */
  readonly bootLabel: string;
}

/** `fault`: why no FAT volume that we read begins so; `foreign`: what it is if a FAT volume all the same, a noun with its article. */
export type BootSector =
  | (FatVolume & { readonly volumeBytes: number; readonly fault?: never; readonly foreign?: never })
  | { readonly fault: string; readonly foreign?: string };

const bootBytes = 512;
const mostClustersOf = { 12: 4084, 16: 65_524, 32: 0x0ffffff5 } as const;
const mostNarrowClusters = mostClustersOf[12];

const mostSectorBytes = 4096;

const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;

export const fieldText = (field: Buffer): string => field.toString("latin1").replace(/[\0 ]+$/, "");

const parametersOf = (sector: Buffer) => {
  const shortTable = sector.readUInt16LE(22);
  const isWide = shortTable === 0;
  const extended = isWide ? 66 : 38;
  return {
    isWide,
    sectorBytes: sector.readUInt16LE(11),
    sectorsPerCluster: sector.readUInt8(13),
    reserved: sector.readUInt16LE(14),
    tables: sector.readUInt8(16),
    rootRecords: sector.readUInt16LE(17),
    sectors: sector.readUInt16LE(19) || sector.readUInt32LE(32),
    media: sector.readUInt8(21),
    tableSectors: isWide ? sector.readUInt32LE(36) : shortTable,
    rootCluster: isWide ? sector.readUInt32LE(44) : 0,
    bootLabel: sector.readUInt8(extended) === 0x29 ? fieldText(sector.subarray(extended + 5, extended + 16)) : "",
  };
};

type Parameters = ReturnType<typeof parametersOf>;

/** What formatters make and nobody reads: Linux takes sectors up to 4096 bytes, and firmware no more than two tables. */
const foreignIn = ({ sectorBytes, tables }: Parameters): string | undefined => {
  if (sectorBytes > mostSectorBytes) return `a FAT volume with sectors of ${sectorBytes} bytes`;
  return tables > 2 ? `a FAT volume with ${tables} tables` : undefined;
};

const faultIn = (sector: Buffer, parameters: Parameters): string | undefined => {
  const { isWide, sectorBytes, sectorsPerCluster, reserved, tables, rootRecords, media, tableSectors } = parameters;
  const isBoot = sector.readUInt16LE(510) === 0xaa55 && (sector[0] === 0xeb || sector[0] === 0xe9);
  if (!isBoot || (media !== 0xf0 && media < 0xf8)) return "it has no FAT boot sector";
  if (sectorBytes < 512 || !isPowerOfTwo(sectorBytes) || !isPowerOfTwo(sectorsPerCluster))
    return "its boot sector names impossible sectors or clusters";
  if (reserved === 0 || tables === 0 || tableSectors === 0 || (rootRecords === 0) !== isWide)
    return "its boot sector names impossible tables";
  return undefined;
};

const volumeOf = (parameters: Parameters): BootSector => {
  const { isWide, sectorBytes, sectorsPerCluster, sectors, tableSectors, rootRecords } = parameters;
  const rootSector = parameters.reserved + parameters.tables * tableSectors;
  const dataSector = rootSector + Math.ceil((rootRecords * recordBytes) / sectorBytes);
  const inData = Math.floor((sectors - dataSector) / sectorsPerCluster);
  const width = isWide ? 32 : inData <= mostNarrowClusters ? 12 : 16;
  const inTable = Math.floor((tableSectors * sectorBytes * 8) / width) - 2;
  const clusters = Math.min(inData, inTable);
  if (clusters < 1 || inData > mostClustersOf[width]) return { fault: "its boot sector names an impossible size" };
  const rootFrom = rootSector * sectorBytes;
  return {
    width,
    sectorBytes,
    clusters,
    clusterBytes: sectorsPerCluster * sectorBytes,
    tableOffset: parameters.reserved * sectorBytes,
    dataOffset: dataSector * sectorBytes,
    rootRegion: isWide ? undefined : { from: rootFrom, to: rootFrom + rootRecords * recordBytes },
    rootCluster: parameters.rootCluster & 0x0fffffff,
    bootLabel: parameters.bootLabel,
    volumeBytes: sectors * sectorBytes,
  };
};

/** @param image its beginning; the boot sector is all that counts */
export const parseBootSector = (image: Buffer): BootSector => {
  if (image.length < bootBytes) return { fault: "it is shorter than a boot sector" };
  const parameters = parametersOf(image);
  const fault = faultIn(image, parameters);
  if (fault !== undefined) return { fault };
  const foreign = foreignIn(parameters);
  return foreign === undefined ? volumeOf(parameters) : { fault: `it is ${foreign}`, foreign };
};

/** @throws MediabayError IMAGE_INVALID without a FAT boot sector, or when the image is shorter than its volume */
export const readVolume = async (readAt: ReadAt, sizeBytes: number): Promise<FatVolume> => {
  const found = parseBootSector(await readAt(0, Math.min(bootBytes, sizeBytes)));
  if (found.fault !== undefined) throw invalidFat(found.fault);
  const { volumeBytes, ...volume } = found;
  if (volumeBytes > sizeBytes)
    throw invalidFat(`it is truncated: its volume has ${volumeBytes} bytes, the file only ${sizeBytes}`);
  return volume;
};
