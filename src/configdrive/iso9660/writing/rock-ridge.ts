// Rock Ridge as we write it (SUSP 1.12 §5; RRIP 1.12 in the edition `RRIP_1991A`, which every reader knows): PX, TF, NM, and CE where
// a name does not fit a directory record.
import { recordedDate, sectorBytes, sectorsOf, writeBoth32 } from "./fields.ts";

const [indicatorBytes, attributeBytes, timeBytes, nameHeadBytes, continuationBytes] = [7, 36, 26, 5, 28];
const longestRecordBytes = 254;
/** Modification, access and change of attributes. */
const timesRecorded = 0x0e;
const nameContinues = 1;

const readOnlyFolder = 0o040555;
const readOnlyFile = 0o100444;

const extension = {
  id: "RRIP_1991A",
  descriptor: "THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS",
  source:
    "PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME DESCRIPTOR FOR CONTACT INFORMATION.",
};

/** Of the field that names the extension: the first in the root's continuation area, used by its own record. */
const extensionBytes = 8 + extension.id.length + extension.descriptor.length + extension.source.length;

/** `.` and `..` of every folder; the root's own record says that Rock Ridge is there. */
export const ownUseBytes = attributeBytes + timeBytes;
export const rootUseBytes = indicatorBytes + ownUseBytes + continuationBytes;

/** Where the rest of a name lies in its directory's continuation area, and how much of it is in the record. */
export interface Spill {
  readonly offset: number;
  readonly nameBytesInRecord: number;
}

/** A directory's continuation area. A continuation is read in one piece: it never crosses the border of a sector. */
export const createSpillSpace = (isRoot: boolean) => {
  let usedBytes = isRoot ? extensionBytes : 0;
  return {
    take(bytes: number): number {
      if ((usedBytes % sectorBytes) + bytes > sectorBytes) usedBytes = sectorsOf(usedBytes) * sectorBytes;
      const offset = usedBytes;
      usedBytes += bytes;
      return offset;
    },
    sectors: (): number => sectorsOf(usedBytes),
  };
};

export type SpillSpace = ReturnType<typeof createSpillSpace>;

/** @param recordStartBytes of the record that the area stands in, before the area */
export const planUse = (
  nameBytes: number,
  recordStartBytes: number,
  space: SpillSpace,
): { readonly useBytes: number; readonly spill?: Spill } => {
  const useBytes = ownUseBytes + nameHeadBytes + nameBytes;
  if (recordStartBytes + useBytes <= longestRecordBytes) return { useBytes };
  const nameBytesInRecord = longestRecordBytes - recordStartBytes - ownUseBytes - nameHeadBytes - continuationBytes;
  const offset = space.take(nameHeadBytes + nameBytes - nameBytesInRecord);
  return { useBytes: longestRecordBytes - recordStartBytes, spill: { offset, nameBytesInRecord } };
};

const writeFieldHead = (image: Buffer, at: number, signature: string, bytes: number): void => {
  image.write(signature, at, "latin1");
  image[at + 2] = bytes;
  image[at + 3] = 1;
};

const writeContinuation = (
  image: Buffer,
  at: number,
  place: { sector: number; offset: number; bytes: number },
): void => {
  writeFieldHead(image, at, "CE", continuationBytes);
  writeBoth32(image, at + 4, place.sector + Math.floor(place.offset / sectorBytes));
  writeBoth32(image, at + 12, place.offset % sectorBytes);
  writeBoth32(image, at + 20, place.bytes);
};

export interface Attributes {
  readonly folder: boolean;
  readonly links: number;
}

/** Attributes and times; answers where they end. */
export const writeOwnUse = (image: Buffer, at: number, { folder, links }: Attributes): number => {
  writeFieldHead(image, at, "PX", attributeBytes);
  writeBoth32(image, at + 4, folder ? readOnlyFolder : readOnlyFile);
  writeBoth32(image, at + 12, links);
  const times = at + attributeBytes;
  writeFieldHead(image, times, "TF", timeBytes);
  image[times + 4] = timesRecorded;
  for (const index of [0, 1, 2]) recordedDate.copy(image, times + 5 + index * recordedDate.length);
  return at + ownUseBytes;
};

/** @param areaSector where the root's continuation area starts */
export const writeRootUse = (image: Buffer, at: number, attributes: Attributes, areaSector: number): void => {
  writeFieldHead(image, at, "SP", indicatorBytes);
  image.writeUInt16BE(0xbeef, at + 4);
  const end = writeOwnUse(image, at + indicatorBytes, attributes);
  writeContinuation(image, end, { sector: areaSector, offset: 0, bytes: extensionBytes });
  const field = areaSector * sectorBytes;
  writeFieldHead(image, field, "ER", extensionBytes);
  const texts = [extension.id, extension.descriptor, extension.source];
  texts.forEach((text, index) => {
    image[field + 4 + index] = text.length;
  });
  image[field + 7] = 1;
  image.write(texts.join(""), field + 8, "latin1");
};

const writeName = (image: Buffer, at: number, name: Buffer, flags: number): void => {
  writeFieldHead(image, at, "NM", nameHeadBytes + name.length);
  image[at + 4] = flags;
  name.copy(image, at + nameHeadBytes);
};

export const writeNamedUse = (
  image: Buffer,
  at: number,
  {
    name,
    spill,
    areaSector,
    ...attributes
  }: Attributes & { name: string; spill: Spill | undefined; areaSector: number },
): void => {
  const end = writeOwnUse(image, at, attributes);
  const bytes = Buffer.from(name);
  if (spill === undefined) {
    writeName(image, end, bytes, 0);
    return;
  }
  const rest = bytes.subarray(spill.nameBytesInRecord);
  writeName(image, end, bytes.subarray(0, spill.nameBytesInRecord), nameContinues);
  const place = { sector: areaSector, offset: spill.offset, bytes: nameHeadBytes + rest.length };
  writeContinuation(image, end + nameHeadBytes + spill.nameBytesInRecord, place);
  writeName(image, areaSector * sectorBytes + spill.offset, rest, 0);
};
