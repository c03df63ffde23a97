// Follows the chains of the file allocation table, each cluster at most once in all, so that neither circles nor clusters that many
// files share make more work or more bytes than the image has.
import type { ByteRange } from "../../../core/records.ts";
import type { ReadAt } from "../../tree.ts";
import { invalidFat, readExactly } from "./read-exactly.ts";
import type { FatVolume } from "./volume.ts";

const pageBytes = 64 * 1024;
/** 16,777,216 clusters of FAT32, of however many. A page is read when a chain first comes to it. */
const mostPages = 1024;
/** Of all chains together; a config drive of 64 MiB has fewer clusters. */
const mostExtents = 1 << 20;

export interface FoundChain {
  readonly extents: readonly ByteRange[];
  /** Why it has fewer clusters than were asked for; undefined where it has not. */
  readonly broken?: string;
}

export interface Chains {
  /** To its end, or to `mostClusters`, whichever comes first. @throws MediabayError IMAGE_INVALID beyond what we take */
  readonly follow: (first: number, mostClusters: number) => Promise<FoundChain>;
}

type Extent = { -readonly [Key in keyof ByteRange]: ByteRange[Key] };

const parsers = {
  12: (page: Buffer, cluster: number): number => {
    const pair = page.readUInt16LE(cluster + (cluster >> 1));
    return (cluster & 1) === 1 ? pair >> 4 : pair & 0xfff;
  },
  16: (page: Buffer, index: number): number => page.readUInt16LE(index * 2),
  32: (page: Buffer, index: number): number => page.readUInt32LE(index * 4) & 0x0fffffff,
} as const;

/** From these values on an entry ends its chain. */
const firstEnd = { 12: 0xff8, 16: 0xfff8, 32: 0x0ffffff8 } as const;

export const openChains = (readAt: ReadAt, volume: FatVolume): Chains => {
  const { width, clusters, clusterBytes, dataOffset, tableOffset } = volume;
  const parse = parsers[width];
  const tableBytes = Math.ceil(((clusters + 2) * width) / 8);
  // A FAT12 table is shorter than a page, so that none of its entries lies across two.
  const perPage = width === 12 ? clusters + 2 : (pageBytes * 8) / width;
  const pages: Buffer[] = [];
  let loadedPages = 0;
  const used = new Uint8Array(Math.ceil((clusters + 2) / 8));

  const loadPage = async (index: number): Promise<Buffer> => {
    const from = index * pageBytes;
    loadedPages += 1;
    if (loadedPages > mostPages) throw invalidFat("its files lie in too many places");
    const page = await readExactly(readAt, tableOffset + from, Math.min(pageBytes, tableBytes - from));
    pages[index] = page;
    return page;
  };

  const take = (cluster: number): boolean => {
    const [at, bit] = [cluster >> 3, 1 << (cluster & 7)];
    const before = used[at] ?? 0;
    used[at] = before | bit;
    return (before & bit) === 0;
  };

  let extentCount = 0;
  const addCluster = (extents: Extent[], cluster: number): void => {
    const from = dataOffset + (cluster - 2) * clusterBytes;
    const last = extents.at(-1);
    if (last?.to === from) {
      last.to += clusterBytes;
      return;
    }
    extentCount += 1;
    if (extentCount > mostExtents) throw invalidFat("its files lie in too many pieces");
    extents.push({ from, to: from + clusterBytes });
  };

  return {
    follow: async (first, mostClusters) => {
      const extents: Extent[] = [];
      let cluster = first;
      for (let count = 0; count < mostClusters; count += 1) {
        if (count > 0 && cluster >= firstEnd[width]) return { extents };
        if (cluster < 2 || cluster >= clusters + 2) return { extents, broken: "its chain leaves the volume" };
        if (!take(cluster)) return { extents, broken: "its chain runs into clusters that are another's or its own" };
        addCluster(extents, cluster);
        const index = Math.floor(cluster / perPage);
        cluster = parse(pages[index] ?? (await loadPage(index)), cluster % perPage);
      }
      return { extents };
    },
  };
};
