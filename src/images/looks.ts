// Looking into stored images, and giving the same files in another form. Only images of a config drive's size: they fit into memory.
import { createHash } from "node:crypto";
import { writeForm } from "../configdrive/forms.ts";
import { loadTree, readImage } from "../configdrive/image.ts";
import { lookInto } from "../configdrive/look/look.ts";
import type { FoundTree, ReadAt } from "../configdrive/tree.ts";
import type { ImageLook } from "../core/configdrive.ts";
import { MediabayError } from "../core/errors.ts";
import type { ImageCatalog, Images, RepackImage } from "../core/ports.ts";
import type { ImageRecord } from "../core/records.ts";
import { formatSize } from "../core/units.ts";
import { imageNotFound } from "./digests.ts";
import { receiveImage } from "./receive.ts";
import { Recent } from "./recent.ts";
import type { ImageStore } from "./store.ts";

export interface LooksDeps {
  readonly store: ImageStore;
  readonly catalog: Pick<ImageCatalog, "get">;
  /** Of the images that are looked into, and of those that are made. */
  readonly limitBytes: number;
}

export type Looks = Pick<Images, "look" | "repack">;

/** Looks with more files than this are not remembered. */
const mostFiles = 1000;
const mostLooks = 256;
const pieceBytes = 1 << 20;
/** Images up to this size are opened once, not anew for each directory. */
const residentBytes = 4 << 20;

const inMemory =
  (image: Buffer): ReadAt =>
  async (offset, length) =>
    image.subarray(offset, offset + length);

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

class StoredLooks {
  readonly #deps: LooksDeps;
  readonly #memory = new Recent<string, ImageLook>(mostLooks);

  constructor(deps: LooksDeps) {
    this.#deps = deps;
  }

  async look(digest: string): Promise<ImageLook | undefined> {
    const record = await this.#record(digest);
    const { limitBytes } = this.#deps;
    if (record.sizeBytes > limitBytes) return undefined;
    const known = this.#memory.use(record.digest);
    if (known !== undefined) return known;
    const look = await this.#reading(record, (found, readAt) => lookInto(found, readAt, record.sizeBytes, limitBytes));
    if (look.files.length <= mostFiles) this.#memory.set(record.digest, look);
    return look;
  }

  async repack(request: RepackImage): Promise<ImageRecord> {
    request.signal.throwIfAborted();
    const record = await this.#record(request.digest);
    const mostBytes = Math.min(request.mostBytes ?? Infinity, this.#deps.limitBytes);
    if (record.sizeBytes > this.#deps.limitBytes)
      throw new MediabayError(
        "IMAGE_DOES_NOT_FIT",
        `The image has ${formatSize(record.sizeBytes)}; only images up to images.limits.configdriveBytes are given another form.`,
      );
    const bytes = await this.#reading(record, async (found, readAt) => {
      if (isOfForm(record, found, request, mostBytes)) return undefined;
      const { format, sectorBytes } = request;
      const label = record.label ?? found.label;
      return writeForm(await loadTree(found, readAt, mostBytes), {
        format,
        mostBytes,
        ...(label !== undefined && { label }),
        ...(sectorBytes !== undefined && { sectorBytes }),
      });
    });
    const held =
      bytes === undefined
        ? await this.#deps.store.hold(record.digest, request.holder)
        : await this.#store(bytes, request);
    if (held === undefined) throw imageNotFound(request.digest);
    return held;
  }

  async #record(digest: string): Promise<ImageRecord> {
    const record = await this.#deps.catalog.get(digest.toLowerCase());
    if (record === undefined) throw imageNotFound(digest);
    return record;
  }

  async #reading<T>(record: ImageRecord, work: (found: FoundTree, readAt: ReadAt) => Promise<T>): Promise<T> {
    const reader = await this.#deps.store.open(record.digest);
    try {
      const { sizeBytes } = record;
      const readAt = sizeBytes <= residentBytes ? inMemory(await reader.readAt(0, sizeBytes)) : reader.readAt;
      return await work(await readImage(record.format, readAt, sizeBytes), readAt);
    } finally {
      await reader.close();
    }
  }

  async #store(bytes: Buffer, { holder, signal }: RepackImage): Promise<ImageRecord | undefined> {
    const { store } = this.#deps;
    const known = await store.hold(createHash("sha256").update(bytes).digest("hex"), holder);
    if (known !== undefined) return known;
    const { record } = await receiveImage(store, piecesOf(bytes), () => [holder], signal);
    return record;
  }
}

const isOfForm = (
  { format, sizeBytes }: ImageRecord,
  { sectorBytes }: FoundTree,
  wanted: RepackImage,
  mostBytes: number,
): boolean => {
  const isOfFormat = format === wanted.format && sizeBytes <= mostBytes;
  // A file system whose sectors are larger than the medium's can be mounted, the other way round it cannot.
  return isOfFormat && sectorBytes >= (wanted.sectorBytes ?? 512);
};

export const createLooks = (deps: LooksDeps): Looks => {
  const looks = new StoredLooks(deps);
  return { look: (digest) => looks.look(digest), repack: (request) => looks.repack(request) };
};
