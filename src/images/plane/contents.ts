// The bytes behind publications: small images in memory (least recently used leave first, by bytes), larger ones through
// one shared reader each. An image that is being sent is never evicted; when memory is full of such, the next small
// image is read from its file like a large one, so that slow readers cannot hold more than the budget.
import type { ReadAt } from "../formats/read-at.ts";

/** Bytes of an image, in order, that stay as they are until they are given back, once. They are not to be written to. */
export interface Lent {
  readonly parts: readonly Buffer[];
  readonly sizeBytes: number;
  giveBack(): void;
}

export type OnLent = (lent: Lent | Error) => void;

/** One stored image in plain, whatever its file looks like. */
export interface ImageReader {
  readonly sizeBytes: number;
  /** Bytes from `position` on, at least one and at most `most`. `done` may be called before this returns. */
  lend(position: number, most: number, done: OnLent): void;
  /** In memory of its own. @throws STORE_UNAVAILABLE where the file was altered */
  readonly readAt: ReadAt;
  close(): Promise<void>;
}

/** Where the image plane gets images from: the image store. The receiver closes the reader. @throws IMAGE_NOT_FOUND, STORE_UNAVAILABLE */
export interface ImageFiles {
  open(digest: string): Promise<ImageReader>;
}

export interface ContentLimits {
  /** Images up to this size are served from memory. */
  readonly residentImageBytes: number;
  /** All resident images together. */
  readonly residentBytes: number;
  /** Descriptors kept open for images that nobody reads just now. */
  readonly idleDescriptors: number;
}

const defaultContentLimits: ContentLimits = {
  residentImageBytes: 8 << 20,
  residentBytes: 256 << 20,
  idleDescriptors: 128,
};

/** One image, ready to be sent. Exactly one of `memory` and `file` is set. */
export interface Content {
  readonly sizeBytes: number;
  readonly memory?: Buffer;
  readonly file?: ImageReader;
}

interface Entry {
  readonly digest: string;
  readonly content: Content;
  users: number;
  doomed: boolean;
}

export interface Contents {
  /** The content if it is ready now, held until `release`. */
  acquireReady(digest: string): Content | undefined;
  /** Opens or loads it, once however many ask; held until `release`. @throws what `ImageFiles.open` throws */
  acquire(digest: string): Promise<Content>;
  release(digest: string): void;
  /** The image is no longer published: drop it as soon as nobody reads it. */
  forget(digest: string): Promise<void>;
  /** For tests and metrics. */
  readonly residentBytes: number;
  readonly openDescriptors: number;
  close(): Promise<void>;
}

class ContentCache implements Contents {
  readonly #files: ImageFiles;
  readonly #limits: ContentLimits;
  /** In order of use: the first is the least recently used. */
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<Entry>>();
  readonly #closing = new Set<Promise<void>>();
  #residentBytes = 0;
  #openDescriptors = 0;

  constructor(files: ImageFiles, limits: ContentLimits) {
    this.#files = files;
    this.#limits = limits;
  }

  get residentBytes(): number {
    return this.#residentBytes;
  }

  get openDescriptors(): number {
    return this.#openDescriptors;
  }

  acquireReady(digest: string): Content | undefined {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return undefined;
    entry.users += 1;
    entry.doomed = false;
    return entry.content;
  }

  async acquire(digest: string): Promise<Content> {
    for (;;) {
      const ready = this.acquireReady(digest);
      if (ready) return ready;
      const loading = this.#loading.get(digest) ?? this.#startLoading(digest);
      await loading;
    }
  }

  release(digest: string): void {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    if (entry.doomed) return this.#drop(entry);
    this.#entries.delete(digest);
    this.#entries.set(digest, entry);
    this.#shrink(0, this.#limits.idleDescriptors);
  }

  async forget(digest: string): Promise<void> {
    const entry = this.#entries.get(digest);
    if (entry === undefined) return;
    if (entry.users > 0) entry.doomed = true;
    else this.#drop(entry);
    await Promise.all(this.#closing);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#loading.values());
    for (const entry of this.#entries.values()) this.#drop(entry);
    await Promise.all(this.#closing);
  }

  #startLoading(digest: string): Promise<Entry> {
    const loading = this.#load(digest).finally(() => this.#loading.delete(digest));
    this.#loading.set(digest, loading);
    return loading;
  }

  async #load(digest: string): Promise<Entry> {
    const reader = await this.#files.open(digest);
    const { sizeBytes } = reader;
    const resident = sizeBytes <= this.#limits.residentImageBytes && this.#makeRoom(sizeBytes);
    if (resident) this.#residentBytes += sizeBytes;
    else this.#openDescriptors += 1;
    try {
      const content: Content = resident
        ? { sizeBytes, memory: await reader.readAt(0, sizeBytes) }
        : { sizeBytes, file: reader };
      if (resident) await reader.close();
      const entry: Entry = { digest, content, users: 0, doomed: false };
      this.#entries.set(digest, entry);
      return entry;
    } catch (error) {
      if (resident) this.#residentBytes -= sizeBytes;
      else this.#openDescriptors -= 1;
      await reader.close();
      throw error;
    }
  }

  #makeRoom(bytes: number): boolean {
    this.#shrink(bytes, Number.POSITIVE_INFINITY);
    return this.#residentBytes + bytes <= this.#limits.residentBytes;
  }

  /** Evicts idle images until `bytes` more fit in memory and at most `descriptors` idle ones are open. */
  #shrink(bytes: number, descriptors: number): void {
    for (const entry of this.#entries.values()) {
      const tooManyBytes = this.#residentBytes + bytes > this.#limits.residentBytes;
      const tooManyDescriptors = this.#openDescriptors > descriptors;
      if (!tooManyBytes && !tooManyDescriptors) return;
      if (entry.users > 0) continue;
      if (entry.content.memory ? tooManyBytes : tooManyDescriptors) this.#drop(entry);
    }
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.digest);
    const { memory, file, sizeBytes } = entry.content;
    if (memory) {
      this.#residentBytes -= sizeBytes;
      // Nobody sends it any more: what is let go of stays in no freed memory.
      memory.fill(0);
    }
    if (!file) return;
    this.#openDescriptors -= 1;
    const closing = file.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

export const createContents = (files: ImageFiles, limits: ContentLimits = defaultContentLimits): Contents =>
  new ContentCache(files, limits);
