// Rock Ridge's symbolic links that lead to something in the image itself: what is there is found under their names as well, as whoever mounts
// the image finds it. A host could follow the others only outside of the image; they are left out.
import type { FoundEntry, ReadLimits } from "../../tree.ts";
import { type Bounds, shown } from "./bounds.ts";

export interface FoundLink {
  readonly path: string;
  readonly target: string;
}

/** Linux follows no more, one after another (fs/namei.c, MAXSYMLINKS). */
const mostHops = 40;

interface Folder {
  /** Undefined for the root. */
  readonly parent: Folder | undefined;
  readonly inside: Map<string, Node>;
}

interface File {
  readonly file: FoundEntry;
}

interface Link {
  readonly parent: Folder;
  readonly target: string;
}

type Node = Folder | File | Link;

const newFolder = (parent: Folder | undefined): Folder => ({ parent, inside: new Map() });

const parentPath = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/**
 * Answers the links as parts of the tree that they and the entries make.
 * @param entries a directory before what is in it
 */
const plant = (entries: readonly FoundEntry[], found: readonly FoundLink[]): readonly Link[] => {
  const root = newFolder(undefined);
  const folders = new Map([["", root]]);
  const add = <T extends Node>(path: string, make: (parent: Folder) => T): T => {
    const parent = folders.get(parentPath(path)) ?? root;
    const node = make(parent);
    parent.inside.set(path.slice(path.lastIndexOf("/") + 1), node);
    return node;
  };
  for (const entry of entries)
    if (entry.kind === "file") add(entry.path, () => ({ file: entry }));
    else folders.set(entry.path, add(entry.path, newFolder));
  return found.map(({ path, target }) => add(path, (parent) => ({ parent, target })));
};

/** Undefined where there is nothing. */
type Destination = (link: Link, hops?: number) => Folder | File | undefined;

/** Where links lead to, each followed once. A link that is being followed leads nowhere yet: such a circle has no end. */
const createDestination = (): Destination => {
  const known = new Map<Link, Folder | File | undefined>();
  const step = (at: Folder | File | undefined, name: string, hops: number): Folder | File | undefined => {
    if (at === undefined || "file" in at) return undefined;
    if (name === "" || name === ".") return at;
    const next = name === ".." ? at.parent : at.inside.get(name);
    return next !== undefined && "target" in next ? destination(next, hops + 1) : next;
  };
  const destination: Destination = (link, hops = 0) => {
    if (known.has(link)) return known.get(link);
    known.set(link, undefined);
    if (link.target.startsWith("/") || hops >= mostHops) return undefined;
    let at: Folder | File | undefined = link.parent;
    for (const name of link.target.split("/")) at = step(at, name, hops);
    known.set(link, at);
    return at;
  };
  return destination;
};

/** A place in the tree as it is shown: the same folder may be in several. */
interface Place {
  readonly folder: Folder;
  readonly depth: number;
  readonly outer: Place | undefined;
}

const isAmong = (node: Folder, place: Place | undefined): boolean => {
  for (let at = place; at !== undefined; at = at.outer) if (at.folder === node) return true;
  return false;
};

const placeOf = (folder: Folder): Place => {
  const outer = folder.parent && placeOf(folder.parent);
  return { folder, outer, depth: outer === undefined ? 0 : outer.depth + 1 };
};

interface Gathering {
  readonly bounds: Bounds;
  readonly limits: ReadLimits;
  readonly destination: Destination;
  readonly gathered: FoundEntry[];
}

const tooMuch = "leads to too much";

/** Answers what keeps `node` from being shown at `path`, with all that is in it. */
const gather = async (
  gathering: Gathering,
  node: Folder | File,
  path: string,
  outer: Place,
): Promise<string | undefined> => {
  const { bounds, limits, destination, gathered } = gathering;
  if ("file" in node) {
    gathered.push({ ...node.file, path });
    return undefined;
  }
  if (isAmong(node, outer)) return "leads back to a folder that it lies in";
  if (outer.depth >= limits.depth) return `leads deeper than ${limits.depth} levels`;
  gathered.push({ kind: "directory", path, sizeBytes: 0, extents: [] });
  const place: Place = { folder: node, outer, depth: outer.depth + 1 };
  for (const [name, child] of node.inside) {
    const inner = `${path}/${name}`;
    await bounds.breathe();
    if (!bounds.hasRoomFor(inner)) return tooMuch;
    const shownNode = "target" in child ? destination(child) : child;
    // One that leads nowhere is told where it lies.
    if (shownNode === undefined) continue;
    const why = await gather(gathering, shownNode, inner, place);
    if (why === tooMuch) return why;
    if (why !== undefined) bounds.warn(() => `The entry ${shown(inner)} is left out: it ${why}.`);
  }
  return undefined;
};

/** What links lead to, under their paths, behind `entries`. Where there is too much of it, the link is left out, not the image refused. */
export const withLinks = async (
  bounds: Bounds,
  limits: ReadLimits,
  entries: readonly FoundEntry[],
  found: readonly FoundLink[],
): Promise<readonly FoundEntry[]> => {
  if (found.length === 0) return entries;
  const destination = createDestination();
  const all = [...entries];
  for (const [index, link] of plant(entries, found).entries()) {
    await bounds.breathe();
    const path = found[index]?.path ?? "";
    const gathering: Gathering = { bounds, limits, destination, gathered: [] };
    const end = destination(link);
    const why = end === undefined ? "is a symbolic link" : await gather(gathering, end, path, placeOf(link.parent));
    if (why === undefined) for (const entry of gathering.gathered) all.push(entry);
    else bounds.warn(() => `The entry ${shown(path)} is left out: it ${why}.`);
  }
  return all;
};
