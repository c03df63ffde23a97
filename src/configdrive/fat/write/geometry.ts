// Where the parts of a FAT volume lie, by its size: the width follows from the number of clusters and from nothing else.
// Microsoft "FAT: General Overview of On-Disk Format" 1.03: "FAT type determination", "FAT volume initialization".

export type FatWidth = 12 | 16 | 32;

export interface Geometry {
  readonly width: FatWidth;
  readonly sectorBytes: number;
  readonly sectors: number;
  readonly clusterBytes: number;
  readonly clusters: number;
  readonly reservedSectors: number;
  /** Of each of the two tables. */
  readonly tableSectors: number;
  /** 0 for FAT32, whose root is a chain of clusters. */
  readonly rootRecords: number;
  /** Of the first cluster, which has number 2. */
  readonly dataOffset: number;
  readonly media: number;
  readonly sectorsPerTrack: number;
  readonly heads: number;
}

interface Floppy {
  readonly clusterBytes: number;
  readonly rootRecords: number;
  readonly sectorsPerTrack: number;
}

export const floppyBytes = 1_474_560;
const floppies = new Map<number, Floppy>([
  [floppyBytes, { clusterBytes: 512, rootRecords: 224, sectorsPerTrack: 18 }],
  [2_949_120, { clusterBytes: 1024, rootRecords: 240, sectorsPerTrack: 36 }],
]);

const longestClusterBytes = 32_768;
/** From here on a FAT32 is what other formatters make, too. */
const wideFromBytes = 512 << 20;
const mostSectors = 2 ** 32 - 1;
const mostRootRecords = 65_535;
/** Drivers disagree about the limits by some clusters; Microsoft advises to keep 16 away. */
const margin = 16;
const clustersOf: Readonly<Record<FatWidth, readonly [least: number, most: number]>> = {
  12: [1, 4084 - margin],
  16: [4085 + margin, 65_524 - margin],
  32: [65_525 + margin, 0x0ffffff5],
};

export interface GeometryRequest {
  readonly sizeBytes: number;
  readonly sectorBytes: number;
  /** What the root is to hold, its label included. */
  readonly rootRecords: number;
  /** Default: the smallest that the size allows. */
  readonly clusterBytes?: number | undefined;
}

/** CHS is for old firmware and for mtools, which wants whole tracks. */
const sectorsPerTrackOf = (sectors: number): number => {
  if (sectors % 32 === 0) return 32;
  let track = 63;
  while (sectors % track !== 0) track -= 1;
  return track;
};

const rootSectorsOf = ({ sectorBytes, rootRecords }: GeometryRequest, usual: number): number =>
  Math.ceil((Math.max(rootRecords, usual) * 32) / sectorBytes);

const ofWidth = (request: GeometryRequest, width: FatWidth, clusterBytes: number): Geometry | undefined => {
  const { sizeBytes, sectorBytes } = request;
  const sectors = Math.floor(sizeBytes / sectorBytes);
  const floppy = sectorBytes === 512 ? floppies.get(sizeBytes) : undefined;
  const rootSectors = width === 32 ? 0 : rootSectorsOf(request, floppy?.rootRecords ?? 512);
  const rootRecords = (rootSectors * sectorBytes) / 32;
  const reservedSectors = width === 32 ? 32 : 1;
  const around = reservedSectors + rootSectors;
  const clustersWith = (tableSectors: number): number =>
    Math.floor(((sectors - around - 2 * tableSectors) * sectorBytes) / clusterBytes);
  let tableSectors = 1;
  for (let needed = 0; ; tableSectors = needed) {
    needed = Math.ceil(((clustersWith(tableSectors) + 2) * width) / 8 / sectorBytes);
    if (needed <= tableSectors) break;
  }
  const clusters = clustersWith(tableSectors);
  const [least, most] = clustersOf[width];
  if (clusters < least || clusters > most || sectors > mostSectors || rootRecords > mostRootRecords) return undefined;
  return {
    width,
    sectorBytes,
    sectors,
    clusterBytes,
    clusters,
    reservedSectors,
    tableSectors,
    rootRecords,
    dataOffset: (around + 2 * tableSectors) * sectorBytes,
    media: floppy === undefined ? 0xf8 : 0xf0,
    sectorsPerTrack: floppy?.sectorsPerTrack ?? sectorsPerTrackOf(sectors),
    heads: floppy === undefined ? 64 : 2,
  };
};

const clusterSizes = ({ sizeBytes, sectorBytes, clusterBytes }: GeometryRequest): readonly number[] => {
  if (clusterBytes !== undefined) return [clusterBytes];
  const floppy = sectorBytes === 512 ? floppies.get(sizeBytes) : undefined;
  if (floppy !== undefined) return [floppy.clusterBytes];
  const sizes: number[] = [];
  const least = sizeBytes < wideFromBytes ? sectorBytes : Math.max(sectorBytes, 4096);
  for (let size = least; size <= longestClusterBytes; size *= 2) sizes.push(size);
  return sizes;
};

/** Undefined where no FAT has this size with a root of so many records. */
export const geometryOf = (request: GeometryRequest): Geometry | undefined => {
  const { sizeBytes, clusterBytes } = request;
  const widths: readonly FatWidth[] =
    sizeBytes >= wideFromBytes || clusterBytes !== undefined ? [12, 16, 32] : [12, 16];
  for (const size of clusterSizes(request))
    for (const width of widths) {
      const found = ofWidth(request, width, size);
      if (found !== undefined) return found;
    }
  return undefined;
};
