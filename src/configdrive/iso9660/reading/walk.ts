// The walk through a hierarchy, breadth first: each directory under all of its names, but never within itself, and each file with where its
// bytes lie.
import type { ByteRange } from "../../../core/records.ts";
import type { FoundEntry, ReadLimits } from "../../tree.ts";
import { type Bounds, invalid, shown } from "./bounds.ts";
import type { Described, Hierarchy } from "./hierarchies.ts";
import { type FoundLink, withLinks } from "./links.ts";
import { isName } from "./names.ts";
import { type DirectoryRecord, isOwn, recordsOfSector } from "./records.ts";
import { readSelf, sectorBytes } from "./volume.ts";

interface Waiting {
  readonly path: string;
  readonly depth: number;
  /** Undefined for the root. */
  readonly parent: Waiting | undefined;
  readonly block: number;
  /** Told by the directory itself where it was moved. */
  readonly sizeBytes: number | undefined;
}

interface Walk {
  readonly bounds: Bounds;
  readonly limits: ReadLimits;
  readonly blockBytes: number;
  readonly hierarchy: Hierarchy;
  readonly waiting: Waiting[];
  readonly entries: FoundEntry[];
  readonly links: FoundLink[];
  /** Of folders that hold such as belong elsewhere. */
  readonly relocations: Set<string>;
}

/** A file's records: more than one where it is too long for one. */
type Pieces = [DirectoryRecord, ...DirectoryRecord[]];

/** As many sectors as are asked for at once. */
const sectorsAtOnce = 32;

async function* sectorsOf(bounds: Bounds, offset: number, sizeBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < sizeBytes; at += sectorsAtOnce * sectorBytes) {
    const chunk = await bounds.read(offset + at, Math.min(sectorsAtOnce * sectorBytes, sizeBytes - at));
    for (let start = 0; start < chunk.length; start += sectorBytes) {
      await bounds.breathe();
      yield chunk.subarray(start, start + sectorBytes);
    }
  }
}

const sizeOf = async ({ bounds }: Walk, offset: number, { sizeBytes }: Waiting): Promise<number | undefined> =>
  sizeBytes ?? (await readSelf(bounds, offset))?.sizeBytes;

/** Writers give one directory several names, which costs what as many directories would. */
const liesInItself = ({ parent, block }: Waiting): boolean => {
  for (let outer = parent; outer !== undefined; outer = outer.parent) if (outer.block === block) return true;
  return false;
};

/** Undefined where something is in the way, which is then told. */
const extentOf = async (walk: Walk, directory: Waiting): Promise<{ offset: number; sizeBytes: number } | undefined> => {
  const { bounds, blockBytes } = walk;
  const offset = directory.block * blockBytes;
  const path = (): string => shown(directory.path);
  if (liesInItself(directory)) {
    bounds.warn(() => `The directory ${path()} leads back to a folder that it lies in: what is in it is left out.`);
    return undefined;
  }
  const sizeBytes = await sizeOf(walk, offset, directory);
  if (sizeBytes === undefined || !bounds.holds(offset, sizeBytes)) {
    if (directory.depth === 0) throw invalid("The ISO 9660 image's root directory lies outside of it.");
    bounds.warn(() => `The directory ${path()} lies outside of the image: what is in it is left out.`);
    return undefined;
  }
  bounds.takeDirectoryBytes(sizeBytes);
  return { offset, sizeBytes };
};

async function* filesOf(walk: Walk, directory: Waiting): AsyncGenerator<Pieces> {
  const extent = await extentOf(walk, directory);
  if (extent === undefined) return;
  const { bounds } = walk;
  const damaged = (): void => bounds.warn(() => `A part of the directory ${shown(directory.path)} is damaged.`);
  let pieces: Pieces | undefined;
  for await (const sector of sectorsOf(bounds, extent.offset, extent.sizeBytes))
    for (const record of recordsOfSector(sector, walk.blockBytes, damaged)) {
      bounds.takeEntry();
      await bounds.breathe();
      if (isOwn(record) || record.associated) continue;
      if (pieces?.[0].identifier.equals(record.identifier) === true) pieces.push(record);
      else {
        if (pieces !== undefined) damaged();
        pieces = [record];
      }
      if (record.continued && !record.directory) continue;
      yield pieces;
      pieces = undefined;
    }
  if (pieces !== undefined) damaged();
}

/** Undefined where one lies outside of the image. */
const extentsOf = ({ bounds, blockBytes }: Walk, pieces: Readonly<Pieces>): readonly ByteRange[] | undefined => {
  const filled = pieces.filter(({ sizeBytes }) => sizeBytes > 0);
  if (!filled.every(({ block, sizeBytes }) => bounds.holds(block * blockBytes, sizeBytes))) return undefined;
  return filled.map(({ block, sizeBytes }) => ({ from: block * blockBytes, to: block * blockBytes + sizeBytes }));
};

const addFile = (walk: Walk, path: string, pieces: Readonly<Pieces>): void => {
  const extents = extentsOf(walk, pieces);
  if (extents === undefined)
    walk.bounds.warn(() => `The file ${shown(path)} is left out: it lies outside of the image.`);
  else if (pieces.some(({ interleaved }) => interleaved))
    walk.bounds.warn(() => `The file ${shown(path)} is left out: it is interleaved.`);
  else {
    const sizeBytes = extents.reduce((total, { from, to }) => total + to - from, 0);
    walk.entries.push({ kind: "file", path, sizeBytes, extents });
  }
};

const addDirectory = (walk: Walk, parent: Waiting, path: string, place: Pick<Waiting, "block" | "sizeBytes">): void => {
  if (parent.depth >= walk.limits.depth) {
    walk.bounds.warn(
      () => `The directory ${shown(path)} is left out: it lies deeper than ${walk.limits.depth} levels.`,
    );
    return;
  }
  walk.entries.push({ kind: "directory", path, sizeBytes: 0, extents: [] });
  walk.waiting.push({ path, depth: parent.depth + 1, parent, block: place.block, sizeBytes: place.sizeBytes });
};

/** Undefined where there is nothing to show. */
const nameIn = (walk: Walk, parent: Waiting, names: Set<string>, described: Described): string | undefined => {
  const { bounds } = walk;
  const { name, leftOut, target } = described;
  const path = parent.path === "" ? name : `${parent.path}/${name}`;
  const refuse = (why: string): undefined => {
    bounds.warn(() => `The entry ${shown(path)} is left out: ${why}.`);
    return undefined;
  };
  if (!isName(name)) return refuse("its name is none");
  if (leftOut !== undefined && target === undefined) return refuse(`it is ${leftOut}`);
  if (names.has(name)) return refuse("another one has its name");
  if (described.damaged === true) bounds.warn(() => `The Rock Ridge fields of ${shown(path)} are damaged.`);
  bounds.takePath(path);
  names.add(name);
  return path;
};

const addLink = ({ bounds, links }: Walk, path: string, target: string): void => {
  bounds.takePath(target);
  links.push({ path, target });
};

const readDirectory = async (walk: Walk, directory: Waiting): Promise<void> => {
  const names = new Set<string>();
  for await (const pieces of filesOf(walk, directory)) {
    const [first] = pieces;
    const described = await walk.hierarchy.describe(first);
    if (described.relocated === true) {
      walk.relocations.add(directory.path);
      continue;
    }
    const path = nameIn(walk, directory, names, described);
    if (path === undefined) continue;
    if (described.target !== undefined) addLink(walk, path, described.target);
    else if (described.childBlock !== undefined)
      addDirectory(walk, directory, path, { block: described.childBlock, sizeBytes: undefined });
    else if (first.directory) addDirectory(walk, directory, path, first);
    else addFile(walk, path, pieces);
  }
};

/** Writers keep such as belong elsewhere in a folder of the root that nobody asked for. */
const withoutRelocationFolder = ({ entries, links, relocations }: Walk): readonly FoundEntry[] => {
  const needed = new Set([...entries, ...links].map(({ path }) => path.slice(0, Math.max(0, path.indexOf("/")))));
  const isNeedless = (path: string): boolean =>
    /^\.?rr_moved$/i.test(path) && relocations.has(path) && !needed.has(path);
  return entries.filter(({ path }) => !isNeedless(path));
};

/** @throws MediabayError IMAGE_INVALID beyond the limits */
export const walkHierarchy = async (
  bounds: Bounds,
  limits: ReadLimits,
  blockBytes: number,
  hierarchy: Hierarchy,
): Promise<readonly FoundEntry[]> => {
  const { block, sizeBytes } = hierarchy.root;
  const waiting: Waiting[] = [{ path: "", depth: 0, parent: undefined, block, sizeBytes }];
  const walk: Walk = {
    bounds,
    limits,
    blockBytes,
    hierarchy,
    waiting,
    entries: [],
    links: [],
    relocations: new Set(),
  };
  for (const directory of waiting) await readDirectory(walk, directory);
  return withLinks(bounds, limits, withoutRelocationFolder(walk), walk.links);
};
