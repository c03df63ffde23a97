// The bytes of images: files named by their SHA-256, rows in the catalog. A file gets its name only when it is whole and on disk; whoever
// holds an image keeps it; what nobody holds goes at once, and leftovers of a crash go at the next start.
import { chmod, type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { ImageCatalog } from "../core/ports.ts";
import type { ImageRecord } from "../core/records.ts";
import { formatSize } from "../core/units.ts";
import { tooLarge } from "./decode.ts";
import type { IdentifiedImage } from "./identify.ts";
import type { ImageFiles } from "./plane/contents.ts";
import { createIncoming, type Incoming, incomingPrefix, onDisk, sizeOf, syncFolder } from "./incoming.ts";
import { createSharedTurns } from "./shared-turns.ts";

export interface ImageStoreDeps {
  /** `<stateDir>/images`; made with mode 0700. */
  readonly folder: string;
  readonly catalog: ImageCatalog;
  readonly clock: Clock;
  /** For all images together, those still coming in included. */
  readonly maxBytes: number;
  /** True while a BMC may read the image: such bytes are never deleted. */
  isPublished(digest: string): boolean;
}

export interface ImageStore extends ImageFiles {
  /** Clears what a crash left: temporary files, files without rows, rows without files. Call once, before all else. */
  start(): Promise<void>;
  receive(): Promise<Incoming>;
  /** Names the sealed file and holds it for `holders`, which is asked at the last moment; without a holder nothing is kept. */
  commit(
    incoming: Incoming,
    digest: string,
    image: IdentifiedImage,
    holders: () => readonly string[],
  ): Promise<ImageRecord | undefined>;
  /** Undefined when we do not have it (any more). */
  hold(digest: string, holder: string): Promise<ImageRecord | undefined>;
  find(digest: string): Promise<ImageRecord | undefined>;
  release(holder: string): Promise<void>;
  /** Drops the holders that `keeps` does not vouch for, and every image that nobody holds then. */
  sweep(keeps: (holder: string) => boolean): Promise<void>;
  /** @throws MediabayError IMAGE_NOT_FOUND, MACHINE_BUSY */
  remove(digest: string): Promise<void>;
}

export const imageNotFound = (digest: string): MediabayError =>
  new MediabayError("IMAGE_NOT_FOUND", `There is no image ${digest} in the store.`, { digest });

const digestPattern = /^[0-9a-f]{64}$/;

class FileImageStore implements ImageStore {
  readonly #deps: ImageStoreDeps;
  /** Names change one at a time, so that a hold never meets a deletion half way; holds are taken and given back side by side. */
  readonly #turns = createSharedTurns();
  #usedBytes = 0;

  constructor(deps: ImageStoreDeps) {
    this.#deps = deps;
  }

  start(): Promise<void> {
    return this.#turns.exclusive(async () => {
      const { folder } = this.#deps;
      await onDisk(async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await chmod(folder, 0o700);
      });
      await this.#clearFiles();
      await this.#clearRows();
      await onDisk(() => syncFolder(folder));
    });
  }

  receive(): Promise<Incoming> {
    return createIncoming(
      this.#deps.folder,
      (bytes, soFarBytes) => this.#reserve(bytes, soFarBytes),
      (bytes) => {
        this.#usedBytes -= bytes;
      },
    );
  }

  commit(
    incoming: Incoming,
    digest: string,
    image: IdentifiedImage,
    holders: () => readonly string[],
  ): Promise<ImageRecord | undefined> {
    return this.#turns.exclusive(async () => {
      const wanted = holders();
      if (wanted.length > 0) await this.#place(incoming, digest, image);
      await incoming.discard();
      for (const holder of wanted) await this.#deps.catalog.hold(digest, holder);
      return wanted.length > 0 ? this.#deps.catalog.get(digest) : undefined;
    });
  }

  hold(digest: string, holder: string): Promise<ImageRecord | undefined> {
    return this.#turns.shared(holder, async () => {
      if ((await this.#whole(digest)) === undefined) return undefined;
      const { catalog, clock } = this.#deps;
      const writes = [catalog.hold(digest, holder), catalog.touch(digest, clock.now())];
      // When one fails, the other must be over as well before a deletion may begin.
      await Promise.allSettled(writes);
      await Promise.all(writes);
      return catalog.get(digest);
    });
  }

  find(digest: string): Promise<ImageRecord | undefined> {
    return this.#turns.shared(undefined, () => this.#whole(digest));
  }

  async release(holder: string): Promise<void> {
    const unheld = await this.#turns.shared(holder, () => this.#deps.catalog.release(holder));
    if (unheld.length === 0) return;
    // Another may have taken hold of it since.
    await this.#turns.exclusive(async () => {
      for (const digest of unheld) if (await this.#isUnneeded(digest)) await this.#drop(digest);
    });
  }

  sweep(keeps: (holder: string) => boolean): Promise<void> {
    return this.#turns.exclusive(async () => {
      for (const holder of await this.#deps.catalog.allHolders())
        if (!keeps(holder)) await this.#deps.catalog.release(holder);
      await this.#evict(() => false);
    });
  }

  remove(digest: string): Promise<void> {
    return this.#turns.exclusive(async () => {
      if ((await this.#deps.catalog.get(digest)) === undefined) throw imageNotFound(digest);
      const holders = await this.#deps.catalog.holders(digest);
      const needed = holders.find((holder) => holder !== "manual");
      if (needed !== undefined || this.#deps.isPublished(digest))
        throw new MediabayError("MACHINE_BUSY", `The image ${digest} is needed by an attachment.`, {
          digest,
          ...(needed !== undefined && { attachment: needed }),
          hint: "Detach it first.",
        });
      await this.#drop(digest);
    });
  }

  async open(
    digest: string,
  ): Promise<{ readonly fd: FileHandle; readonly sizeBytes: number; readonly mtimeMs: number }> {
    if (!digestPattern.test(digest) || (await sizeOf(this.#path(digest))) === undefined) throw imageNotFound(digest);
    const fd = await onDisk(() => open(this.#path(digest), "r"));
    try {
      const { size, mtimeMs } = await onDisk(() => fd.stat());
      return { fd, sizeBytes: size, mtimeMs };
    } catch (error) {
      await fd.close();
      throw error;
    }
  }

  #path(digest: string): string {
    return join(this.#deps.folder, digest);
  }

  /** The row, if its file is there in full. */
  async #whole(digest: string): Promise<ImageRecord | undefined> {
    const row = await this.#deps.catalog.get(digest);
    return row !== undefined && (await sizeOf(this.#path(digest))) === row.sizeBytes ? row : undefined;
  }

  async #isUnneeded(digest: string): Promise<boolean> {
    return !this.#deps.isPublished(digest) && (await this.#deps.catalog.holders(digest)).length === 0;
  }

  async #place(incoming: Incoming, digest: string, image: IdentifiedImage): Promise<void> {
    const now = this.#deps.clock.now();
    if ((await this.#whole(digest)) !== undefined) return this.#deps.catalog.touch(digest, now);
    this.#usedBytes -= (await sizeOf(this.#path(digest))) ?? 0;
    await incoming.moveTo(this.#path(digest));
    try {
      await this.#deps.catalog.put({ digest, ...image, createdAt: now, lastUsedAt: now });
    } catch (error) {
      await onDisk(() => rm(this.#path(digest), { force: true }));
      this.#usedBytes -= image.sizeBytes;
      throw error;
    }
  }

  /** The file first: a crash in between leaves a row without bytes, which is no secret. */
  async #drop(digest: string): Promise<void> {
    const sizeBytes = await sizeOf(this.#path(digest));
    if (sizeBytes !== undefined) {
      await onDisk(async () => {
        await rm(this.#path(digest));
        await syncFolder(this.#deps.folder);
      });
      this.#usedBytes -= sizeBytes;
    }
    await this.#deps.catalog.remove(digest);
  }

  async #reserve(bytes: number, soFarBytes: number): Promise<void> {
    const { maxBytes } = this.#deps;
    if (soFarBytes + bytes > maxBytes) throw tooLarge({ name: "images.maxBytes", limitBytes: maxBytes });
    const fits = (): boolean => this.#usedBytes + bytes <= maxBytes;
    if (!fits()) await this.#turns.exclusive(() => this.#evict(fits));
    if (!fits())
      throw new MediabayError(
        "STORE_UNAVAILABLE",
        `The image store is full: all of its ${formatSize(maxBytes)} are needed.`,
        { limit: "images.maxBytes", hint: "Detach what is not needed, or raise images.maxBytes." },
      );
    this.#usedBytes += bytes;
  }

  /** Deletes what nobody holds or reads, the least recently used first, until it is enough. */
  async #evict(enough: () => boolean): Promise<void> {
    for (const { digest } of await this.#deps.catalog.evictable()) {
      if (enough()) return;
      if (!this.#deps.isPublished(digest)) await this.#drop(digest);
    }
  }

  async #clearFiles(): Promise<void> {
    this.#usedBytes = 0;
    for (const name of await onDisk(() => readdir(this.#deps.folder))) {
      const ours = name.startsWith(incomingPrefix) || digestPattern.test(name);
      const keep = digestPattern.test(name) && (await this.#whole(name)) !== undefined;
      if (keep) this.#usedBytes += (await sizeOf(this.#path(name))) ?? 0;
      else if (ours) await onDisk(() => rm(this.#path(name), { force: true }));
    }
  }

  async #clearRows(): Promise<void> {
    let after: string | undefined;
    const lost: string[] = [];
    do {
      const page = await this.#deps.catalog.list({ limit: 500, ...(after !== undefined && { after }) });
      for (const { digest } of page.items) if ((await this.#whole(digest)) === undefined) lost.push(digest);
      after = page.next;
    } while (after !== undefined);
    for (const digest of lost) await this.#deps.catalog.remove(digest);
  }
}

export const createImageStore = (deps: ImageStoreDeps): ImageStore => new FileImageStore(deps);
