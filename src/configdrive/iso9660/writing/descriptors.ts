// The volume descriptors (ECMA-119 §8): primary, supplementary with Joliet's escape sequence, and the end of the set.
import { sectorBytes, volumeDate, writeBoth16, writeBoth32, writeRecordHead } from "./fields.ts";
import { extentOf } from "./directories.ts";
import { descriptorSectors, type PlacedHierarchy, type Plan } from "./plan.ts";

const [primary, supplementary, terminator] = [1, 2, 255];
/** UCS-2 level 3. */
const jolietEscape = "%/E";
const rootRecordBytes = 34;
const application = "MEDIABAY";

/** Identifiers of systems, volume sets, publishers and files, as [offset, bytes]. */
const textFields = [
  [8, 32],
  [40, 32],
  [190, 128],
  [318, 128],
  [446, 128],
  [574, 128],
  [702, 37],
  [739, 37],
  [776, 37],
] as const;
const [labelAt, applicationAt] = [40, 574];

const writeHead = (sector: Buffer, type: number): void => {
  sector[0] = type;
  sector.write("CD001\u0001", 1, "latin1");
};

/** Filled with spaces, of the hierarchy's characters. */
const writeText = (sector: Buffer, at: number, bytes: number, text: string, wide: boolean): void => {
  if (wide) {
    // A field of an odd number of bytes ends in a zero.
    const characters = Math.floor(bytes / 2);
    const field = text.slice(0, characters).padEnd(characters, " ");
    sector.subarray(at, at + sector.write(field, at, "utf16le")).swap16();
  } else sector.write(text.padEnd(bytes, " "), at, bytes, "latin1");
};

const writeVolume = (sector: Buffer, type: number, hierarchy: PlacedHierarchy, plan: Plan, label: string): void => {
  const wide = hierarchy.encoding !== "latin1";
  writeHead(sector, type);
  for (const [at, bytes] of textFields) {
    const text = at === labelAt ? label : at === applicationAt ? application : "";
    writeText(sector, at, bytes, text, wide);
  }
  writeBoth32(sector, 80, plan.sectors);
  if (wide) sector.write(jolietEscape, 88, "latin1");
  writeBoth16(sector, 120, 1);
  writeBoth16(sector, 124, 1);
  writeBoth16(sector, 128, sectorBytes);
  writeBoth32(sector, 132, hierarchy.pathTableBytes);
  sector.writeUInt32LE(hierarchy.littleEndianTable, 140);
  sector.writeUInt32BE(hierarchy.bigEndianTable, 148);
  const [root] = hierarchy.directories;
  if (root !== undefined)
    writeRecordHead(sector, 156, {
      ...extentOf(hierarchy, root),
      lengthBytes: rootRecordBytes,
      identifierBytes: 1,
      folder: true,
    });
  for (const at of [813, 830]) volumeDate.copy(sector, at);
  // No expiry and no date of effect: sixteen digits 0 and a zone of 0.
  for (const at of [847, 864]) sector.fill("0", at, at + 16, "latin1");
  sector[881] = 1;
};

/** @param label at most 32 characters of one byte; Joliet keeps 16 of them */
export const writeDescriptors = (image: Buffer, plan: Plan, label: string): void => {
  const sectorAt = (sector: number): Buffer => image.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
  writeVolume(sectorAt(descriptorSectors.primary), primary, plan.plain, plan, label);
  writeVolume(sectorAt(descriptorSectors.joliet), supplementary, plan.joliet, plan, label);
  writeHead(sectorAt(descriptorSectors.end), terminator);
};
