// How large a FAT image for these files is: the floppy if it holds them, else the smallest number of whole MiB.
import { MediabayError } from "../../../core/errors.ts";
import { recordBytes } from "../names.ts";
import { floppyBytes, type Geometry, geometryOf } from "./geometry.ts";
import { type DirectoryNode, recordsOf } from "./nodes.ts";

export interface FatOptions {
  /** Default `config-2`; empty for none. */
  readonly label?: string;
  /** Default: 1,474,560 if that holds the files, else the smallest number of whole MiB. */
  readonly sizeBytes?: number;
  /** Of the image, where its size is not given. */
  readonly mostBytes?: number;
  /** Default 512. */
  readonly sectorBytes?: 512 | 4096;
  /** A power of two, from a sector to 32 KiB. Default: the smallest that the size allows. */
  readonly clusterBytes?: number;
}

interface Fit {
  readonly sizeBytes: number;
  readonly geometry: Geometry;
}

const mebibyte = 1 << 20;
const mostImageBytes = 2 ** 41;

/** How many clusters a chain has. An empty directory has one, an empty file none. */
export const clustersFor = (sizeBytes: number, clusterBytes: number): number => Math.ceil(sizeBytes / clusterBytes);

export const directoryClusters = (records: number, clusterBytes: number): number =>
  Math.max(1, clustersFor(records * recordBytes, clusterBytes));

interface Needs {
  readonly rootRecords: number;
  readonly contentBytes: number;
  readonly clusters: (geometry: Geometry) => number;
}

const needsOf = (directories: readonly DirectoryNode[], labelRecords: number): Needs => {
  const sizes = directories.flatMap(({ children }) =>
    children.flatMap((node) => (node.kind === "file" ? [node.sizeBytes] : [])),
  );
  const [rootRecords = 0, ...records] = directories.map(recordsOf);
  const known = new Map<number, number>();
  const withoutRoot = (clusterBytes: number): number => {
    const ofDirectories = records.reduce((total, count) => total + directoryClusters(count, clusterBytes), 0);
    return sizes.reduce((total, size) => total + clustersFor(size, clusterBytes), ofDirectories);
  };
  return {
    rootRecords: rootRecords + labelRecords,
    contentBytes: sizes.reduce((total, size) => total + size, 0),
    clusters: ({ width, clusterBytes }) => {
      const count = known.get(clusterBytes) ?? withoutRoot(clusterBytes);
      known.set(clusterBytes, count);
      return count + (width === 32 ? directoryClusters(rootRecords + labelRecords, clusterBytes) : 0);
    },
  };
};

const requireOptions = ({ sizeBytes, sectorBytes = 512, clusterBytes }: FatOptions): void => {
  if (sizeBytes !== undefined && sizeBytes < floppyBytes)
    throw new MediabayError("INVALID_REQUEST", `A FAT image has at least ${floppyBytes} bytes.`);
  const perSector = (clusterBytes ?? sectorBytes) / sectorBytes;
  if (!Number.isInteger(Math.log2(perSector)) || perSector < 1 || perSector > 32_768 / sectorBytes)
    throw new MediabayError("INVALID_REQUEST", "A FAT cluster is a power of two, from one sector to 32 KiB.");
};

/** What may be tried, in order. */
function* candidates({ sizeBytes, mostBytes = mostImageBytes, sectorBytes = 512 }: FatOptions, contentBytes: number) {
  if (sizeBytes !== undefined) {
    if (sizeBytes <= mostBytes) yield sizeBytes;
    return;
  }
  if (floppyBytes <= mostBytes) yield floppyBytes;
  const first = Math.max(2 * mebibyte, contentBytes - (contentBytes % mebibyte));
  for (let size = first; size <= mostBytes; size += mebibyte) yield size;
  const rest = mostBytes - (mostBytes % sectorBytes);
  if (rest > floppyBytes && rest % mebibyte !== 0) yield rest;
}

/** @throws MediabayError INVALID_REQUEST, IMAGE_DOES_NOT_FIT */
export const fitImage = (directories: readonly DirectoryNode[], labelRecords: number, options: FatOptions): Fit => {
  requireOptions(options);
  const { sectorBytes = 512, clusterBytes } = options;
  const needs = needsOf(directories, labelRecords);
  for (const sizeBytes of candidates(options, needs.contentBytes)) {
    const geometry = geometryOf({ sizeBytes, sectorBytes, rootRecords: needs.rootRecords, clusterBytes });
    if (geometry !== undefined && needs.clusters(geometry) <= geometry.clusters) return { sizeBytes, geometry };
  }
  const most = options.sizeBytes ?? options.mostBytes ?? mostImageBytes;
  throw new MediabayError(
    "IMAGE_DOES_NOT_FIT",
    `The files have ${needs.contentBytes} bytes, and do not fit into a FAT image of ${Math.min(most, options.mostBytes ?? most)} bytes.`,
  );
};
