// The folder of sealed images and their keys. A key is durable before its file has a name and is destroyed before the file is deleted: a
// crash in between leaves noise without a key, or a key without noise, and both go at the next start.
// A file's name is the image's SHA-256, which could confirm a guess of all of its content. The database beside it says the same by design
// (it is how images are asked for, and what the audit trail names), so that another name would hide nothing.
import { createSecretKey } from "node:crypto";
import { chmod, type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../core/driver.ts";
import type { ImageKeys } from "../../core/ports.ts";
import { imageNotFound } from "../digests.ts";
import { createIncoming, type Incoming, incomingPrefix, onDisk, sizeOf, syncFolder } from "../incoming.ts";
import type { ImageFiles, ImageReader } from "../plane/contents.ts";
import { type ChunkCache, createChunkCache } from "./chunk-cache.ts";
import {
  altered,
  defaultChunkBytes,
  headerBytes,
  parseHeader,
  type SealedLayout,
  type SealedShape,
  shapeOf,
} from "./format.ts";
import { copyPlain, overwrite } from "./plain.ts";
import { createSealedReader } from "./reader.ts";

export interface SealedFilesDeps {
  /** Made with mode 0700. */
  readonly folder: string;
  readonly keys: ImageKeys;
  readonly clock: Clock;
  /** Memory for opened chunks of all images together. */
  readonly cacheBytes?: number;
}

export interface SealedFiles extends ImageFiles {
  /**
   * Clears what a crash left, and seals what an earlier version wrote in plain. Call once, before all else.
   * @param expectedSize what the image should have; undefined for one that nobody knows
   */
  start(expectedSize: (digest: string) => Promise<number | undefined>): Promise<void>;
  /** Names the sealed file, in place of one of that name. Durable when it resolves. */
  place(incoming: Incoming, digest: string): Promise<void>;
  /** Destroys the keys, then the files. */
  drop(digests: readonly string[]): Promise<void>;
  /** Of the image, as its file is now; undefined when it is not there or no longer whole. */
  sizeOf(digest: string): Promise<number | undefined>;
  /** Of the image, as it was placed. */
  placedBytes(digest: string): number;
  /** Of all images. */
  readonly usedBytes: number;
}

const digestPattern = /^[0-9a-f]{64}$/;
/** Of a file in plain whose sealed one takes its name: it has one of its own until it is overwritten, whatever happens in between. */
const plainPrefix = ".plain-";
const leftoverPrefixes = [incomingPrefix, plainPrefix];
/** Beside the images that stay in memory whole. */
const defaultCacheBytes = 128 << 20;
const noReserve = (): Promise<void> => Promise.resolve();

class SealedFolder implements SealedFiles {
  readonly #deps: SealedFilesDeps;
  readonly #cache: ChunkCache;
  readonly #placed = new Map<string, SealedShape>();

  constructor(deps: SealedFilesDeps) {
    this.#deps = deps;
    this.#cache = createChunkCache(deps.cacheBytes ?? defaultCacheBytes, defaultChunkBytes);
  }

  get usedBytes(): number {
    return [...this.#placed.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  async start(expectedSize: (digest: string) => Promise<number | undefined>): Promise<void> {
    const { folder, keys } = this.#deps;
    await onDisk(async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await chmod(folder, 0o700);
    });
    this.#placed.clear();
    await this.#putBackPlain();
    const keyed = new Set(await keys.ids());
    for (const name of await onDisk(() => readdir(folder))) {
      const isImage = digestPattern.test(name);
      if (isImage && (await this.#take(name, await expectedSize(name), keyed))) continue;
      if (isImage || leftoverPrefixes.some((prefix) => name.startsWith(prefix))) await this.#discard(name);
    }
    const used = new Set([...this.#placed.values()].map(({ id }) => id));
    const orphans = (await keys.ids()).filter((id) => !used.has(id));
    if (orphans.length > 0) await keys.destroy(orphans);
    await onDisk(() => syncFolder(folder));
  }

  async place(incoming: Incoming, digest: string): Promise<void> {
    const { keys } = this.#deps;
    const replaced = this.#placed.get(digest);
    await keys.put(incoming.id, incoming.key);
    try {
      await incoming.moveTo(this.#path(digest));
      this.#placed.set(digest, await this.#shape(digest));
    } catch (error) {
      await keys.destroy([incoming.id]);
      throw error;
    }
    if (replaced) await keys.destroy([replaced.id]);
  }

  async drop(digests: readonly string[]): Promise<void> {
    const { folder, keys } = this.#deps;
    const known = digests.filter((digest) => this.#placed.has(digest));
    if (known.length === 0) return;
    await keys.destroy(known.flatMap((digest) => this.#placed.get(digest)?.id ?? []));
    await onDisk(async () => {
      for (const digest of known) await rm(this.#path(digest), { force: true });
      await syncFolder(folder);
    });
    for (const digest of known) this.#placed.delete(digest);
  }

  async sizeOf(digest: string): Promise<number | undefined> {
    const shape = this.#placed.get(digest);
    const fileBytes = shape && (await sizeOf(this.#path(digest)));
    return fileBytes === undefined ? undefined : shape && shapeOf(shape, fileBytes)?.sizeBytes;
  }

  placedBytes(digest: string): number {
    return this.#placed.get(digest)?.sizeBytes ?? 0;
  }

  async open(digest: string): Promise<ImageReader> {
    const placed = this.#placed.get(digest);
    if (placed === undefined || (await sizeOf(this.#path(digest))) === undefined) throw imageNotFound(digest);
    const handle = await onDisk(() => open(this.#path(digest), "r"));
    try {
      const shape = await shapeIn(handle);
      const key = await this.#deps.keys.get(placed.id);
      // A file that was cut between two chunks would else say the wrong length until its end is read.
      const isWhole = shape?.id === placed.id && shape.sizeBytes === placed.sizeBytes;
      if (!isWhole || key === undefined) throw altered(placed.id);
      const reader = { key: createSecretKey(key), cache: this.#cache, clock: this.#deps.clock };
      key.fill(0);
      return createSealedReader(handle, shape, reader);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  #path(digest: string): string {
    return join(this.#deps.folder, digest);
  }

  async #shape(digest: string): Promise<SealedShape> {
    await using handle = await onDisk(() => open(this.#path(digest), "r"));
    const shape = await shapeIn(handle);
    if (shape === undefined) throw altered(digest);
    return shape;
  }

  /** Whether the file is an image of ours and whole; it is sealed then. */
  async #take(digest: string, expectedSize: number | undefined, keyed: ReadonlySet<string>): Promise<boolean> {
    if (expectedSize === undefined) return false;
    await using handle = await onDisk(() => open(this.#path(digest), "r+"));
    if ((await layoutIn(handle)) === undefined) return await this.#sealPlain(handle, digest, expectedSize);
    const shape = await shapeIn(handle);
    if (shape?.sizeBytes !== expectedSize || !keyed.has(shape.id)) return false;
    this.#placed.set(digest, shape);
    return true;
  }

  async #sealPlain(handle: FileHandle, digest: string, expectedSize: number): Promise<boolean> {
    const { folder } = this.#deps;
    if ((await onDisk(() => handle.stat())).size !== expectedSize) return false;
    const incoming = await createIncoming(folder, noReserve, () => undefined);
    try {
      await copyPlain(handle, incoming);
      if ((await incoming.seal()) !== digest) return false;
      await onDisk(async () => {
        await rename(this.#path(digest), this.#path(`${plainPrefix}${digest}`));
        await syncFolder(folder);
      });
      await this.place(incoming, digest);
    } finally {
      await incoming.discard();
    }
    await this.#discard(`${plainPrefix}${digest}`);
    return true;
  }

  /** Where a crash, or a failure, kept the sealed file from its name. */
  async #putBackPlain(): Promise<void> {
    const names = await onDisk(() => readdir(this.#deps.folder));
    for (const name of names) {
      const digest = name.slice(plainPrefix.length);
      if (name.startsWith(plainPrefix) && !names.includes(digest))
        await onDisk(() => rename(this.#path(name), this.#path(digest)));
    }
  }

  /** Overwritten first, unless it is noise. */
  async #discard(name: string): Promise<void> {
    {
      await using handle = await onDisk(() => open(this.#path(name), "r+"));
      if ((await layoutIn(handle)) === undefined) await onDisk(() => overwrite(handle));
    }
    await onDisk(() => rm(this.#path(name), { force: true }));
  }
}

const layoutIn = async (handle: FileHandle): Promise<SealedLayout | undefined> => {
  const { buffer, bytesRead } = await onDisk(() => handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 0));
  return parseHeader(buffer.subarray(0, bytesRead));
};

const shapeIn = async (handle: FileHandle): Promise<SealedShape | undefined> => {
  const layout = await layoutIn(handle);
  return layout && shapeOf(layout, (await onDisk(() => handle.stat())).size);
};

export const createSealedFiles = (deps: SealedFilesDeps): SealedFiles => new SealedFolder(deps);
