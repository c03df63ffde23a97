// The fields of which ISO 9660 structures are made (ECMA-119 §7.3, §8.4.26, §9.1): numbers in both byte orders, dates, directory records.

export const sectorBytes = 2048;

export const sectorsOf = (bytes: number): number => Math.ceil(bytes / sectorBytes);

export const writeBoth16 = (image: Buffer, at: number, value: number): void => {
  image.writeUInt16LE(value, at);
  image.writeUInt16BE(value, at + 2);
};

export const writeBoth32 = (image: Buffer, at: number, value: number): void => {
  image.writeUInt32LE(value, at);
  image.writeUInt32BE(value, at + 4);
};

/** Every time in an image is the first moment that FAT knows as well, so that equal trees give equal bytes: 1980-01-01 00:00 UTC. */
export const recordedDate = Buffer.from([80, 1, 1, 0, 0, 0, 0]);
export const volumeDate = Buffer.from("1980010100000000\0", "latin1");

const isFolder = 2;

export const recordHeadBytes = 33;

/** Up to the system use area, which starts at an even offset. */
export const recordBytes = (identifierBytes: number): number =>
  recordHeadBytes + identifierBytes + 1 - (identifierBytes % 2);

export interface Extent {
  readonly sector: number;
  readonly sizeBytes: number;
}

/** All of a directory record but its identifier and its system use area. */
export const writeRecordHead = (
  image: Buffer,
  at: number,
  record: Extent & { readonly lengthBytes: number; readonly identifierBytes: number; readonly folder: boolean },
): void => {
  image[at] = record.lengthBytes;
  writeBoth32(image, at + 2, record.sector);
  writeBoth32(image, at + 10, record.sizeBytes);
  recordedDate.copy(image, at + 18);
  image[at + 25] = record.folder ? isFolder : 0;
  writeBoth16(image, at + 28, 1);
  image[at + 32] = record.identifierBytes;
};
