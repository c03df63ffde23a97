// The image store's files and keys: nothing in plain from the first byte on, each key before its file and gone before it, whatever fails
// in between, and what an earlier version left in plain.
import { createHash } from "node:crypto";
import { link, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ImageCatalog } from "../../../src/core/ports.ts";
import { createImageStore, type ImageStore } from "../../../src/images/store.ts";
import { createHastyClock } from "../../tools/hasty-clock.ts";
import { patternBytes } from "../../tools/image-plane.ts";
import { createMemoryImageCatalog } from "../../tools/memory-image-catalog.ts";
import { createMemoryImageKeys, type MemoryImageKeys } from "../../tools/memory-image-keys.ts";

const canary = "admin_pass: correct horse battery staple; ";
const plain = Buffer.from(canary.repeat(4000));
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const digest = sha256(plain);

let folder: string;
let catalog: ImageCatalog;
let keys: MemoryImageKeys;
let store: ImageStore;

/** As after a restart: what is on the disk, in the catalog and among the keys stays. */
const restart = async (): Promise<void> => {
  const deps = { folder, catalog, keys, clock: createHastyClock(), maxBytes: 2 ** 26, isPublished: () => false };
  store = createImageStore(deps);
  await store.start();
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mediabay-sealed-"));
  catalog = createMemoryImageCatalog();
  keys = createMemoryImageKeys();
  await restart();
});

afterEach(() => rm(folder, { recursive: true }));

const files = async (): Promise<readonly string[]> => (await readdir(folder)).toSorted();

const keep = async (bytes: Buffer, holder: string): Promise<string> => {
  const incoming = await store.receive();
  try {
    await incoming.write(bytes);
    const named = await incoming.seal();
    await store.commit(incoming, named, { format: "fat", sizeBytes: bytes.length }, () => [holder]);
    return named;
  } finally {
    await incoming.discard();
  }
};

const bytesOf = async (named: string): Promise<Buffer> => {
  const reader = await store.open(named);
  try {
    return await reader.readAt(0, reader.sizeBytes);
  } finally {
    await reader.close();
  }
};

/** What is there of the image. */
const remains = async (): Promise<object> => ({
  files: await files(),
  keys: (await keys.ids()).length,
  row: (await catalog.get(digest)) !== undefined,
  isRight: (await catalog.get(digest)) !== undefined && (await bytesOf(digest)).equals(plain),
});
const whole = { files: [digest], keys: 1, row: true, isRight: true };
const nothing = { files: [], keys: 0, row: false, isRight: false };

describe("an image on its way in", () => {
  it("is on the disk sealed only, from its first byte on", async () => {
    const incoming = await store.receive();
    for (let at = 0; at < plain.length; at += 1000) {
      await incoming.write(plain.subarray(at, at + 1000));
      const [name = ""] = await files();
      expect((await readFile(join(folder, name))).includes(canary.slice(0, 8))).toBe(false);
    }
    expect((await incoming.readAt(0, plain.length)).equals(plain)).toBe(true);
    expect(await incoming.seal()).toBe(digest);
    await incoming.discard();
    expect(incoming.key.every((byte) => byte === 0)).toBe(true);
  });

  it("gets its name only after its key is kept, and nothing of it stays when that fails", async () => {
    const failure = new Error("the database is gone");
    const { put } = keys;
    keys.put = async () => {
      expect((await files()).map((name) => name.startsWith(".incoming-"))).toEqual([true]);
      throw failure;
    };
    await expect(keep(plain, "a")).rejects.toBe(failure);
    expect(await remains()).toEqual(nothing);
    keys.put = put;
    await keep(plain, "a");
    expect(await remains()).toEqual(whole);
  });

  it("leaves no key when the disk fails as it gets its name", async () => {
    const incoming = await store.receive();
    await incoming.write(plain);
    expect(await incoming.seal()).toBe(digest);
    await rm(folder, { recursive: true });
    const image = { format: "fat", sizeBytes: plain.length } as const;
    const placing = store.commit(incoming, digest, image, () => ["a"]);
    await expect(placing).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(await keys.ids()).toEqual([]);
    await restart();
  });

  it("has its key destroyed when its row cannot be written", async () => {
    const { put } = catalog;
    catalog.put = () => Promise.reject(new Error("the database is gone"));
    await expect(keep(plain, "a")).rejects.toThrow("the database is gone");
    expect(await remains()).toEqual(nothing);
    catalog.put = put;
  });

  it("has a key of its own each time that it comes", async () => {
    await keep(plain, "a");
    const [first] = await keys.ids();
    await store.release("a");
    await keep(plain, "a");
    const [second] = await keys.ids();
    expect(second).not.toBe(first);
  });

  it("replaces a file that is no longer whole, and its key", async () => {
    await keep(plain, "a");
    const [first] = await keys.ids();
    await truncate(join(folder, digest), 1000);
    await keep(plain, "b");
    expect(await remains()).toEqual(whole);
    expect(await keys.ids()).not.toContain(first);
  });
});

describe("an image that leaves", () => {
  it("loses its key before its file", async () => {
    await keep(plain, "a");
    const { destroy } = keys;
    keys.destroy = async (ids) => {
      expect(await files()).toEqual([digest]);
      await destroy(ids);
    };
    await store.release("a");
    expect(await remains()).toEqual(nothing);
  });

  it("is not reported gone when its key could not be destroyed, and goes with the next", async () => {
    await keep(plain, "a");
    const { destroy } = keys;
    keys.destroy = () => Promise.reject(new Error("the disk is full"));
    await expect(store.release("a")).rejects.toThrow("the disk is full");
    expect(await remains()).toEqual(whole);
    keys.destroy = destroy;
    await store.release("a");
    expect(await remains()).toEqual(nothing);
  });

  it("goes together with others that leave at the same time: one destruction for all", async () => {
    const holders = Array.from({ length: 40 }, (_, index) => `holder-${index}`);
    for (const holder of holders) await keep(patternBytes(2000, holders.indexOf(holder) + 1), holder);
    await Promise.all(holders.map((holder) => store.release(holder)));
    expect(await files()).toEqual([]);
    expect(keys.destroyed.map((ids) => ids.length)).toEqual([40]);
  });

  it("stays when another takes hold of it in the meantime", async () => {
    await keep(plain, "a");
    const [, held] = await Promise.all([store.release("a"), store.hold(digest, "b")]);
    expect(held).toMatchObject({ digest });
    expect(await remains()).toEqual(whole);
  });
});

describe("after a crash", () => {
  /** The process dies where this is called: nothing after it happens, neither an answer nor a clean-up. */
  const dead = (): Promise<never> => new Promise(() => undefined);

  it("between the key and the file's name, the key goes", async () => {
    const { put } = keys;
    const reached = Promise.withResolvers<void>();
    keys.put = async (id, key) => {
      await put(id, key);
      reached.resolve();
      return dead();
    };
    void keep(plain, "a");
    await reached.promise;
    keys.put = put;
    await restart();
    expect(await remains()).toEqual(nothing);
  });

  it("between the file's name and its row, both go", async () => {
    const { put } = catalog;
    const reached = Promise.withResolvers<void>();
    catalog.put = () => {
      reached.resolve();
      return dead();
    };
    void keep(plain, "a");
    await reached.promise;
    expect(await files()).toEqual([digest]);
    catalog.put = put;
    await restart();
    expect(await remains()).toEqual(nothing);
  });

  it("between the key's end and the file's, the noise and its row go", async () => {
    await keep(plain, "a");
    const { destroy } = keys;
    const reached = Promise.withResolvers<void>();
    keys.destroy = async (ids) => {
      await destroy(ids);
      reached.resolve();
      return dead();
    };
    void store.release("a");
    await reached.promise;
    expect(await files()).toEqual([digest]);
    keys.destroy = destroy;
    await restart();
    expect(await remains()).toEqual(nothing);
  });

  it("between the file's end and its row's, the row goes", async () => {
    await keep(plain, "a");
    const { remove } = catalog;
    const reached = Promise.withResolvers<void>();
    catalog.remove = () => {
      reached.resolve();
      return dead();
    };
    void store.release("a");
    await reached.promise;
    expect([await files(), await keys.ids()]).toEqual([[], []]);
    catalog.remove = remove;
    await restart();
    expect(await remains()).toEqual(nothing);
  });

  it("what is whole stays, with its key", async () => {
    await keep(plain, "a");
    await restart();
    expect(await remains()).toEqual(whole);
    await writeFile(join(folder, ".incoming-1"), "noise");
    await keys.put("of nothing", Buffer.alloc(32));
    await restart();
    expect(await remains()).toEqual(whole);
  });
});

describe("a file that somebody meddled with", () => {
  it("is not opened when it was cut between two chunks", async () => {
    await keep(plain, "a");
    await truncate(join(folder, digest), 32 + 65_552);
    await expect(store.open(digest)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("is not opened in the place of another", async () => {
    await keep(plain, "a");
    const other = await keep(patternBytes(plain.length), "b");
    await rename(join(folder, other), join(folder, digest));
    await expect(store.open(digest)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(store.open(other)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });
});

describe("files in plain that an earlier version left", () => {
  const plant = async (bytes: Buffer, named = sha256(bytes), sizeBytes = bytes.length): Promise<void> => {
    await writeFile(join(folder, named), bytes);
    await catalog.put({ digest: named, sizeBytes, format: "fat", createdAt: 0, lastUsedAt: 0 });
    await catalog.hold(named, "a");
  };

  it("are sealed at the start, and what they held is overwritten", async () => {
    await plant(plain);
    await withBlocks(digest, async (blocks) => {
      await restart();
      expect(await remains()).toEqual(whole);
      expect((await readFile(join(folder, digest))).includes(canary.slice(0, 8))).toBe(false);
      expect((await readFile(blocks)).equals(zeros)).toBe(true);
      expect(await catalog.holders(digest)).toEqual(["a"]);
    });
    await restart();
    expect(await remains()).toEqual(whole);
  });

  /** Another name of the same blocks: what would still be found on the disk. */
  const withBlocks = async (name: string, check: (blocks: string) => Promise<void>): Promise<void> => {
    const blocks = join(tmpdir(), `mediabay-blocks-${digest.slice(0, 8)}-${process.pid}`);
    await link(join(folder, name), blocks);
    try {
      await check(blocks);
    } finally {
      await rm(blocks);
    }
  };
  const zeros = Buffer.alloc(plain.length);

  it("are sealed whatever their size", async () => {
    const sizes = [1, 31, 32, 33, 65_536, 3 << 20].map((size) => patternBytes(size));
    for (const bytes of sizes) await plant(bytes);
    await restart();
    for (const bytes of sizes) expect((await bytesOf(sha256(bytes))).equals(bytes)).toBe(true);
    expect(await keys.ids()).toHaveLength(sizes.length);
  });

  it("go when they are not what their name and their row say", async () => {
    await plant(Buffer.from("other bytes"), digest);
    await plant(patternBytes(100), undefined, 99);
    await writeFile(join(folder, sha256(patternBytes(50))), patternBytes(50));
    await restart();
    expect(await remains()).toEqual(nothing);
  });

  it.each([
    ["an image without a row", digest],
    ["one that was coming in", ".incoming-1"],
  ])("are overwritten before they go: %s", async (_, name) => {
    await writeFile(join(folder, name), plain);
    await withBlocks(name, async (blocks) => {
      await restart();
      expect(await remains()).toEqual(nothing);
      expect((await readFile(blocks)).equals(zeros)).toBe(true);
    });
  });

  it.each(["before", "once"] as const)("are sealed anew after a crash %s the sealed one has a key", async (moment) => {
    await plant(plain);
    const { put } = keys;
    const reached = Promise.withResolvers<void>();
    const crashed = Promise.withResolvers<never>();
    keys.put = async (id, key) => {
      if (moment === "once") await put(id, key);
      reached.resolve();
      return crashed.promise;
    };
    await withBlocks(digest, async (blocks) => {
      const crashing = restart();
      await reached.promise;
      expect((await files()).map((name) => name.replace(/-.*/, ""))).toEqual([".incoming", ".plain"]);
      keys.put = put;
      await restart();
      expect(await remains()).toEqual(whole);
      expect((await readFile(blocks)).equals(zeros)).toBe(true);
      // Only so does it close its files.
      crashed.reject(new Error("crashed"));
      await expect(crashing).rejects.toThrow("crashed");
    });
  });

  it("are overwritten after a crash between the sealed one's name and their end", async () => {
    await plant(plain);
    await restart();
    // As that moment leaves it: the sealed file has its name, and the plain one another.
    await writeFile(join(folder, `.plain-${digest}`), plain);
    await withBlocks(`.plain-${digest}`, async (blocks) => {
      await restart();
      expect(await remains()).toEqual(whole);
      expect((await readFile(blocks)).equals(zeros)).toBe(true);
    });
  });
});
