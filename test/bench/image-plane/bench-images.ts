// Where the benchmark's image plane gets its images from: sealed, as in the product, or in plain, to see what sealing costs.
import { createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { createIncoming } from "../../../src/images/incoming.ts";
import type { ImageFiles, ImageReader } from "../../../src/images/plane/contents.ts";
import { fileBytes } from "../../../src/images/plane/file-bytes.ts";
import { createSealedFiles } from "../../../src/images/sealed/files.ts";
import { systemClock } from "../../../src/wire/clock.ts";
import { createMemoryImageKeys } from "../../tools/memory-image-keys.ts";

export interface BenchImages {
  readonly files: ImageFiles;
  /** By the file's name, what `files` calls it. */
  add(name: string): Promise<string>;
}

const bufferBytes = 64 << 10;
const free: Buffer[] = [];

const openPlain = async (path: string): Promise<ImageReader> => {
  const handle = await open(path);
  const { size: sizeBytes } = await handle.stat();
  const file = fileBytes(handle, sizeBytes, systemClock);
  return {
    sizeBytes,
    lend(position, most, done) {
      const buffer = free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
      file.read(buffer, Math.min(bufferBytes, most), position, (error, bytesRead) =>
        done(
          error ?? {
            parts: [buffer.subarray(0, bytesRead)],
            sizeBytes: bytesRead,
            giveBack: () => void free.push(buffer),
          },
        ),
      );
    },
    async readAt(offset, length) {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
};

const plainImages = (folder: string): BenchImages => ({
  files: { open: (name) => openPlain(join(folder, name)) },
  add: (name) => Promise.resolve(name),
});

const sealedImages = async (folder: string): Promise<BenchImages> => {
  const sealed = join(folder, "sealed");
  await mkdir(sealed, { recursive: true });
  const files = createSealedFiles({ folder: sealed, keys: createMemoryImageKeys(), clock: systemClock });
  await files.start(() => Promise.resolve(undefined));
  const nothingToReserve = (): Promise<void> => Promise.resolve();
  return {
    files,
    async add(name) {
      const incoming = await createIncoming(sealed, nothingToReserve, () => undefined);
      for await (const chunk of createReadStream(join(folder, name), { highWaterMark: 1 << 20 }))
        await incoming.write(chunk as Buffer);
      const digest = await incoming.seal();
      await files.place(incoming, digest);
      return digest;
    },
  };
};

export type ImageKind = "sealed" | "plain";

export const benchImages = async (folder: string, kind: ImageKind): Promise<BenchImages> =>
  kind === "sealed" ? sealedImages(folder) : plainImages(folder);
