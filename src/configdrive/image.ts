// The image formats by name: which reader and which writer is whose.
import { MediabayError } from "../core/errors.ts";
import type { ImageFormat } from "../core/vocabulary.ts";
import { readFat } from "./fat/reader.ts";
import { readIso9660 } from "./iso9660/reader.ts";
import { type FoundTree, type ReadAt, readFileBytes, type ReadLimits, type Tree, type TreeEntry } from "./tree.ts";

const readers: Readonly<Record<ImageFormat, typeof readFat>> = { fat: readFat, iso9660: readIso9660 };

/** @throws MediabayError IMAGE_INVALID */
export const readImage = (
  format: ImageFormat,
  readAt: ReadAt,
  sizeBytes: number,
  limits?: ReadLimits,
): Promise<FoundTree> => readers[format](readAt, sizeBytes, limits);

/**
 * All of it in memory.
 * @param mostBytes of all files together: a hostile image may give the same bytes under many names
 * @throws MediabayError IMAGE_INVALID, IMAGE_DOES_NOT_FIT
 */
export const loadTree = async ({ entries }: FoundTree, readAt: ReadAt, mostBytes: number): Promise<Tree> => {
  const totalBytes = entries.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  if (totalBytes > mostBytes)
    throw new MediabayError(
      "IMAGE_DOES_NOT_FIT",
      `The files together have ${totalBytes} bytes, and the medium takes ${mostBytes}.`,
    );
  const tree: TreeEntry[] = [];
  for (const entry of entries) {
    const { kind, path } = entry;
    tree.push(kind === "directory" ? { kind, path } : { kind, path, bytes: await readFileBytes(readAt, entry) });
  }
  return tree;
};
