// Looking into stored images and giving them another form.
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadTree, readImage } from "../../src/configdrive/image.ts";
import { writeFat } from "../../src/configdrive/fat/writer.ts";
import { writeIso9660 } from "../../src/configdrive/iso9660/writer.ts";
import type { Tree } from "../../src/configdrive/tree.ts";
import type { ImageCatalog, Images, RepackImage } from "../../src/core/ports.ts";
import type { ImageRecord } from "../../src/core/records.ts";
import { type ImageFormat, imageFormats } from "../../src/core/vocabulary.ts";
import { createImages } from "../../src/images/images.ts";
import { createImageStore, type ImageStore } from "../../src/images/store.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";
import { createMemoryImageCatalog } from "../tools/memory-image-catalog.ts";
import { createMemoryImageKeys } from "../tools/memory-image-keys.ts";
import { fullContent } from "../configdrive/drives.ts";

const limitBytes = 8 << 20;
const floppyBytes = 1_474_560;
const file = (path: string, content: string | Buffer) => ({ kind: "file", path, bytes: Buffer.from(content) }) as const;

describe("stored images", () => {
  let folder: string;
  let catalog: ImageCatalog;
  let store: ImageStore;
  let images: Images;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mediabay-looks-"));
    catalog = createMemoryImageCatalog();
    const clock = createHastyClock();
    store = createImageStore({
      folder: join(folder, "images"),
      catalog,
      keys: createMemoryImageKeys(),
      clock,
      maxBytes: 2 ** 28,
      isPublished: () => false,
    });
    await store.start();
    images = createImages({
      store,
      catalog,
      clock,
      ownListeners: () => [],
      settings: {
        limitsBytes: { configdrive: limitBytes, boot: 2 ** 26 },
        sources: { allow: [], folders: [], timeouts: { connectMs: 1, responseMs: 1, idleMs: 1 } },
      },
    });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const signal = new AbortController().signal;
  const add = (image: Buffer, role: "configdrive" | "boot" = "configdrive"): Promise<ImageRecord> =>
    images.ensure({ source: { kind: "blob", base64: image.toString("base64") }, role, holder: "origin", signal });

  const repack = (digest: string, format: ImageFormat, more: Partial<RepackImage> = {}): Promise<ImageRecord> =>
    images.repack({ digest, format, holder: "attachment", signal, ...more });

  const bytesOf = async ({ digest, sizeBytes }: ImageRecord): Promise<Buffer> => {
    const reader = await store.open(digest);
    try {
      return await reader.readAt(0, sizeBytes);
    } finally {
      await reader.close();
    }
  };

  const filesOf = async (record: ImageRecord): Promise<Readonly<Record<string, string>>> => {
    const image = await bytesOf(record);
    const readAt = async (offset: number, length: number) => image.subarray(offset, offset + length);
    const tree = await loadTree(await readImage(record.format, readAt, image.length), readAt, limitBytes);
    const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
    return Object.fromEntries(
      tree.map((entry) => [entry.path, entry.kind === "file" ? digest(entry.bytes) : "directory"]),
    );
  };

  const tree: Tree = [
    file("openstack/latest/meta_data.json", '{"uuid": "u"}'),
    file("openstack/latest/user_data", "#!/bin/sh\n"),
    file("openstack/content/Größe und a long name.txt", Buffer.alloc(70_000, "x")),
    file("empty", ""),
    { kind: "directory", path: "openstack/void" },
  ];

  it("show what the request that they were built from has", async () => {
    const record = await images.ensure({
      source: { kind: "configdrive", drive: { content: fullContent } },
      role: "configdrive",
      holder: "attachment",
      signal,
    });
    expect(record).toMatchObject({ format: "iso9660", label: "config-2" });
    const look = await images.look(record.digest);
    expect(look).toMatchObject({ macAddresses: ["52:54:00:aa:bb:01"], warnings: [] });
    expect(look?.files.map(({ path }) => path)).toContain("openstack/latest/vendor_data2.json");
    expect(await images.look(record.digest.toUpperCase())).toBe(look);
  });

  it("are equal for equal requests, whatever the order of their members", async () => {
    const ensure = (content: typeof fullContent) =>
      images.ensure({
        source: { kind: "configdrive", drive: { content } },
        role: "configdrive",
        holder: "attachment",
        signal,
      });
    const reversed = Object.fromEntries(Object.entries(fullContent).toReversed());
    expect((await ensure(reversed)).digest).toBe((await ensure(fullContent)).digest);
  });

  it.each<readonly [ImageFormat, ImageFormat]>([
    ["iso9660", "fat"],
    ["fat", "iso9660"],
  ])("from %s become %s with the same files, and back again", async (from, to) => {
    const original = await add(
      from === "fat" ? writeFat(tree, { label: "CONFIG-2" }) : writeIso9660(tree, { label: "CONFIG-2" }),
    );
    const other = await repack(original.digest, to);
    expect(other).toMatchObject({ format: to, label: "CONFIG-2" });
    expect(await filesOf(other)).toEqual(await filesOf(original));
    expect(await filesOf(await repack(other.digest, from))).toEqual(await filesOf(original));
    expect(await catalog.holders(other.digest)).toContain("attachment");
  });

  it("tell the size of each form before it is made", async () => {
    const { digest } = await add(writeFat(tree, { label: "config-2", sizeBytes: 4 << 20 }));
    const look = await images.look(digest);
    expect(look?.forms[0]).toEqual({ format: "fat", sizeBytes: 4 << 20, stored: true });
    expect(look?.forms.map(({ format }) => format)).toEqual(["fat", "iso9660", "fat"]);
    for (const { format, sizeBytes } of look?.forms.slice(1) ?? [])
      expect(await repack(digest, format, { mostBytes: sizeBytes })).toMatchObject({ format, sizeBytes });
    expect(look?.forms.at(-1)?.sizeBytes).toBe(floppyBytes);
  });

  it("are given as they are where they are of the form already", async () => {
    const { digest } = await add(writeFat(tree, { label: "config-2", sizeBytes: 4 << 20 }));
    expect(await repack(digest, "fat")).toMatchObject({ digest });
    expect(await repack(digest, "fat", { mostBytes: 4 << 20 })).toMatchObject({ digest });
    expect(await repack(digest, "fat", { mostBytes: floppyBytes })).toMatchObject({ sizeBytes: floppyBytes });
    expect(await repack(digest, "fat", { sectorBytes: 4096 })).not.toMatchObject({ digest });
  });

  it("are made for sectors of 4096 bytes, which ISO 9660 cannot have", async () => {
    const { digest } = await add(writeIso9660(tree, { label: "config-2" }));
    const wide = await repack(digest, "fat", { sectorBytes: 4096 });
    expect((await bytesOf(wide)).readUInt16LE(11)).toBe(4096);
    await expect(repack(digest, "iso9660", { sectorBytes: 4096 })).rejects.toMatchObject({
      code: "IMAGE_DOES_NOT_FIT",
    });
  });

  it("are the same bytes for the same request, and one copy for all who hold it", async () => {
    const { digest } = await add(writeIso9660(tree, { label: "config-2" }));
    const both = await Promise.all(["a", "b"].map((holder) => repack(digest, "fat", { holder })));
    expect(new Set(both.map((record) => record.digest)).size).toBe(1);
    expect((await catalog.holders(both[0]?.digest ?? "")).toSorted()).toEqual(["a", "b"]);
    expect((await catalog.list({ limit: 10 })).items).toHaveLength(2);
  });

  it("are refused by name where they do not fit", async () => {
    const large = await add(writeIso9660([file("large", Buffer.alloc(2 << 20, 1))], { label: "config-2" }));
    await expect(repack(large.digest, "fat", { mostBytes: floppyBytes })).rejects.toMatchObject({
      code: "IMAGE_DOES_NOT_FIT",
    });
    const named = await add(writeIso9660([file('who?"', "x")], { label: "config-2" }));
    const refusal: unknown = await repack(named.digest, "fat").catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "IMAGE_DOES_NOT_FIT", message: expect.stringContaining("who?") });
    expect((await images.look(named.digest))?.forms.map(({ format }) => format)).toEqual(["iso9660"]);
    const twice = await add(writeIso9660([file("Name", "x"), file("name", "y")], { label: "config-2" }));
    await expect(repack(twice.digest, "fat")).rejects.toMatchObject({ code: "IMAGE_DOES_NOT_FIT" });
  });

  it("are not looked into where they are larger than a config drive may be", async () => {
    const boot = await add(writeIso9660([file("kernel", Buffer.alloc(limitBytes, 1))], { label: "BOOT" }), "boot");
    expect(await images.look(boot.digest)).toBeUndefined();
    await expect(repack(boot.digest, "fat")).rejects.toMatchObject({ code: "IMAGE_DOES_NOT_FIT" });
  });

  it("lose a label that the other form cannot have, as far as they must", async () => {
    const { digest } = await add(writeIso9660(tree, { label: "Installation medium 7" }));
    expect((await repack(digest, "fat")).label?.toLowerCase()).toBe("installatio");
    const bare = await add(writeIso9660(tree, { label: "" }));
    expect((await repack(bare.digest, "fat")).label).toBeUndefined();
  });

  it("that do not exist are named", async () => {
    const none = "0".repeat(64);
    await expect(images.look(none)).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    await expect(repack(none, "fat")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });

  it("leave nothing behind when the making is given up", async () => {
    const { digest } = await add(writeIso9660(tree, { label: "config-2" }));
    const before = await readdir(join(folder, "images"));
    const given = AbortSignal.abort(new Error("enough"));
    for (const format of imageFormats)
      await expect(repack(digest, format, { signal: given })).rejects.toThrow("enough");
    expect(await catalog.holders(digest)).toEqual(["origin"]);
    expect(await readdir(join(folder, "images"))).toEqual(before);
  });
});
