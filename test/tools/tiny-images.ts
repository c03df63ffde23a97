// The smallest volumes that a reader accepts, made here byte by byte: an ISO 9660 one with an optional Joliet name, and a FAT12 one.

const sectorBytes = 2048;

const descriptor = (type: number, fill: (sector: Buffer) => void): Buffer => {
  const sector = Buffer.alloc(sectorBytes);
  sector[0] = type;
  sector.write("CD001\x01", 1, "latin1");
  fill(sector);
  return sector;
};

const bothEndian32 = (sector: Buffer, offset: number, value: number): void => {
  sector.writeUInt32LE(value, offset);
  sector.writeUInt32BE(value, offset + 4);
};

const volume = (type: number, label: Buffer, sectors: number, joliet: boolean): Buffer =>
  descriptor(type, (sector) => {
    sector.fill(joliet ? 0 : 0x20, 40, 72);
    label.copy(sector, 40, 0, 32);
    bothEndian32(sector, 80, sectors);
    if (joliet) sector.write("%/E", 88, "latin1");
    sector.writeUInt16LE(sectorBytes, 128);
    sector.writeUInt16BE(sectorBytes, 130);
  });

export interface TinyIso {
  readonly label?: string;
  readonly joliet?: string;
  /** Of the file; at least 20. */
  readonly sectors?: number;
  /** What the volume claims, where that differs. */
  readonly claimedSectors?: number;
  /** A boot sector in the system area, as hybrid images have. */
  readonly hybrid?: boolean;
  /** Fills the sectors after the descriptors, so that images differ. */
  readonly content?: Buffer;
}

export const tinyIso = ({
  label = "CONFIG-2",
  joliet,
  sectors = 24,
  claimedSectors,
  hybrid,
  content,
}: TinyIso = {}): Buffer => {
  const wide = Buffer.from((joliet ?? "").padEnd(16, "\0"), "utf16le").swap16();
  const claimed = claimedSectors ?? sectors;
  const parts = [
    Buffer.alloc(16 * sectorBytes),
    volume(1, Buffer.from(label.padEnd(32), "latin1"), claimed, false),
    ...(joliet === undefined ? [] : [volume(2, wide, claimed, true)]),
    descriptor(255, () => undefined),
  ];
  const image = Buffer.alloc(sectors * sectorBytes);
  Buffer.concat(parts).copy(image);
  content?.copy(image, 20 * sectorBytes);
  if (hybrid === true) image.writeUInt16LE(0xaa55, 510);
  return image;
};

export interface TinyFat {
  readonly bootLabel?: string;
  readonly rootLabel?: string;
  readonly sectors?: number;
  readonly claimedSectors?: number;
  readonly content?: Buffer;
}

export const tinyFat = ({
  bootLabel = "NO NAME",
  rootLabel = "config-2",
  sectors = 64,
  claimedSectors,
  content,
}: TinyFat = {}): Buffer => {
  const image = Buffer.alloc(sectors * 512);
  image.write("\xeb\x3c\x90mkfs.fat", 0, "latin1");
  image.writeUInt16LE(512, 11);
  image.writeUInt8(1, 13);
  image.writeUInt16LE(1, 14);
  image.writeUInt8(2, 16);
  image.writeUInt16LE(16, 17);
  image.writeUInt16LE(claimedSectors ?? sectors, 19);
  image.writeUInt8(0xf8, 21);
  image.writeUInt16LE(1, 22);
  image.writeUInt8(0x29, 38);
  image.write(bootLabel.padEnd(11), 43, "latin1");
  image.write("FAT12   ", 54, "latin1");
  image.writeUInt16LE(0xaa55, 510);
  const root = 3 * 512;
  // A long-name entry comes first: it shares the label's attribute bit and must not be taken for one.
  image.write("A", root, "latin1");
  image.writeUInt8(0x0f, root + 11);
  if (rootLabel !== "") {
    image.write(rootLabel.padEnd(11), root + 32, "latin1");
    image.writeUInt8(0x08, root + 32 + 11);
  }
  content?.copy(image, 4 * 512);
  return image;
};
