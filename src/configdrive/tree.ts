// The words of this room: a tree of files to be written into an image, and what a reader found in one.
import { MediabayError } from "../core/errors.ts";
import type { ByteRange } from "../core/records.ts";
import type { ImageFormat } from "../core/vocabulary.ts";

/** Up to `length` bytes at `offset`; fewer only at the end of the image. */
export type ReadAt = (offset: number, length: number) => Promise<Buffer>;

/** `path`: names joined by `/`, none in front. Folders that files lie in need no entry of their own. */
export type TreeEntry =
  | { readonly kind: "file"; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: "directory"; readonly path: string };

export type Tree = readonly TreeEntry[];

const longestShownPath = 100;

/** As much of a path as a sentence bears: its beginning and its end. */
export const cutPath = (path: string): string => {
  if (path.length <= longestShownPath) return path;
  const half = longestShownPath / 2;
  return `${path.slice(0, half)}…${path.slice(-half)}`.toWellFormed();
};

/** `extents`: where a file's bytes lie, in order, together `sizeBytes` long; empty for a directory and for an empty file. */
export interface FoundEntry {
  readonly kind: "file" | "directory";
  readonly path: string;
  readonly sizeBytes: number;
  readonly extents: readonly ByteRange[];
}

export interface FoundTree {
  readonly format: ImageFormat;
  readonly label?: string;
  /** Of the medium that the image was made for: 2048 for ISO 9660, 512 or 4096 mostly for FAT. */
  readonly sectorBytes: number;
  /** A directory before what is in it; names as a Linux kernel would show them. */
  readonly entries: readonly FoundEntry[];
  /** What was tolerated, or left out, for people. */
  readonly warnings: readonly string[];
}

/** What a reader takes before it gives up, so that no image can make it work for ever. */
export interface ReadLimits {
  readonly entries: number;
  readonly depth: number;
  /** Of all directories together. */
  readonly directoryBytes: number;
}

export const defaultReadLimits: ReadLimits = { entries: 50_000, depth: 64, directoryBytes: 64 << 20 };

const windowBytes = 1 << 20;

/** For reads whose places only grow, however many and small they are. */
const inWindows = (readAt: ReadAt): ReadAt => {
  let start = 0;
  let bytes: Buffer = Buffer.alloc(0);
  return async (offset, length) => {
    if (offset < start || offset + length > start + bytes.length)
      [start, bytes] = [offset, await readAt(offset, Math.max(length, windowBytes))];
    return bytes.subarray(offset - start, offset - start + length);
  };
};

/** @throws MediabayError IMAGE_INVALID where an extent lies outside the image */
export const readFileBytes = async (readAt: ReadAt, file: FoundEntry): Promise<Buffer> => {
  const bytes = Buffer.alloc(file.sizeBytes);
  const pieces: { readonly from: number; readonly length: number; readonly at: number }[] = [];
  let end = 0;
  for (const { from, to } of file.extents) {
    pieces.push({ from, length: to - from, at: end });
    end += to - from;
  }
  // A hostile image has a file in tens of thousands of pieces, and each read may open a sealed chunk.
  const read = pieces.length > 1 ? inWindows(readAt) : readAt;
  for (const { from, length, at } of pieces.toSorted((one, other) => one.from - other.from)) {
    const piece = await read(from, length);
    if (piece.length !== length)
      throw new MediabayError("IMAGE_INVALID", `The image ends within its file ${file.path}.`);
    piece.copy(bytes, at);
  }
  return bytes;
};
