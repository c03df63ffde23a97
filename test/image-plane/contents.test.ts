// Where the bytes come from: memory for small images, one shared descriptor for large ones, within bounds.
import { open, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Content, type Contents, createContents } from "../../src/images/plane/contents.ts";
import { fileBytes } from "../../src/images/plane/file-bytes.ts";
import { createTestImages, patternBytes, rawClient, startTestPlane, type TestImages } from "../tools/image-plane.ts";
import { ManualClock } from "../tools/manual-clock.ts";

const limits = { residentImageBytes: 1000, residentBytes: 2500, idleDescriptors: 1 };

let images: TestImages;
let contents: Contents;

beforeEach(async () => {
  images = await createTestImages();
  contents = createContents(images, limits);
});

afterEach(async () => {
  await contents.close();
  await images.close();
});

const add = (sizeBytes: number, seed: number): Promise<string> => images.add(patternBytes(sizeBytes, seed));

describe("small images", () => {
  it("are loaded once, however many ask at once", async () => {
    const digest = await add(1000, 1);
    const loaded = await Promise.all(Array.from({ length: 10 }, () => contents.acquire(digest)));
    expect(new Set(loaded).size).toBe(1);
    expect(images.opened.get(digest)).toBe(1);
    expect(loaded[0]?.memory?.equals(patternBytes(1000, 1))).toBe(true);
  });

  it("leave memory when others need it, least recently used first", async () => {
    const digests = await Promise.all([1, 2, 3].map((seed) => add(1000, seed)));
    for (const digest of [...digests.slice(0, 2), digests[0] ?? "", digests[2] ?? ""]) {
      await contents.acquire(digest);
      contents.release(digest);
    }
    expect(contents.residentBytes).toBe(2000);
    expect(digests.map((digest) => contents.acquireReady(digest) !== undefined)).toEqual([true, false, true]);
  });

  it("that are being sent are not evicted; the next one is then read from its file", async () => {
    const digests = await Promise.all([1, 2, 3].map((seed) => add(1000, seed)));
    const held: Content[] = [];
    for (const digest of digests) held.push(await contents.acquire(digest));
    expect(held.map(({ memory }) => memory !== undefined).filter(Boolean)).toHaveLength(2);
    expect([contents.residentBytes, contents.openDescriptors]).toEqual([2000, 1]);
  });
});

describe("large images", () => {
  it("share one descriptor, and idle ones are closed beyond a bound", async () => {
    const [first, second] = await Promise.all([add(5000, 1), add(5000, 2)]);
    await Promise.all([contents.acquire(first), contents.acquire(first), contents.acquire(second)]);
    expect(contents.openDescriptors).toBe(2);
    for (const digest of [first, first, second]) contents.release(digest);
    expect(contents.openDescriptors).toBe(1);
  });

  it("stay open for who reads them when they are forgotten, and close after", async () => {
    const digest = await add(5000, 1);
    await contents.acquire(digest);
    await contents.forget(digest);
    expect(contents.openDescriptors).toBe(1);
    contents.release(digest);
    expect(contents.openDescriptors).toBe(0);
  });
});

describe("positional reads", () => {
  const size = 200_000;
  const bytes = patternBytes(size, 5);

  it("give the file's bytes wherever they start and end, cold and warm, many at once", async () => {
    const clock = new ManualClock();
    const path = join(images.folder, "plain");
    await writeFile(path, bytes);
    const file = fileBytes(await open(path), size, clock);
    const read = promisify(
      (target: Buffer, length: number, position: number, done: (error: Error | null, read: number) => void) =>
        file.read(target, length, position, (error, bytesRead) => done(error ?? null, bytesRead)),
    );
    const places = [0, 65_535, 65_536, 131_000, 199_999, 100].flatMap((from) => [
      [from, Math.min(from + 1, size)] as const,
      [from, Math.min(from + 65_536, size)] as const,
      [from, Math.min(from + 150_000, size)] as const,
    ]);
    for (const waitMs of [0, 0, 60_000]) {
      await clock.advance(waitMs);
      await Promise.all(
        places.map(async ([from, to]) => {
          const target = Buffer.alloc(to - from);
          expect(await read(target, to - from, from)).toBe(to - from);
          expect(target.equals(bytes.subarray(from, to))).toBe(true);
        }),
      );
    }
    await file.close();
  });

  it("of a file that became shorter break the transfer instead of sending less", async () => {
    const large = patternBytes(9 << 20, 4);
    const plane = await startTestPlane({ images });
    const digest = await images.add(large);
    const path = new URL((await plane.publish(digest)).url).pathname;
    await truncate(join(images.folder, digest), 1 << 20);
    const client = await rawClient(plane.port);
    client.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    await expect(client.answer()).rejects.toThrow("ended before an answer was whole");
    client.close();
    const beyond = await rawClient(plane.port);
    beyond.write(`GET ${path} HTTP/1.1\r\nRange: bytes=4000000-4000001\r\n\r\n`);
    expect((await beyond.answer()).status).toBe(500);
    beyond.close();
    // The chunk that was cut into does not open; the fifteen before it were sent.
    expect(await plane.book.reads("attachment-1")).toMatchObject({
      requests: 1,
      coverage: [{ from: 0, to: 15 * 65_536 }],
    });
    await plane.close();
  });
});
