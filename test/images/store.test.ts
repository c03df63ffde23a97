import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ImageCatalog } from "../../src/core/ports.ts";
import { translateDiskError } from "../../src/images/incoming.ts";
import { createImageStore, type ImageStore } from "../../src/images/store.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";
import { createMemoryImageCatalog } from "../tools/memory-image-catalog.ts";
import { createMemoryImageKeys, type MemoryImageKeys } from "../tools/memory-image-keys.ts";

const kibibyte = 1024;

describe("the image store", () => {
  let parent: string;
  let folder: string;
  let catalog: ImageCatalog;
  let published: Set<string>;
  let keys: MemoryImageKeys;
  let store: ImageStore;
  const clock = createHastyClock();

  const openStore = async (maxBytes = 64 * kibibyte): Promise<ImageStore> => {
    const opened = createImageStore({
      folder,
      catalog,
      keys,
      clock,
      maxBytes,
      isPublished: (digest) => published.has(digest),
    });
    await opened.start();
    return opened;
  };
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "mediabay-store-"));
    folder = join(parent, "images");
    catalog = createMemoryImageCatalog();
    keys = createMemoryImageKeys();
    published = new Set();
    store = await openStore();
  });
  afterEach(() => rm(parent, { recursive: true }));

  const files = (): Promise<string[]> => readdir(folder);

  const keep = async (fill: string, holders: readonly string[], sizeBytes = 8 * kibibyte): Promise<string> => {
    const incoming = await store.receive();
    try {
      for (let at = 0; at < sizeBytes; at += kibibyte) await incoming.write(Buffer.alloc(kibibyte, fill));
      const digest = await incoming.seal();
      await store.commit(incoming, digest, { format: "fat", label: fill, sizeBytes }, () => holders);
      await clock.sleep(1000);
      return digest;
    } finally {
      await incoming.discard();
    }
  };

  it("names a file by its digest, readable by its owner only", async () => {
    const digest = await keep("a", ["attachment-1"]);
    expect(digest).toBe(
      createHash("sha256")
        .update(Buffer.alloc(8 * kibibyte, "a"))
        .digest("hex"),
    );
    expect(await files()).toEqual([digest]);
    expect((await stat(join(folder, digest))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await catalog.get(digest)).toMatchObject({ sizeBytes: 8192, format: "fat", label: "a", references: 1 });
  });

  it("tightens the mode of a folder that is there already", async () => {
    await rm(folder, { recursive: true });
    await mkdir(folder, { mode: 0o755 });
    await openStore();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it("keeps one file for the same bytes and one hold for each who needs them", async () => {
    const first = await keep("a", ["attachment-1"]);
    const second = await keep("a", ["attachment-2", "attachment-3"]);
    expect(second).toBe(first);
    expect(await files()).toEqual([first]);
    expect(await catalog.holders(first)).toEqual(["attachment-1", "attachment-2", "attachment-3"]);
  });

  it("keeps nothing for nobody", async () => {
    const digest = await keep("a", []);
    expect([await files(), await catalog.get(digest)]).toEqual([[], undefined]);
  });

  it("deletes an image with its last holder, and not before", async () => {
    const digest = await keep("a", ["attachment-1", "attachment-2"]);
    await store.release("attachment-1");
    expect(await files()).toEqual([digest]);
    await store.release("attachment-2");
    await store.release("attachment-2");
    expect([await files(), await catalog.get(digest)]).toEqual([[], undefined]);
  });

  it("keeps what is held by hand", async () => {
    const digest = await keep("a", ["attachment-1", "manual"]);
    await store.release("attachment-1");
    expect(await files()).toEqual([digest]);
    await store.remove(digest);
    expect(await files()).toEqual([]);
    await expect(store.remove(digest)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });

  it("removes nothing that an attachment needs or a BMC may read", async () => {
    const digest = await keep("a", ["attachment-1", "manual"]);
    await expect(store.remove(digest)).rejects.toMatchObject({ code: "MACHINE_BUSY" });
    await store.release("attachment-1");
    published.add(digest);
    await expect(store.remove(digest)).rejects.toMatchObject({ code: "MACHINE_BUSY" });
    await store.release("manual");
    expect(await files()).toEqual([digest]);
  });

  it("keeps what another takes hold of while its last holder lets go", async () => {
    const digest = await keep("a", ["attachment-1"]);
    const [, held] = await Promise.all([store.release("attachment-1"), store.hold(digest, "attachment-2")]);
    expect(held).toMatchObject({ digest });
    expect([await files(), await catalog.holders(digest)]).toEqual([[digest], ["attachment-2"]]);
  });

  it("lets go what one holder took hold of just before", async () => {
    const digest = await keep("a", ["attachment-1"]);
    await Promise.all([store.hold(digest, "attachment-2"), store.release("attachment-2")]);
    expect(await catalog.holders(digest)).toEqual(["attachment-1"]);
  });

  it("ends no hold before all that it writes is over", async () => {
    const digest = await keep("a", ["attachment-1"]);
    const { hold } = catalog;
    const late = Promise.withResolvers<void>();
    catalog.hold = async (...args) => late.promise.then(() => hold(...args));
    const failed = Promise.withResolvers<void>();
    catalog.touch = async () => {
      failed.resolve();
      throw new Error("disk");
    };
    const both = Promise.allSettled([store.hold(digest, "attachment-2"), store.release("attachment-1")]);
    await failed.promise;
    // Time enough for a deletion that does not wait.
    for (let looks = 0; looks < 20; looks += 1) expect(await files()).toEqual([digest]);
    late.resolve();
    expect(await both).toMatchObject([{ status: "rejected", reason: { message: "disk" } }, { status: "fulfilled" }]);
    expect([await files(), await catalog.holders(digest)]).toEqual([[digest], ["attachment-2"]]);
  });

  it("holds what it has, and says so when it has it no more", async () => {
    const digest = await keep("a", ["attachment-1"]);
    expect(await store.hold(digest, "attachment-2")).toMatchObject({ digest, references: 2 });
    await rm(join(folder, digest));
    expect(await store.hold(digest, "attachment-3")).toBeUndefined();
    expect(await store.find(digest)).toBeUndefined();
    expect(await catalog.holders(digest)).toEqual(["attachment-1", "attachment-2"]);
  });

  it("opens an image for reading", async () => {
    const digest = await keep("a", ["attachment-1"]);
    const reader = await store.open(digest);
    expect([(await reader.readAt(8188, 100)).toString(), reader.sizeBytes]).toEqual(["aaaa", 8192]);
    await reader.close();
  });

  it.each(["0".repeat(64), "../../etc/passwd", "", "/etc/passwd"])("has no image %s", async (digest) => {
    await expect(store.open(digest)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });

  it("makes room from what nobody holds, the least recently used first", async () => {
    const digests = [];
    for (const fill of ["a", "b", "c"]) digests.push(await keep(fill, [fill], 16 * kibibyte));
    const [a, b, c] = digests as [string, string, string];
    // Rows alone, as a crash between a row and its hold would leave them.
    for (const fill of ["a", "b"]) await catalog.release(fill);
    await catalog.touch(a, clock.now());
    const d = await keep("d", ["d"], 32 * kibibyte);
    expect((await files()).toSorted()).toEqual([a, c, d].toSorted());
    expect(await catalog.get(b)).toBeUndefined();
  });

  it("never makes room from what is held or published", async () => {
    const held = await keep("a", ["attachment-1"], 32 * kibibyte);
    const read = await keep("b", ["attachment-2"], 24 * kibibyte);
    published.add(read);
    await store.release("attachment-2");
    await expect(keep("c", ["attachment-3"], 16 * kibibyte)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect((await files()).toSorted()).toEqual([held, read].toSorted());
    expect(await keep("d", ["attachment-3"], 8 * kibibyte)).toBeDefined();
  });

  it("says too large for what would not fit even alone", async () => {
    await expect(keep("a", ["attachment-1"], 65 * kibibyte)).rejects.toMatchObject({
      code: "IMAGE_TOO_LARGE",
      message: expect.stringContaining("images.maxBytes"),
    });
    expect(await files()).toEqual([]);
  });

  it("gives back the room of what is discarded, released or kept already", async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      await keep("a", [], 60 * kibibyte);
      await keep("b", ["attachment-1"], 30 * kibibyte);
      await keep("b", ["attachment-1"], 30 * kibibyte);
      await store.release("attachment-1");
    }
    expect(await keep("c", ["attachment-1"], 64 * kibibyte)).toBeDefined();
  });

  it("clears at its start what a crash left, and counts what stays", async () => {
    const digest = await keep("a", ["attachment-1"], 32 * kibibyte);
    const [orphan, lost, short] = ["1", "2", "3"].map((digit) => digit.repeat(64)) as [string, string, string];
    await writeFile(join(folder, orphan), "a file without a row");
    await writeFile(join(folder, ".incoming-1234"), "half an im");
    await writeFile(join(folder, short), "half");
    await writeFile(join(folder, "README"), "not ours");
    const row = { sizeBytes: 10, format: "fat", createdAt: 0, lastUsedAt: 0 } as const;
    for (const gone of [lost, short]) {
      await catalog.put({ digest: gone, ...row });
      await catalog.hold(gone, "attachment-2");
    }
    store = await openStore();
    expect((await files()).toSorted()).toEqual(["README", digest].toSorted());
    expect((await catalog.list({ limit: 10 })).items.map((image) => image.digest)).toEqual([digest]);
    await expect(keep("b", ["attachment-3"], 40 * kibibyte)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("sweeps the holders that nobody vouches for", async () => {
    const kept = await keep("a", ["attachment-1", "gone"]);
    const manual = await keep("b", ["manual"]);
    const read = await keep("c", ["gone"]);
    await keep("d", ["gone"]);
    published.add(read);
    await store.sweep((holder) => holder !== "gone");
    expect((await files()).toSorted()).toEqual([kept, manual, read].toSorted());
    expect(await catalog.allHolders()).toEqual(["attachment-1", "manual"]);
  });

  it("leaves no file when the row cannot be written", async () => {
    const failure = new Error("the database is gone");
    catalog = { ...catalog, put: () => Promise.reject(failure) };
    store = await openStore();
    await expect(keep("a", ["attachment-1"])).rejects.toBe(failure);
    expect(await files()).toEqual([]);
  });

  it("says that the disk is full", () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", errno: -28 });
    expect(translateDiskError(full)).toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("disk is full (ENOSPC)"),
      cause: full,
    });
    const other = new Error("a defect");
    expect(translateDiskError(other)).toBe(other);
  });

  it("names the disk's own trouble", async () => {
    const incoming = await store.receive();
    await rm(folder, { recursive: true });
    await incoming.write(Buffer.from("x"));
    const digest = await incoming.seal();
    const image = { format: "fat", sizeBytes: 1 } as const;
    await expect(store.commit(incoming, digest, image, () => ["attachment-1"])).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("ENOENT"),
    });
    await expect(store.receive()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});
