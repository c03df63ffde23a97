// A sealed image, open for reading: long runs into memory of their own, and for the image plane the bytes of one opened chunk at a time.
import type { KeyObject } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Clock } from "../../core/driver.ts";
import { type FileBytes, fileBytes } from "../plane/file-bytes.ts";
import type { ImageReader, Lent, OnLent } from "../plane/contents.ts";
import type { ChunkCache, Chunks, Slot } from "./chunk-cache.ts";
import {
  altered,
  type ChunkCipher,
  chunkCipher,
  plainBytesOf,
  sealedAt,
  sealedBytesOf,
  type SealedShape,
} from "./format.ts";
import { openChunk, readChunks } from "./read-chunks.ts";

/** So many go to the system in one call: each call costs as much as opening half a chunk. */
const mostChunksLent = 4;

/** Chunks `first` to `last`, and the bytes of them that are wanted, counted from the beginning of the first. */
interface Run {
  readonly first: number;
  readonly last: number;
  readonly from: number;
  readonly to: number;
}

const lentOf = (slots: readonly Slot[], { from, to }: Run, chunkBytes: number): Lent => {
  const parts = slots.map(({ bytes }, turn) =>
    bytes.subarray(turn === 0 ? from : 0, Math.min(bytes.length, to - turn * chunkBytes)),
  );
  return {
    parts,
    sizeBytes: Math.min(to, slots.length * chunkBytes) - from,
    giveBack: () => {
      for (const slot of slots) slot.giveBack();
    },
  };
};

class SealedReader implements ImageReader {
  readonly sizeBytes: number;
  readonly readAt: ImageReader["readAt"];
  readonly #shape: SealedShape;
  readonly #cipher: ChunkCipher;
  readonly #file: FileBytes;
  readonly #chunks: Chunks;
  readonly #cacheBytes: number;
  /** Filled and opened in one go, hence enough for all readers of this image. */
  #sealed: Buffer | undefined;

  constructor(handle: FileHandle, shape: SealedShape, { key, cache, clock }: SealedReaderDeps) {
    this.sizeBytes = shape.sizeBytes;
    this.#shape = shape;
    this.#cipher = chunkCipher(shape, key);
    this.#chunks = cache.forImage();
    this.#cacheBytes = cache.budgetBytes;
    this.#file = fileBytes(handle, sealedAt(shape, shape.chunks), clock);
    this.readAt = readChunks({
      chunkBytes: shape.chunkBytes,
      sizeBytes: () => shape.sizeBytes,
      chunk: (index) =>
        openChunk(handle, shape, this.#cipher, {
          index,
          isLast: index === shape.chunks - 1,
          plainBytes: plainBytesOf(shape, index),
        }),
    });
  }

  lend(position: number, most: number, done: OnLent): void {
    const { chunkBytes } = this.#shape;
    const first = Math.floor(position / chunkBytes);
    const [from, to] = [position - first * chunkBytes, Math.min(position + most, this.sizeBytes) - first * chunkBytes];
    const run: Run = { first, from, to, last: Math.min(Math.ceil(to / chunkBytes), mostChunksLent) + first - 1 };
    this.#gather(run, [], (slots) => done(slots instanceof Error ? slots : lentOf(slots, run, chunkBytes)));
  }

  async close(): Promise<void> {
    // Reads that are under way put what they open into the cache before the file closes.
    await this.#file.close();
    this.#chunks.clear();
  }

  /** What is missing is opened; after one that does not open, what was gathered until then. */
  #gather(run: Run, slots: Slot[], done: (slots: readonly Slot[] | Error) => void): void {
    for (let index = run.first + slots.length; index <= run.last; index += 1) {
      const ready = this.#chunks.take(index);
      if (ready === undefined) {
        return this.#load(index, this.#isKept(run, index), (slot) => {
          if (slot instanceof Error) return done(slots.length > 0 ? slots : slot);
          slots.push(slot);
          this.#gather(run, slots, done);
        });
      }
      slots.push(ready);
    }
    done(slots);
  }

  /** Who reads long runs of an image that the cache cannot hold comes back to none of the chunks that he read whole. */
  #isKept({ first, from, to }: Run, index: number): boolean {
    const { chunkBytes } = this.#shape;
    const isWhole = (index > first || from === 0) && (index - first + 1) * chunkBytes <= to;
    return !isWhole || this.sizeBytes <= this.#cacheBytes;
  }

  #load(index: number, isKept: boolean, done: (slot: Slot | Error) => void): void {
    const sealedBytes = sealedBytesOf(plainBytesOf(this.#shape, index));
    this.#sealed ??= Buffer.allocUnsafeSlow(sealedBytesOf(this.#shape.chunkBytes));
    const target = this.#sealed;
    this.#file.read(target, sealedBytes, sealedAt(this.#shape, index), (error, bytesRead) => {
      if (error) return done(error);
      if (bytesRead !== sealedBytes) return done(altered(this.#shape.id));
      // Others may have waited for the same region of the file.
      done(this.#chunks.take(index) ?? this.#open(index, isKept, target.subarray(0, sealedBytes)));
    });
  }

  #open(index: number, isKept: boolean, sealed: Buffer): Slot | Error {
    const bytes = plainBytesOf(this.#shape, index);
    const fill = (target: Buffer): void => this.#cipher.open(index, index === this.#shape.chunks - 1, sealed, target);
    try {
      return isKept ? this.#chunks.put(index, bytes, fill) : this.#chunks.pass(bytes, fill);
    } catch (error) {
      return error instanceof Error ? error : altered(this.#shape.id, error);
    }
  }
}

export interface SealedReaderDeps {
  readonly key: KeyObject;
  readonly cache: ChunkCache;
  readonly clock: Clock;
}

/** `handle` is owned from now on and closed by `close`, after which nothing may be read. */
export const createSealedReader = (handle: FileHandle, shape: SealedShape, deps: SealedReaderDeps): ImageReader =>
  new SealedReader(handle, shape, deps);
