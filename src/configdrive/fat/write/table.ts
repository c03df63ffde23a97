// The file allocation table: every chain is contiguous, so that a chain is its first cluster and its length.
import type { FatWidth, Geometry } from "./geometry.ts";

export interface Chain {
  readonly first: number;
  readonly clusters: number;
}

const writers: Readonly<Record<FatWidth, (table: Buffer, cluster: number, value: number) => void>> = {
  12: (table, cluster, value) => {
    const at = cluster + (cluster >> 1);
    const pair = table.readUInt16LE(at);
    table.writeUInt16LE(
      (cluster & 1) === 1 ? (pair & 0x000f) | ((value & 0xfff) << 4) : (pair & 0xf000) | (value & 0xfff),
      at,
    );
  },
  16: (table, cluster, value) => void table.writeUInt16LE(value & 0xffff, cluster * 2),
  32: (table, cluster, value) => void table.writeUInt32LE(value & 0x0fffffff, cluster * 4),
};

const endOfChain = 0x0fffffff;

/** Both tables. The second entry says that the volume was left clean. */
export const writeTables = (image: Buffer, geometry: Geometry, chains: readonly Chain[]): void => {
  const from = geometry.reservedSectors * geometry.sectorBytes;
  const bytes = geometry.tableSectors * geometry.sectorBytes;
  const table = image.subarray(from, from + bytes);
  const write = writers[geometry.width];
  write(table, 0, 0x0fffff00 | geometry.media);
  write(table, 1, endOfChain);
  for (const { first, clusters } of chains) {
    const last = first + clusters - 1;
    for (let cluster = first; cluster < last; cluster += 1) write(table, cluster, cluster + 1);
    if (clusters > 0) write(table, last, endOfChain);
  }
  table.copy(image, from + bytes);
};
