// The volume descriptors as they are read (ECMA-119 §8.4, Joliet specification): the label, and where the hierarchies start.
import { type Bounds, invalid } from "./bounds.ts";
import { isSelf, parseRecord, type DirectoryRecord } from "./records.ts";

export const sectorBytes = 2048;

const firstDescriptor = 16;
/** Real discs have three to five; the bound is for hostile ones. */
const mostDescriptors = 32;
const [primaryType, supplementaryType, terminator] = [1, 2, 255];
const rootRecordAt = 156;

export interface Volume {
  readonly label?: string;
  readonly blockBytes: number;
  readonly primaryRoot: DirectoryRecord;
  readonly jolietRoot?: DirectoryRecord;
}

export interface Descriptors {
  readonly primary?: Buffer;
  readonly joliet?: Buffer;
  /** There is a file system of UDF as well. */
  readonly hasUdf?: boolean;
}

/** The escape sequences of UCS-2 levels 1, 2 and 3. */
const isJoliet = (descriptor: Buffer): boolean => /^%\/[@CE]/.test(descriptor.toString("latin1", 88, 91));

/** Of UDF's, which lie behind those of ISO 9660, and of other standards' (ECMA-167 §2/9.1, §3/9.1). */
const udfIdentifiers: readonly string[] = ["NSR02", "NSR03"];
const otherIdentifiers: readonly string[] = ["CD001", "BEA01", "BOOT2", "CDW02"];

const findsUdf = async (bounds: Bounds, from: number): Promise<boolean> => {
  for (let index = from; index < mostDescriptors; index += 1) {
    const at = (firstDescriptor + index) * sectorBytes;
    if (!bounds.holds(at, sectorBytes)) return false;
    const identifier = (await bounds.read(at, sectorBytes)).toString("latin1", 1, 6);
    if (udfIdentifiers.includes(identifier)) return true;
    if (!otherIdentifiers.includes(identifier)) return false;
  }
  return false;
};

/** The first of each kind. */
export const readDescriptors = async (bounds: Bounds): Promise<Descriptors> => {
  let found: Descriptors = {};
  for (let index = 0; index < mostDescriptors; index += 1) {
    const at = (firstDescriptor + index) * sectorBytes;
    if (!bounds.holds(at, sectorBytes)) break;
    const descriptor = await bounds.read(at, sectorBytes);
    if (descriptor.toString("latin1", 1, 6) !== "CD001" || descriptor[0] === terminator)
      return { ...found, hasUdf: await findsUdf(bounds, index) };
    if (descriptor[0] === primaryType) found = { primary: descriptor, ...found };
    if (descriptor[0] === supplementaryType && isJoliet(descriptor)) found = { joliet: descriptor, ...found };
  }
  return found;
};

export const utf16be = (bytes: Buffer): string => {
  const even = bytes.subarray(0, bytes.length - (bytes.length % 2));
  return Buffer.from(even).swap16().toString("utf16le").toWellFormed();
};

const trimmed = (label: string): string => label.replace(/\0.*$/s, "").trimEnd();

const labelField = (descriptor: Buffer): Buffer => descriptor.subarray(40, 72);

/** What the plain label cannot hold, it has an underscore for. */
const isFoldingOf = (plain: string, wide: string): boolean =>
  wide.split("").every((character, index) => {
    const folded = plain[index] ?? "";
    return folded === "_" || folded.toUpperCase() === character.toUpperCase();
  });

/**
 * As blkid has it, whose answer decides whether cloud-init finds a drive: Joliet's label keeps case and alphabet, the plain one has twice
 * the length. Empty where there is none.
 * @param primary the volume descriptors
 */
export const labelOf = (primary: Buffer, joliet: Buffer | undefined): string => {
  const plain = trimmed(labelField(primary).toString("latin1"));
  if (joliet === undefined) return plain;
  const wide = trimmed(utf16be(labelField(joliet)));
  return wide.length === 16 && isFoldingOf(plain, wide) ? wide + plain.slice(16) : wide;
};

/** @throws MediabayError IMAGE_INVALID */
export const readVolume = async (bounds: Bounds): Promise<Volume> => {
  const { primary, joliet, hasUdf } = await readDescriptors(bounds);
  if (primary === undefined) throw invalid("The ISO 9660 image has no primary volume descriptor.");
  const blockBytes = primary.readUInt16LE(128);
  if (![512, 1024, 2048].includes(blockBytes)) throw invalid(`ISO 9660 has no blocks of ${blockBytes} bytes.`);
  const volumeBytes = primary.readUInt32LE(80) * blockBytes;
  if (volumeBytes > bounds.sizeBytes)
    bounds.warn(() => `The volume has ${volumeBytes} bytes, the image only ${bounds.sizeBytes}: it may be truncated.`);
  if (hasUdf === true)
    bounds.warn(
      () => "The image is UDF as well, which is what a host mounts: files were looked at on its ISO 9660 side only.",
    );
  const primaryRoot = parseRecord(primary, rootRecordAt);
  if (primaryRoot === undefined) throw invalid("The ISO 9660 image has no root directory.");
  const jolietRoot = joliet === undefined ? undefined : parseRecord(joliet, rootRecordAt);
  const label = labelOf(primary, joliet);
  return {
    blockBytes,
    primaryRoot,
    ...(label !== "" && { label }),
    ...(jolietRoot !== undefined && { jolietRoot }),
  };
};

/** The record `.` of a directory; undefined where there is no directory. */
export const readSelf = async (bounds: Bounds, offset: number): Promise<DirectoryRecord | undefined> => {
  if (!bounds.holds(offset, sectorBytes)) return undefined;
  bounds.takeDirectoryBytes(sectorBytes);
  const self = parseRecord(await bounds.read(offset, sectorBytes), 0);
  return self !== undefined && isSelf(self) && self.directory ? self : undefined;
};
