// Directories and path tables (ECMA-119 §9.1, §9.4) written into an image at the places that the plan gave them.
import { type Extent, recordBytes, recordHeadBytes, sectorBytes, writeRecordHead } from "./fields.ts";
import type { Directory, Hierarchy, Row } from "./hierarchy.ts";
import type { PlacedHierarchy, Plan } from "./plan.ts";
import { type Attributes, writeNamedUse, writeOwnUse, writeRootUse } from "./rock-ridge.ts";

const writeIdentifier = (image: Buffer, at: number, identifier: string, encoding: Hierarchy["encoding"]): void => {
  if (encoding === "latin1") image.write(identifier, at, "latin1");
  else image.subarray(at, at + image.write(identifier, at, "utf16le")).swap16();
};

const attributesOf = ({ links }: Directory): Attributes => ({ folder: true, links });

export const extentOf = ({ firstSector }: PlacedHierarchy, { sector, sizeBytes }: Directory): Extent => ({
  sector: firstSector + sector,
  sizeBytes,
});

interface Target extends Extent, Attributes {}

/** What a row leads to. */
const targetOf = ({ node }: Row, hierarchy: PlacedHierarchy, { fileSectors }: Plan): Target => {
  if (node.kind === "file")
    return { sector: fileSectors.get(node) ?? 0, sizeBytes: node.sizeBytes, folder: false, links: 1 };
  const directory = hierarchy.directoryOf.get(node);
  if (directory === undefined) throw new Error("a folder has no directory");
  return { ...extentOf(hierarchy, directory), ...attributesOf(directory) };
};

/** `.` and `..`: their identifiers are the bytes 0 and 1. */
const writeOwnRecords = (image: Buffer, hierarchy: PlacedHierarchy, directory: Directory): void => {
  const parent = hierarchy.directories[directory.parentIndex] ?? directory;
  const start = (hierarchy.firstSector + directory.sector) * sectorBytes;
  const parentStart = start + directory.ownBytes;
  const head = { identifierBytes: 1, folder: true };
  writeRecordHead(image, start, { ...head, ...extentOf(hierarchy, directory), lengthBytes: directory.ownBytes });
  writeRecordHead(image, parentStart, { ...head, ...extentOf(hierarchy, parent), lengthBytes: directory.parentBytes });
  image[parentStart + recordHeadBytes] = 1;
  if (hierarchy.encoding !== "latin1") return;
  const use = start + recordHeadBytes + 1;
  if (directory.sector === 0)
    writeRootUse(image, use, attributesOf(directory), hierarchy.firstSector + directory.areaSector);
  else writeOwnUse(image, use, attributesOf(directory));
  writeOwnUse(image, parentStart + recordHeadBytes + 1, attributesOf(parent));
};

const writeRow = (image: Buffer, parent: Directory, row: Row, hierarchy: PlacedHierarchy, plan: Plan): void => {
  const { node, identifier, identifierBytes, lengthBytes, offset, spill } = row;
  const at = (hierarchy.firstSector + parent.sector) * sectorBytes + offset;
  const target = targetOf(row, hierarchy, plan);
  writeRecordHead(image, at, { ...target, lengthBytes, identifierBytes });
  writeIdentifier(image, at + recordHeadBytes, identifier, hierarchy.encoding);
  if (hierarchy.encoding !== "latin1") return;
  const areaSector = hierarchy.firstSector + parent.areaSector;
  const { folder, links } = target;
  writeNamedUse(image, at + recordBytes(identifierBytes), { name: node.name, spill, areaSector, folder, links });
};

export const writeDirectories = (image: Buffer, hierarchy: PlacedHierarchy, plan: Plan): void => {
  for (const directory of hierarchy.directories) {
    writeOwnRecords(image, hierarchy, directory);
    for (const row of directory.rows) writeRow(image, directory, row, hierarchy, plan);
  }
};

const writeTable = (image: Buffer, hierarchy: PlacedHierarchy, tableSector: number, order: "LE" | "BE"): void => {
  let at = tableSector * sectorBytes;
  for (const { identifier, sector, parentIndex } of hierarchy.directories) {
    const isRoot = sector === 0;
    const bytes = isRoot ? 1 : Buffer.byteLength(identifier, hierarchy.encoding === "latin1" ? "latin1" : "utf16le");
    image[at] = bytes;
    image[`writeUInt32${order}`](hierarchy.firstSector + sector, at + 2);
    image[`writeUInt16${order}`](parentIndex + 1, at + 6);
    if (!isRoot) writeIdentifier(image, at + 8, identifier, hierarchy.encoding);
    at += 8 + bytes + (bytes % 2);
  }
};

export const writePathTables = (image: Buffer, hierarchy: PlacedHierarchy): void => {
  writeTable(image, hierarchy, hierarchy.littleEndianTable, "LE");
  writeTable(image, hierarchy, hierarchy.bigEndianTable, "BE");
};
