// An image on its way in: a temporary file beside its final place, hashed and sealed while it is written, on disk before it is named.
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { MediabayError } from "../core/errors.ts";
import type { ReadAt } from "./formats/read-at.ts";
import { createSealedWriter, type SealedWriter } from "./sealed/writer.ts";

export const incomingPrefix = ".incoming-";

/** Errors of the disk become STORE_UNAVAILABLE with the system's code; everything else passes. */
export const translateDiskError = (error: unknown): unknown => {
  if (!(error instanceof Error) || error instanceof MediabayError) return error;
  if (!("code" in error) || typeof error.code !== "string" || !("errno" in error)) return error;
  const why = error.code === "ENOSPC" || error.code === "EDQUOT" ? "its disk is full" : "its disk failed";
  return new MediabayError(
    "STORE_UNAVAILABLE",
    `The image store cannot be used: ${why} (${error.code}).`,
    {},
    { cause: error },
  );
};

export const onDisk = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw translateDiskError(error);
  }
};

/** Undefined when there is no such file. */
export const sizeOf = async (path: string): Promise<number | undefined> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw translateDiskError(error);
  }
};

export const syncFolder = async (folder: string): Promise<void> => {
  await using handle = await open(folder, "r");
  await handle.sync();
};

export interface Incoming {
  /** Of the image itself, as all sizes here. */
  readonly sizeBytes: number;
  /** Names the key that seals the file. */
  readonly id: string;
  /** Without it the file is noise. Kept nowhere but here; overwritten once the file was moved or discarded. */
  readonly key: Buffer;
  /** @throws MediabayError STORE_UNAVAILABLE, IMAGE_TOO_LARGE */
  write(chunk: Uint8Array): Promise<void>;
  readonly readAt: ReadAt;
  /** SHA-256 of all bytes; afterwards they are on disk and the file is closed. */
  seal(): Promise<string>;
  /** Only once sealed. Durable when it resolves. */
  moveTo(path: string): Promise<void>;
  /** Removes the file unless it was moved. Idempotent. */
  discard(): Promise<void>;
}

/** Nothing is left of a file that not even its header fits into. */
const sealedWriter = async (handle: FileHandle, path: string): Promise<SealedWriter> => {
  try {
    return await createSealedWriter(handle);
  } catch (error) {
    await handle.close();
    await rm(path, { force: true });
    throw translateDiskError(error);
  }
};

/**
 * @param reserve makes room for `bytes` more of a file that has `soFarBytes`, before they are written, or refuses
 * @param free gives back what a discarded file had reserved
 */
export const createIncoming = async (
  folder: string,
  reserve: (bytes: number, soFarBytes: number) => Promise<void>,
  free: (bytes: number) => void,
): Promise<Incoming> => {
  const path = join(folder, `${incomingPrefix}${randomUUID()}`);
  const handle: FileHandle = await onDisk(() => open(path, "wx+", 0o600));
  const writer = await sealedWriter(handle, path);
  const hash = createHash("sha256");
  let reservedBytes = 0;
  let state: "open" | "sealed" | "gone" = "open";

  const close = async (): Promise<void> => {
    if (state === "open") await handle.close();
  };

  return {
    id: writer.id,
    key: writer.key,
    get sizeBytes() {
      return writer.sizeBytes;
    },
    async write(chunk) {
      await reserve(chunk.byteLength, writer.sizeBytes);
      reservedBytes += chunk.byteLength;
      hash.update(chunk);
      await onDisk(() => writer.append(chunk));
    },
    readAt: (offset, length) => onDisk(() => writer.readAt(offset, length)),
    async seal() {
      await onDisk(async () => {
        await writer.finish();
        await handle.sync();
      });
      await close();
      state = "sealed";
      return hash.digest("hex");
    },
    async moveTo(target) {
      await onDisk(async () => {
        await rename(path, target);
        state = "gone";
        writer.forget();
        await syncFolder(folder);
      });
    },
    async discard() {
      if (state === "gone") return;
      await close();
      state = "gone";
      writer.forget();
      await onDisk(() => rm(path, { force: true }));
      free(reservedBytes);
    },
  };
};
