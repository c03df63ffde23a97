// Any range of an image that can be opened chunk by chunk only.
import type { FileHandle } from "node:fs/promises";
import type { ReadAt } from "../formats/read-at.ts";
import { altered, type ChunkCipher, sealedAt, sealedBytesOf, type SealedLayout } from "./format.ts";

export interface ChunkSource {
  readonly chunkBytes: number;
  sizeBytes(): number;
  /** In memory that nobody else uses. */
  chunk(index: number): Promise<Buffer>;
}

/** The answer is in memory of its own; what was opened for it is overwritten. */
export const readChunks =
  (source: ChunkSource): ReadAt =>
  async (offset, length) => {
    const end = Math.max(offset, Math.min(offset + length, source.sizeBytes()));
    const bytes = Buffer.allocUnsafeSlow(end - offset);
    for (let at = offset; at < end; ) {
      const index = Math.floor(at / source.chunkBytes);
      const chunk = await source.chunk(index);
      const copied = chunk.copy(bytes, at - offset, at - index * source.chunkBytes, end - index * source.chunkBytes);
      chunk.fill(0);
      if (copied === 0) throw new RangeError("a chunk is shorter than its image says");
      at += copied;
    }
    return bytes;
  };

export interface ChunkPlace {
  readonly index: number;
  readonly isLast: boolean;
  readonly plainBytes: number;
}

/** @throws MediabayError STORE_UNAVAILABLE when the file does not hold what was sealed there */
export const openChunk = async (
  handle: FileHandle,
  layout: SealedLayout,
  cipher: ChunkCipher,
  { index, isLast, plainBytes }: ChunkPlace,
): Promise<Buffer> => {
  const sealed = Buffer.allocUnsafeSlow(sealedBytesOf(plainBytes));
  const { bytesRead } = await handle.read(sealed, 0, sealed.length, sealedAt(layout, index));
  if (bytesRead !== sealed.length) throw altered(layout.id);
  const plain = Buffer.allocUnsafeSlow(plainBytes);
  cipher.open(index, isLast, sealed, plain);
  return plain;
};
