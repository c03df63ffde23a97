// A source that was downloaded before: asked whether it changed, and downloaded again only if so.
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EnsureImage, ImageCatalog, Images } from "../../src/core/ports.ts";
import { createImages } from "../../src/images/images.ts";
import { createImageStore } from "../../src/images/store.ts";
import { type Origin, type OriginOptions, startOrigin } from "../../src/simulators/origin.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";
import { startImageOrigin, whole } from "../tools/image-origin.ts";
import { createMemoryImageCatalog } from "../tools/memory-image-catalog.ts";
import { createMemoryImageKeys } from "../tools/memory-image-keys.ts";
import { tinyFat, tinyIso } from "../tools/tiny-images.ts";

const iso = tinyIso({ joliet: "config-2", content: Buffer.from("the config drive") });
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const digest = sha256(iso);

describe("a source that was downloaded before", () => {
  let folder: string;
  let catalog: ImageCatalog;
  let images: Images;
  let outcomes: string[];
  const origins: { close(): Promise<void> }[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mediabay-revalidation-"));
    catalog = createMemoryImageCatalog();
    outcomes = [];
    const clock = createHastyClock();
    const store = createImageStore({
      folder,
      catalog,
      keys: createMemoryImageKeys(),
      clock,
      maxBytes: 2 ** 26,
      isPublished: () => false,
    });
    await store.start();
    images = createImages({
      store,
      catalog,
      clock,
      ownListeners: () => [],
      onDownload: (outcome) => outcomes.push(outcome),
      settings: {
        limitsBytes: { configdrive: 2 ** 20, boot: 2 ** 22 },
        sources: {
          allow: ["127.0.0.1"],
          folders: [],
          timeouts: { connectMs: 2000, responseMs: 60_000, idleMs: 60_000 },
        },
      },
    });
  });
  afterEach(async () => {
    for (const origin of origins.splice(0)) await origin.close();
    await rm(folder, { recursive: true, force: true });
  });

  const originOf = async (options: OriginOptions = {}): Promise<Origin> => {
    const origin = await startOrigin({ files: { "drive.iso": iso }, ...options });
    origins.push(origin);
    return origin;
  };
  const ensure = (uri: string, holder: string, changes: Partial<EnsureImage> = {}) =>
    images.ensure({
      source: { kind: "uri", uri },
      role: "configdrive",
      holder,
      signal: AbortSignal.timeout(15_000),
      ...changes,
    });
  const statuses = (origin: Origin): readonly number[] => origin.requests().map(({ status }) => status);

  it("is held again without its body when the origin says that it is the same", async () => {
    const origin = await originOf();
    const url = origin.urlOf("drive.iso");
    await ensure(url, "first");
    expect(await ensure(url, "second")).toMatchObject({ digest, references: 2 });
    expect(origin.requests().map(({ status, bytesSent }) => [status, bytesSent])).toEqual([
      [200, iso.length],
      [304, 0],
    ]);
    expect(outcomes).toEqual(["succeeded", "unchanged"]);
    expect(await readdir(folder)).toEqual([digest]);
  });

  it("sends one body to a fleet that comes some machines at a time", async () => {
    const origin = await originOf();
    const waiting = Array.from({ length: 400 }, (_, index) => `attachment-${index}`);
    const work = async (): Promise<void> => {
      for (let holder = waiting.shift(); holder !== undefined; holder = waiting.shift())
        await ensure(origin.urlOf("drive.iso"), holder);
    };
    await Promise.all(Array.from({ length: 64 }, work));
    expect(statuses(origin).filter((status) => status !== 304)).toEqual([200]);
    expect(await catalog.holders(digest)).toHaveLength(400);
  });

  it("is taken from the very answer that says it changed", async () => {
    const origin = await originOf();
    const url = origin.urlOf("drive.iso");
    await ensure(url, "first");
    origin.setFile("drive.iso", tinyFat());
    expect(await ensure(url, "second")).toMatchObject({ digest: sha256(tinyFat()), format: "fat", references: 1 });
    expect(await ensure(url, "third")).toMatchObject({ digest: sha256(tinyFat()), references: 2 });
    expect(statuses(origin)).toEqual([200, 200, 304]);
    expect(await catalog.holders(digest)).toEqual(["first"]);
  });

  it("comes again when the origin offers nothing to know it by", async () => {
    const origin = await originOf({ etags: false });
    await ensure(origin.urlOf("drive.iso"), "first");
    await ensure(origin.urlOf("drive.iso"), "second");
    expect(statuses(origin)).toEqual([200, 200]);
  });

  it("comes again when its image was deleted or damaged meanwhile", async () => {
    const origin = await originOf();
    const url = origin.urlOf("drive.iso");
    await ensure(url, "first");
    await images.release("first");
    expect(await ensure(url, "second")).toMatchObject({ digest, references: 1 });
    await truncate(join(folder, digest), 100);
    await ensure(url, "third");
    expect(statuses(origin)).toEqual([200, 200, 200]);
  });

  it("comes again when its image is deleted while the origin is asked", async () => {
    const etag = '"1"';
    const origin = await startImageOrigin(
      whole(iso, { etag }),
      (_request, response) => void images.release("first").then(() => response.writeHead(304, { etag }).end()),
      whole(iso, { etag }),
    );
    origins.push(origin);
    await ensure(origin.url, "first");
    expect(await ensure(origin.url, "second")).toMatchObject({ digest, references: 1 });
    expect(origin.asked.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, etag, undefined]);
  });

  it("is refused by its digest without its body", async () => {
    const origin = await originOf();
    const expectedDigest = "0".repeat(64);
    await ensure(origin.urlOf("drive.iso"), "first");
    await expect(ensure(origin.urlOf("drive.iso"), "second", { expectedDigest })).rejects.toMatchObject({
      code: "IMAGE_DIGEST_MISMATCH",
      context: { expected: expectedDigest, actual: digest },
    });
    expect(statuses(origin)).toEqual([200, 304]);
    expect(await catalog.holders(digest)).toEqual(["first"]);
  });

  it("is known by its exact URI, credentials included, and by what it is for", async () => {
    const origin = await originOf({ credentials: { username: "u", password: "p" } });
    const uriOf = (user: string): string => origin.urlOf("drive.iso").replace("//", `//${user}@`);
    await ensure(uriOf("u:p"), "first");
    await expect(ensure(uriOf("u:other"), "second")).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
    await ensure(`${uriOf("u:p")}?other`, "third");
    await ensure(uriOf("u:p"), "fourth", { role: "boot" });
    await ensure(uriOf("u:p"), "fifth");
    expect(statuses(origin)).toEqual([200, 401, 200, 200, 304]);
  });

  it("is refused when the origin no longer lets us have it", async () => {
    const origin = await originOf();
    await ensure(origin.urlOf("drive.iso"), "first");
    origin.setFault({ kind: "status", status: 403 });
    await expect(ensure(origin.urlOf("drive.iso"), "second")).rejects.toMatchObject({
      code: "SOURCE_REFUSED",
      context: { status: 403 },
    });
    expect([statuses(origin), outcomes]).toEqual([
      [200, 403],
      ["succeeded", "failed"],
    ]);
  });

  it("leaves no connection behind when its new bytes cannot be stored", async () => {
    const closed = Promise.withResolvers<void>();
    const changed = await startImageOrigin(whole(iso, { etag: '"1"' }), (_request, response) => {
      response.on("close", () => closed.resolve());
      void rm(folder, { recursive: true }).then(() => response.writeHead(200, { "content-length": 10_000 }).write("x"));
    });
    origins.push(changed);
    await ensure(changed.url, "first");
    await expect(ensure(changed.url, "second")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await closed.promise;
  });
});
