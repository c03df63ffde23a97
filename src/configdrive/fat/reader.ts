// Reads what is in a FAT12, FAT16 or FAT32 image, of whatever made it. Hostile images cost no more work than they have bytes: each
// cluster is taken once, and what cannot be followed is left out with a warning.
import { nameAsLookedUp } from "../../core/drive-paths.ts";
import type { ByteRange } from "../../core/records.ts";
import { createBreathe } from "../breath.ts";
import { defaultReadLimits, type FoundEntry, type FoundTree, type ReadAt, type ReadLimits } from "../tree.ts";
import { mostRecords, recordBytes } from "./names.ts";
import { type Chains, type FoundChain, openChains } from "./read/chains.ts";
import { type DirectoryRecord, labelIn, parseDirectory } from "./read/directory.ts";
import { invalidFat, readExactly } from "./read/read-exactly.ts";
import { type FatVolume, readVolume } from "./read/volume.ts";
import { collectWarnings, type Warnings } from "./read/warnings.ts";

interface PlacedDirectory {
  /** Empty for the root. */
  readonly path: string;
  readonly depth: number;
  readonly chain: FoundChain;
}

/** Linux takes no longer path; and so many names together no image for a machine has. */
const longestPath = 4096;
const mostPathCharacters = 16 << 20;
const mostDirectoryBytes = mostRecords * recordBytes;

const cutTo = (extents: readonly ByteRange[], sizeBytes: number): readonly ByteRange[] => {
  let left = sizeBytes;
  return extents.flatMap(({ from, to }) => {
    const length = Math.min(left, to - from);
    left -= length;
    return length > 0 ? [{ from, to: from + length }] : [];
  });
};

const bytesIn = (extents: readonly ByteRange[]): number =>
  extents.reduce((total, { from, to }) => total + to - from, 0);

const openReader = (readAt: ReadAt, volume: FatVolume, limits: ReadLimits) => {
  const chains: Chains = openChains(readAt, volume);
  const warnings: Warnings = collectWarnings();
  const entries: FoundEntry[] = [];
  const breathe = createBreathe();
  let directoryBytes = 0;
  let pathCharacters = 0;

  const readDirectory = async ({ path, chain }: PlacedDirectory): Promise<Buffer> => {
    if (chain.broken !== undefined) warnings.add(path, `is read only as far as it goes: ${chain.broken}`);
    directoryBytes += bytesIn(chain.extents);
    if (directoryBytes > limits.directoryBytes) throw invalidFat("its folders are too large");
    const parts: Buffer[] = [];
    for (const { from, to } of chain.extents) parts.push(await readExactly(readAt, from, to - from));
    return Buffer.concat(parts);
  };

  const addEntry = (entry: FoundEntry): void => {
    entries.push(entry);
    pathCharacters += entry.path.length;
    if (entries.length > limits.entries || pathCharacters > mostPathCharacters)
      throw invalidFat("it has too many files");
  };

  const addFile = async (path: string, { firstCluster, sizeBytes }: DirectoryRecord): Promise<void> => {
    const clusters = Math.ceil(sizeBytes / volume.clusterBytes);
    if (clusters > volume.clusters) return warnings.add(path, "is left out: it claims to be larger than its volume");
    const { extents, broken } = await chains.follow(firstCluster, clusters);
    const found = cutTo(extents, sizeBytes);
    if (broken !== undefined) return warnings.add(path, `is left out: ${broken}`);
    if (bytesIn(found) !== sizeBytes) return warnings.add(path, "is left out: its chain ends before its size");
    addEntry({ kind: "file", path, sizeBytes, extents: found });
  };

  const addDirectory = async (path: string, depth: number, first: number): Promise<PlacedDirectory> => {
    if (depth > limits.depth) throw invalidFat("its folders are nested too deeply");
    addEntry({ kind: "directory", path, sizeBytes: 0, extents: [] });
    return { path, depth, chain: await chains.follow(first, mostDirectoryBytes / volume.clusterBytes) };
  };

  return { chains, warnings, entries, breathe, readDirectory, addFile, addDirectory };
};

type Reader = ReturnType<typeof openReader>;

/** Why a name must not become part of a path. */
const faultOf = (name: string, path: string, siblings: ReadonlySet<string>): string | undefined => {
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) return "its name would lead elsewhere";
  if (siblings.has(name)) return "its name is there twice";
  return path.length > longestPath ? "its path is too long" : undefined;
};

/** Answers the directories in it. */
const walkDirectory = async (
  { warnings, breathe, addFile, addDirectory }: Reader,
  { path, depth }: PlacedDirectory,
  records: readonly DirectoryRecord[],
): Promise<readonly PlacedDirectory[]> => {
  const inside: PlacedDirectory[] = [];
  const names = new Set<string>();
  for (const record of records) {
    await breathe();
    // What cloud-init finds, is found by its name: in an image of another format too, whose lookups mind the case.
    const name = nameAsLookedUp(path, record.name);
    const child = path === "" ? name : `${path}/${name}`;
    const fault = faultOf(name, child, names);
    names.add(name);
    if (fault !== undefined) warnings.add(child, `is left out: ${fault}`);
    else if (record.isDirectory) inside.push(await addDirectory(child, depth + 1, record.firstCluster));
    else await addFile(child, record);
  }
  return inside;
};

const placeRoot = async (
  { rootRegion, rootCluster, clusterBytes }: FatVolume,
  chains: Chains,
): Promise<PlacedDirectory> => {
  if (rootRegion !== undefined) return { path: "", depth: 0, chain: { extents: [rootRegion] } };
  const chain = await chains.follow(rootCluster, mostDirectoryBytes / clusterBytes);
  if (chain.extents.length === 0) throw invalidFat("its root folder lies outside the volume");
  return { path: "", depth: 0, chain };
};

/** @throws MediabayError IMAGE_INVALID */
export const readFat = async (readAt: ReadAt, sizeBytes: number, limits = defaultReadLimits): Promise<FoundTree> => {
  const volume = await readVolume(readAt, sizeBytes);
  const reader = openReader(readAt, volume, limits);
  const root = await placeRoot(volume, reader.chains);
  const rootBytes = await reader.readDirectory(root);
  const label = labelIn(rootBytes);
  const { bootLabel } = volume;
  if (label === undefined && bootLabel !== "" && bootLabel !== "NO NAME")
    reader.warnings.addText(
      `The label ${JSON.stringify(bootLabel)} is only in the boot sector, where Linux does not look for it.`,
    );
  const isWide = volume.width === 32;
  const waiting = [...(await walkDirectory(reader, root, parseDirectory(rootBytes, isWide)))];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const records = parseDirectory(await reader.readDirectory(next), isWide);
    waiting.push(...(await walkDirectory(reader, next, records)));
  }
  return {
    format: "fat",
    ...(label !== undefined && { label }),
    sectorBytes: volume.sectorBytes,
    entries: reader.entries,
    warnings: reader.warnings.list(),
  };
};
