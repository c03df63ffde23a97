// The boot sector of a FAT volume, and FAT32's FSInfo sector. Microsoft "FAT: General Overview of On-Disk Format" 1.03, "Boot sector and BPB".
import type { Geometry } from "./geometry.ts";

interface BootFacts {
  readonly serial: number;
  /** 11 characters. */
  readonly label: string;
  readonly usedClusters: number;
}

const infoSector = 1;
const backupSector = 6;
const rootCluster = 2;
const signature = 0xaa55;
/** `int 18h`, which asks the firmware for the next boot device, and a stop for firmware that comes back from it. */
const bootCode = Buffer.from([0xcd, 0x18, 0xeb, 0xfe]);

const writeParameters = (sector: Buffer, { width, ...geometry }: Geometry): void => {
  const isWide = width === 32;
  const fitsShort = geometry.sectors < 0x10000 && !isWide;
  sector.writeUInt16LE(geometry.sectorBytes, 11);
  sector.writeUInt8(geometry.clusterBytes / geometry.sectorBytes, 13);
  sector.writeUInt16LE(geometry.reservedSectors, 14);
  sector.writeUInt8(2, 16);
  sector.writeUInt16LE(geometry.rootRecords, 17);
  sector.writeUInt16LE(fitsShort ? geometry.sectors : 0, 19);
  sector.writeUInt8(geometry.media, 21);
  sector.writeUInt16LE(isWide ? 0 : geometry.tableSectors, 22);
  sector.writeUInt16LE(geometry.sectorsPerTrack, 24);
  sector.writeUInt16LE(geometry.heads, 26);
  sector.writeUInt32LE(fitsShort ? 0 : geometry.sectors, 32);
  if (!isWide) return;
  sector.writeUInt32LE(geometry.tableSectors, 36);
  sector.writeUInt32LE(rootCluster, 44);
  sector.writeUInt16LE(infoSector, 48);
  sector.writeUInt16LE(backupSector, 50);
};

const writeBootSector = (sector: Buffer, geometry: Geometry, { serial, label }: BootFacts): void => {
  const extended = geometry.width === 32 ? 64 : 36;
  const code = extended + 26;
  sector.set([0xeb, code - 2, 0x90]);
  sector.write("mediabay", 3, "latin1");
  writeParameters(sector, geometry);
  sector.writeUInt8(geometry.media === 0xf0 ? 0 : 0x80, extended);
  sector.writeUInt8(0x29, extended + 2);
  sector.writeUInt32LE(serial, extended + 3);
  sector.write(label, extended + 7, "latin1");
  sector.write(`FAT${geometry.width}   `, extended + 18, "latin1");
  sector.set(bootCode, code);
  sector.writeUInt16LE(signature, 510);
};

const writeInfoSector = (sector: Buffer, { clusters }: Geometry, { usedClusters }: BootFacts): void => {
  sector.write("RRaA", 0, "latin1");
  sector.write("rrAa", 484, "latin1");
  sector.writeUInt32LE(clusters - usedClusters, 488);
  sector.writeUInt32LE(usedClusters === clusters ? 0xffffffff : rootCluster + usedClusters, 492);
  sector.writeUInt16LE(signature, 510);
};

export const writeBoot = (image: Buffer, geometry: Geometry, facts: BootFacts): void => {
  const isWide = geometry.width === 32;
  for (const first of isWide ? [0, backupSector] : [0]) {
    writeBootSector(image.subarray(first * geometry.sectorBytes), geometry, facts);
    if (isWide) writeInfoSector(image.subarray((first + infoSector) * geometry.sectorBytes), geometry, facts);
  }
};
