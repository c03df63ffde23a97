// Where everything lies in an image: descriptors, path tables, the plain hierarchy with Rock Ridge, the Joliet one, the files.
import type { TreeEntry } from "../../tree.ts";
import { sectorsOf } from "./fields.ts";
import { type FileNode, foldersOf, type SizedEntry } from "./folders.ts";
import { type Hierarchy, layHierarchy } from "./hierarchy.ts";
import { isoIdentifiers, jolietIdentifiers } from "./identifiers.ts";
import { ownUseBytes, planUse, rootUseBytes } from "./rock-ridge.ts";

export interface PlacedHierarchy extends Hierarchy {
  readonly littleEndianTable: number;
  readonly bigEndianTable: number;
  readonly firstSector: number;
}

export interface Plan {
  readonly plain: PlacedHierarchy;
  readonly joliet: PlacedHierarchy;
  readonly fileSectors: ReadonlyMap<FileNode, number>;
  readonly sectors: number;
}

/** After the system area of 16 sectors: the primary and the Joliet descriptor and the end of the set. */
export const descriptorSectors = { primary: 16, joliet: 17, end: 18 };

/** An empty file has no sector; its extent is 0, as others write it. */
const placeFiles = ({ directories }: Hierarchy, firstSector: number) => {
  const fileSectors = new Map<FileNode, number>();
  let sector = firstSector;
  for (const { rows } of directories)
    for (const { node } of rows)
      if (node.kind === "file" && node.sizeBytes > 0) {
        fileSectors.set(node, sector);
        sector += sectorsOf(node.sizeBytes);
      }
  return { fileSectors, end: sector };
};

/** @throws MediabayError INVALID_REQUEST, naming a path; IMAGE_DOES_NOT_FIT */
export const planImage = (entries: readonly (TreeEntry | SizedEntry)[]): Plan => {
  const root = foldersOf(entries);
  const plain = layHierarchy(root, {
    encoding: "latin1",
    identifiers: isoIdentifiers,
    rootUseBytes,
    ownUseBytes,
    use: ({ name }, start, space) => planUse(Buffer.byteLength(name), start, space),
  });
  const joliet = layHierarchy(root, {
    encoding: "utf16be",
    identifiers: jolietIdentifiers,
    rootUseBytes: 0,
    ownUseBytes: 0,
  });
  let next = descriptorSectors.end + 1;
  const take = (sectors: number): number => {
    const start = next;
    next += sectors;
    return start;
  };
  const place = (hierarchy: Hierarchy): PlacedHierarchy => {
    const tableSectors = sectorsOf(hierarchy.pathTableBytes);
    return {
      ...hierarchy,
      littleEndianTable: take(tableSectors),
      bigEndianTable: take(tableSectors),
      firstSector: take(hierarchy.sectors),
    };
  };
  const [placedPlain, placedJoliet] = [place(plain), place(joliet)];
  const { fileSectors, end } = placeFiles(plain, next);
  return { plain: placedPlain, joliet: placedJoliet, fileSectors, sectors: end };
};
