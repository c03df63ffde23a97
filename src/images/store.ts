// The bytes of images: sealed files named by their SHA-256, rows in the catalog. A file gets its name only when it is whole and on disk;
// whoever holds an image keeps it; what nobody holds goes at once, its key first, and leftovers of a crash go at the next start.
import type { Clock } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { ImageCatalog, ImageKeys } from "../core/ports.ts";
import type { ImageRecord } from "../core/records.ts";
import { formatSize } from "../core/units.ts";
import { tooLarge } from "./decode.ts";
import { imageNotFound } from "./digests.ts";
import type { IdentifiedImage } from "./identify.ts";
import { createIncoming, type Incoming } from "./incoming.ts";
import type { ImageFiles, ImageReader } from "./plane/contents.ts";
import { createSealedFiles, type SealedFiles } from "./sealed/files.ts";
import { createSharedTurns } from "./shared-turns.ts";

export interface ImageStoreDeps {
  /** `<stateDir>/images`; made with mode 0700. */
  readonly folder: string;
  readonly catalog: ImageCatalog;
  readonly keys: ImageKeys;
  readonly clock: Clock;
  /** For all images together, those still coming in included. Sealing adds 16 bytes to each 64 KiB, which are not counted. */
  readonly maxBytes: number;
  /** True while a BMC may read the image: such bytes are never deleted. */
  isPublished(digest: string): boolean;
}

export interface ImageStore extends ImageFiles {
  /**
   * Clears what a crash left: temporary files, files without rows or keys, keys and rows without files. Seals what lies there in plain.
   * Call once, before all else.
   */
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

class FileImageStore implements ImageStore {
  readonly #deps: ImageStoreDeps;
  readonly #files: SealedFiles;
  /** Names change one at a time, so that a hold never meets a deletion half way; holds are taken and given back side by side. */
  readonly #turns = createSharedTurns();
  #usedBytes = 0;
  /** Lost their last holder and are still here. */
  readonly #leaving = new Set<string>();
  #nextLeave: Promise<void> | undefined;

  constructor(deps: ImageStoreDeps) {
    this.#deps = deps;
    this.#files = createSealedFiles(deps);
  }

  start(): Promise<void> {
    return this.#turns.exclusive(async () => {
      await this.#files.start(async (digest) => (await this.#deps.catalog.get(digest))?.sizeBytes);
      this.#usedBytes = this.#files.usedBytes;
      await this.#clearRows();
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
    for (const digest of unheld) this.#leaving.add(digest);
    // What an earlier release failed to delete goes with the next.
    if (this.#leaving.size > 0) await this.#leave();
    // Outside of the turn: others must not wait for it.
    if (unheld.length > 0) await this.#deps.keys.scrubbed();
  }

  sweep(keeps: (holder: string) => boolean): Promise<void> {
    return this.#turns.exclusive(async () => {
      for (const holder of await this.#deps.catalog.allHolders())
        if (!keeps(holder)) await this.#deps.catalog.release(holder);
      await this.#evict(Number.NEGATIVE_INFINITY);
    });
  }

  async remove(digest: string): Promise<void> {
    await this.#turns.exclusive(async () => {
      if ((await this.#deps.catalog.get(digest)) === undefined) throw imageNotFound(digest);
      const holders = await this.#deps.catalog.holders(digest);
      const needed = holders.find((holder) => holder !== "manual");
      if (needed !== undefined || this.#deps.isPublished(digest))
        throw new MediabayError("MACHINE_BUSY", `The image ${digest} is needed by an attachment.`, {
          digest,
          ...(needed !== undefined && { attachment: needed }),
          hint: "Detach it first.",
        });
      await this.#drop([digest]);
    });
    await this.#deps.keys.scrubbed();
  }

  open(digest: string): Promise<ImageReader> {
    return this.#files.open(digest);
  }

  /** The row, if its file is there in full. */
  async #whole(digest: string): Promise<ImageRecord | undefined> {
    const row = await this.#deps.catalog.get(digest);
    return row !== undefined && (await this.#files.sizeOf(digest)) === row.sizeBytes ? row : undefined;
  }

  async #isUnneeded(digest: string): Promise<boolean> {
    return !this.#deps.isPublished(digest) && (await this.#deps.catalog.holders(digest)).length === 0;
  }

  async #place(incoming: Incoming, digest: string, image: IdentifiedImage): Promise<void> {
    const now = this.#deps.clock.now();
    if ((await this.#whole(digest)) !== undefined) return this.#deps.catalog.touch(digest, now);
    const replacedBytes = this.#files.placedBytes(digest);
    await this.#files.place(incoming, digest);
    this.#usedBytes -= replacedBytes;
    try {
      await this.#deps.catalog.put({ digest, ...image, createdAt: now, lastUsedAt: now });
    } catch (error) {
      await this.#drop([digest]);
      throw error;
    }
  }

  /** One turn for all that wait for one: destroying keys costs flushes of the disk, as many for one as for a hundred. */
  #leave(): Promise<void> {
    this.#nextLeave ??= this.#turns.exclusive(async () => {
      this.#nextLeave = undefined;
      const digests: string[] = [];
      for (const digest of this.#leaving) {
        // Another may have taken hold of it since.
        if (await this.#isUnneeded(digest)) digests.push(digest);
        else this.#leaving.delete(digest);
      }
      await this.#drop(digests);
    });
    return this.#nextLeave;
  }

  /** The rows last: a crash in between leaves a row without bytes, which is no secret. */
  async #drop(digests: readonly string[]): Promise<void> {
    const bytes = digests.reduce((sum, digest) => sum + this.#files.placedBytes(digest), 0);
    await this.#files.drop(digests);
    this.#usedBytes -= bytes;
    await Promise.all(digests.map((digest) => this.#deps.catalog.remove(digest)));
    for (const digest of digests) this.#leaving.delete(digest);
  }

  async #reserve(bytes: number, soFarBytes: number): Promise<void> {
    const { maxBytes } = this.#deps;
    if (soFarBytes + bytes > maxBytes) throw tooLarge({ name: "images.maxBytes", limitBytes: maxBytes });
    const fits = (): boolean => this.#usedBytes + bytes <= maxBytes;
    if (!fits()) await this.#turns.exclusive(() => this.#evict(maxBytes - bytes));
    if (!fits())
      throw new MediabayError(
        "STORE_UNAVAILABLE",
        `The image store is full: all of its ${formatSize(maxBytes)} are needed.`,
        { limit: "images.maxBytes", hint: "Detach what is not needed, or raise images.maxBytes." },
      );
    this.#usedBytes += bytes;
  }

  /** Deletes what nobody holds or reads, the least recently used first, until at most `mostBytes` are used. */
  async #evict(mostBytes: number): Promise<void> {
    const digests: string[] = [];
    let leftBytes = this.#usedBytes;
    for (const { digest } of await this.#deps.catalog.evictable()) {
      if (leftBytes <= mostBytes) break;
      if (this.#deps.isPublished(digest)) continue;
      digests.push(digest);
      leftBytes -= this.#files.placedBytes(digest);
    }
    await this.#drop(digests);
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
