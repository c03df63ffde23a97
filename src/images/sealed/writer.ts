// Seals an image while it comes in: no byte of it reaches the disk in plain. Which chunk is the last is known only at the end, so a full
// one waits in memory until another byte follows it.
import { createSecretKey, randomBytes } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { ReadAt } from "../formats/read-at.ts";
import { chunkCipher, defaultChunkBytes, keyBytes, newLayout, sealedAt } from "./format.ts";
import { openChunk, readChunks } from "./read-chunks.ts";

export interface SealedWriter {
  /** Names the key. */
  readonly id: string;
  /** Of this file alone. Overwritten by `forget`. */
  readonly key: Buffer;
  /** The plaintext so far. */
  readonly sizeBytes: number;
  append(bytes: Uint8Array): Promise<void>;
  /** Of what was appended so far; not after `finish`. */
  readonly readAt: ReadAt;
  /** The last chunk. Nothing is appended after it. */
  finish(): Promise<void>;
  /** Overwrites the key and the plaintext that is still in memory. Idempotent. */
  forget(): void;
}

/** Writes into an empty file that stays the caller's. */
export const createSealedWriter = async (
  handle: FileHandle,
  chunkBytes: number = defaultChunkBytes,
): Promise<SealedWriter> => {
  const layout = newLayout(chunkBytes);
  const key = randomBytes(keyBytes);
  const cipher = chunkCipher(layout, createSecretKey(key));
  const waiting = Buffer.alloc(chunkBytes);
  let waitingBytes = 0;
  let sealedChunks = 0;

  const sealWaiting = async (isLast: boolean): Promise<void> => {
    const sealed = cipher.seal(sealedChunks, isLast, waiting.subarray(0, waitingBytes));
    await writeAll(handle, sealed, sealedAt(layout, sealedChunks));
    sealedChunks += 1;
    waitingBytes = 0;
  };

  const sizeBytes = (): number => sealedChunks * chunkBytes + waitingBytes;
  const chunk = async (index: number): Promise<Buffer> =>
    index < sealedChunks
      ? openChunk(handle, layout, cipher, { index, isLast: false, plainBytes: chunkBytes })
      : Buffer.from(waiting.subarray(0, waitingBytes));

  await writeAll(handle, layout.header, 0);
  return {
    id: layout.id,
    key,
    get sizeBytes() {
      return sizeBytes();
    },
    async append(bytes) {
      for (let at = 0; at < bytes.length; ) {
        if (waitingBytes === chunkBytes) await sealWaiting(false);
        const part = bytes.subarray(at, at + chunkBytes - waitingBytes);
        waiting.set(part, waitingBytes);
        waitingBytes += part.length;
        at += part.length;
      }
    },
    readAt: readChunks({ chunkBytes, sizeBytes, chunk }),
    finish: () => sealWaiting(true),
    forget() {
      key.fill(0);
      waiting.fill(0);
    },
  };
};

const writeAll = async (handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
};
