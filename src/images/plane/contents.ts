// The bytes behind publications: small images in memory (least recently used leave first, by bytes), larger ones through
// one shared descriptor each. An image that is being sent is never evicted; when memory is full of such, the next small
// image is read from its file like a large one, so that slow readers cannot hold more than the budget.
import { type FileHandle } from "node:fs/promises";
import type { Clock } from "../../core/driver.ts";
import { type FileBytes, fileBytes } from "./file-bytes.ts";

/** Where the image plane gets files from: the image store. The receiver closes the handle. @throws IMAGE_NOT_FOUND */
export interface ImageFiles {
  open(digest: string): Promise<{ readonly fd: FileHandle; readonly sizeBytes: number; readonly mtimeMs: number }>;
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
  readonly file?: FileBytes;
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

const readWhole = async (handle: FileHandle, sizeBytes: number): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  for (let offset = 0; offset < sizeBytes; ) {
    const { bytesRead } = await handle.read(bytes, offset, sizeBytes - offset, offset);
    if (bytesRead === 0) throw new Error("an image file is shorter than its record says");
    offset += bytesRead;
  }
  return bytes;
};

class ContentCache implements Contents {
  readonly #files: ImageFiles;
  readonly #limits: ContentLimits;
  readonly #clock: Clock;
  /** In order of use: the first is the least recently used. */
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<Entry>>();
  readonly #closing = new Set<Promise<void>>();
  #residentBytes = 0;
  #openDescriptors = 0;

  constructor(files: ImageFiles, limits: ContentLimits, clock: Clock) {
    this.#files = files;
    this.#limits = limits;
    this.#clock = clock;
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
    const { fd, sizeBytes } = await this.#files.open(digest);
    const resident = sizeBytes <= this.#limits.residentImageBytes && this.#makeRoom(sizeBytes);
    if (resident) this.#residentBytes += sizeBytes;
    else this.#openDescriptors += 1;
    try {
      const content: Content = resident
        ? { sizeBytes, memory: await readWhole(fd, sizeBytes) }
        : { sizeBytes, file: fileBytes(fd, sizeBytes, this.#clock) };
      if (resident) await fd.close();
      const entry: Entry = { digest, content, users: 0, doomed: false };
      this.#entries.set(digest, entry);
      return entry;
    } catch (error) {
      if (resident) this.#residentBytes -= sizeBytes;
      else this.#openDescriptors -= 1;
      await fd.close();
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
    if (memory) this.#residentBytes -= sizeBytes;
    if (!file) return;
    this.#openDescriptors -= 1;
    const closing = file.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

export const createContents = (
  files: ImageFiles,
  clock: Clock,
  limits: ContentLimits = defaultContentLimits,
): Contents => new ContentCache(files, limits, clock);
