// A sealed file gives back what went in, at any place and in any order of reading, and shows nothing of it.
import { open } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Lent } from "../../../src/images/plane/contents.ts";
import type { ChunkCache, Slot } from "../../../src/images/sealed/chunk-cache.ts";
import { headerBytes, sealedSize } from "../../../src/images/sealed/format.ts";
import { createSealedWriter } from "../../../src/images/sealed/writer.ts";
import { patternBytes } from "../../tools/image-plane.ts";
import { createSealedFolder, openSealed, readByLoans, type SealedFolder } from "../../tools/sealed-file.ts";

let folder: SealedFolder;

beforeAll(async () => {
  folder = await createSealedFolder();
});

afterAll(() => folder[Symbol.asyncDispose]());

const places = fc.array(fc.tuple(fc.nat(1000), fc.nat(400)), { minLength: 1, maxLength: 8 });

describe("a sealed image", () => {
  it("gives any range of what was written, in whatever pieces that came", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(900),
        fc.integer({ min: 1, max: 130 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
        places,
        fc.constantFrom(0, 100, 1 << 20),
        async (size, chunkBytes, pieces, ranges, cacheBytes) => {
          const plain = patternBytes(size, chunkBytes);
          const { path, key } = await folder.seal(plain, chunkBytes, pieces);
          const reader = await openSealed(path, key, cacheBytes);
          expect(reader?.sizeBytes).toBe(size);
          if (reader === undefined) return;
          for (const [from, length] of ranges) {
            const expected = plain.subarray(from, from + length);
            expect((await reader.readAt(from, length)).equals(expected)).toBe(true);
            expect((await readByLoans(reader, from, Math.min(size, from + length))).equals(expected)).toBe(true);
          }
          await reader.close();
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([
    ["kept", 1 << 20],
    ["only passing", 64],
  ])("leaves nothing in memory once it is closed, what a read under way opens included: %s", async (_, cacheBytes) => {
    const plain = patternBytes(500);
    const { path, key } = await folder.seal(plain, 64);
    const slots: Slot[] = [];
    const watched = (cache: ChunkCache): ChunkCache => ({
      budgetBytes: cache.budgetBytes,
      slots: 0,
      taken: 0,
      forImage: () => {
        const chunks = cache.forImage();
        const noted = (slot: Slot): Slot => {
          slots.push(slot);
          return slot;
        };
        return {
          take: (index) => chunks.take(index),
          put: (...chunk) => noted(chunks.put(...chunk)),
          pass: (...chunk) => noted(chunks.pass(...chunk)),
          clear: () => chunks.clear(),
        };
      },
    });
    const reader = await openSealed(path, key, cacheBytes, watched);
    const lent = Promise.withResolvers<Lent | Error>();
    reader?.lend(0, 64, lent.resolve);
    await reader?.close();
    expect(slots.map(({ bytes }) => Buffer.from(bytes).equals(plain.subarray(0, 64)))).toEqual([true]);
    const given = await lent.promise;
    if (!(given instanceof Error)) given.giveBack();
    expect(slots.map(({ bytes }) => [...bytes].filter((byte) => byte !== 0))).toEqual([[]]);
  });

  it("is read while it is still written, whether or not a chunk is sealed yet", async () => {
    const plain = patternBytes(500);
    await using handle = await open(join(folder.path, "growing"), "wx+");
    const writer = await createSealedWriter(handle, 64);
    for (let at = 0; at < plain.length; at += 50) {
      await writer.append(plain.subarray(at, at + 50));
      expect(writer.sizeBytes).toBe(at + 50);
      expect((await writer.readAt(0, 1000)).equals(plain.subarray(0, at + 50))).toBe(true);
      expect((await writer.readAt(at, 20)).equals(plain.subarray(at, at + 20))).toBe(true);
    }
    writer.forget();
    expect(writer.key.every((byte) => byte === 0)).toBe(true);
  });

  it("costs a header and sixteen bytes a chunk", async () => {
    for (const size of [0, 1, 63, 64, 65, 640]) {
      const { bytes } = await folder.seal(patternBytes(size), 64);
      expect(bytes.length).toBe(sealedSize(size, 64));
      expect(bytes.length).toBe(headerBytes + size + 16 * Math.max(1, Math.ceil(size / 64)));
    }
  });

  it("has a key, a name and bytes of its own, also when it holds the same", async () => {
    const plain = patternBytes(1000);
    const files = await Promise.all(Array.from({ length: 20 }, () => folder.seal(plain, 64)));
    expect(new Set(files.map(({ key }) => key.toString("hex"))).size).toBe(files.length);
    expect(new Set(files.map(({ bytes }) => bytes.toString("hex", 16, headerBytes))).size).toBe(files.length);
    const windows = files.flatMap(({ bytes }) =>
      Array.from({ length: 15 }, (_, index) =>
        bytes.toString("hex", headerBytes + 64 * index, headerBytes + 64 * index + 16),
      ),
    );
    expect(new Set(windows).size).toBe(windows.length);
  });

  it("shows nothing of what is in it, not even that parts of it are equal", async () => {
    const canary = "admin_pass: correct horse battery staple";
    const { bytes } = await folder.seal(Buffer.from(canary.repeat(100)), 64);
    for (let length = 6; length <= canary.length; length += 6)
      expect(bytes.includes(canary.slice(length - 6, length))).toBe(false);
    const zeros = await folder.seal(Buffer.alloc(64 * 100), 64);
    const chunks = Array.from({ length: 100 }, (_, index) =>
      zeros.bytes.toString("hex", 32 + 80 * index, 96 + 80 * index),
    );
    expect(new Set(chunks).size).toBe(100);
  });
});
