// The label of a FAT volume by a few small reads, however large it is.
import type { ByteRange } from "../../../core/records.ts";
import type { ReadAt } from "../../tree.ts";
import { openChains } from "./chains.ts";
import { labelIn } from "./directory.ts";
import { readExactly } from "./read-exactly.ts";
import { type FatVolume, readVolume } from "./volume.ts";

/** Of the root: whoever makes a volume writes its label first. */
const mostRootBytes = 64 * 1024;

const rootOf = async (readAt: ReadAt, volume: FatVolume): Promise<readonly ByteRange[]> => {
  const { rootRegion, rootCluster, clusterBytes } = volume;
  if (rootRegion !== undefined) return [rootRegion];
  const { extents } = await openChains(readAt, volume).follow(rootCluster, Math.ceil(mostRootBytes / clusterBytes));
  return extents;
};

/** As `readFat` has it. @throws MediabayError IMAGE_INVALID without a FAT boot sector, or when the image is shorter than its volume */
export const readFatLabel = async (readAt: ReadAt, sizeBytes: number): Promise<string | undefined> => {
  const parts: Buffer[] = [];
  for (const { from, to } of await rootOf(readAt, await readVolume(readAt, sizeBytes)))
    parts.push(await readExactly(readAt, from, Math.min(to - from, mostRootBytes)));
  return labelIn(Buffer.concat(parts));
};
