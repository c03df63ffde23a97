// One sealed image file in a temporary folder, with small chunks where a test wants many of them.
import { createSecretKey } from "node:crypto";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageReader } from "../../src/images/plane/contents.ts";
import { type ChunkCache, createChunkCache } from "../../src/images/sealed/chunk-cache.ts";
import { headerBytes, parseHeader, shapeOf } from "../../src/images/sealed/format.ts";
import { createSealedReader } from "../../src/images/sealed/reader.ts";
import { createSealedWriter } from "../../src/images/sealed/writer.ts";
import { createHastyClock } from "./hasty-clock.ts";

export interface SealedFile {
  readonly path: string;
  readonly key: Buffer;
  readonly bytes: Buffer;
}

export interface SealedFolder extends AsyncDisposable {
  readonly path: string;
  /** @param sizes of the pieces in which the bytes come, in turns */
  seal(plain: Buffer, chunkBytes: number, sizes?: readonly number[]): Promise<SealedFile>;
}

export const createSealedFolder = async (): Promise<SealedFolder> => {
  const path = await mkdtemp(join(tmpdir(), "mediabay-sealed-"));
  let files = 0;
  return {
    path,
    async seal(plain, chunkBytes, sizes = [plain.length]) {
      files += 1;
      const file = join(path, `${files}`);
      await using handle = await open(file, "wx+");
      const writer = await createSealedWriter(handle, chunkBytes);
      const key = Buffer.from(writer.key);
      for (let at = 0, turn = 0; at < plain.length; turn += 1) {
        const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
        await writer.append(plain.subarray(at, at + size));
        at += size;
      }
      await writer.finish();
      writer.forget();
      return { path: file, key, bytes: await readFile(file) };
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
};

/** Undefined where the file does not even look like one. */
export const openSealed = async (
  path: string,
  key: Buffer,
  cacheBytes = 1 << 20,
  watched: (cache: ChunkCache) => ChunkCache = (cache) => cache,
): Promise<ImageReader | undefined> => {
  const handle = await open(path);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
  const layout = parseHeader(buffer.subarray(0, bytesRead));
  const shape = layout && shapeOf(layout, (await handle.stat()).size);
  if (shape === undefined) {
    await handle.close();
    return undefined;
  }
  const cache = watched(createChunkCache(cacheBytes, Math.max(1, Math.min(cacheBytes, shape.chunkBytes))));
  return createSealedReader(handle, shape, { key: createSecretKey(key), cache, clock: createHastyClock() });
};

/** As the image plane reads: what is lent, one piece after the other. */
export const readByLoans = async (reader: ImageReader, from: number, to: number): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for (let at = from; at < to; ) {
    const part = await new Promise<Buffer>((resolve, reject) => {
      reader.lend(at, to - at, (lent) => {
        if (lent instanceof Error) return reject(lent);
        const bytes = Buffer.concat(lent.parts);
        if (bytes.length === lent.sizeBytes && bytes.length > 0) resolve(bytes);
        else reject(new Error("what is lent has another size"));
        lent.giveBack();
      });
    });
    parts.push(part);
    at += part.length;
  }
  return Buffer.concat(parts);
};
