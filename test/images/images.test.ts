import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { EnsureImage, ImageCatalog, Images, Source } from "../../src/core/ports.ts";
import { createImages } from "../../src/images/images.ts";
import { createImageStore, type ImageStore } from "../../src/images/store.ts";
import type { Listener } from "../../src/wire/address-policy.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";
import { type Answer, broken, type ImageOrigin, startImageOrigin, status, whole } from "../tools/image-origin.ts";
import { createMemoryImageCatalog } from "../tools/memory-image-catalog.ts";
import { createMemoryImageKeys } from "../tools/memory-image-keys.ts";
import { tinyFat, tinyIso } from "../tools/tiny-images.ts";

const iso = tinyIso({ joliet: "config-2", content: Buffer.from("the config drive") });
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const digest = sha256(iso);

describe("images", () => {
  let folder: string;
  let catalog: ImageCatalog;
  let store: ImageStore;
  let images: Images;
  let own: Listener[];
  let outcomes: string[];
  const origins: ImageOrigin[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mediabay-images-"));
    catalog = createMemoryImageCatalog();
    own = [];
    outcomes = [];
    const clock = createHastyClock();
    store = createImageStore({
      folder: join(folder, "images"),
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
      ownListeners: () => own,
      onDownload: (outcome) => outcomes.push(outcome),
      settings: {
        limitsBytes: { configdrive: 2 ** 20, boot: 2 ** 22 },
        sources: {
          allow: ["127.0.0.1"],
          folders: [join(folder, "sources")],
          timeouts: { connectMs: 2000, responseMs: 5000, idleMs: 5000 },
        },
      },
    });
  });
  afterEach(async () => {
    for (const origin of origins.splice(0)) await origin.close();
    await rm(folder, { recursive: true });
  });

  const originOf = async (...script: [Answer, ...Answer[]]): Promise<ImageOrigin> => {
    const origin = await startImageOrigin(...script);
    origins.push(origin);
    return origin;
  };
  const ensure = (source: Source, changes: Partial<EnsureImage> = {}) =>
    images.ensure({
      source,
      role: "configdrive",
      holder: "attachment-1",
      signal: AbortSignal.timeout(15_000),
      ...changes,
    });
  const from = (uri: string): Source => ({ kind: "uri", uri });
  const files = (): Promise<string[]> => readdir(join(folder, "images"));

  it.each([
    ["raw", iso],
    ["gzip", gzipSync(iso)],
    ["base64", Buffer.from(iso.toString("base64"))],
    ["base64 of gzip", Buffer.from(gzipSync(iso).toString("base64"))],
  ])("arrive as the same image from a %s origin", async (_form, bytes) => {
    const origin = await originOf(whole(bytes));
    expect(await ensure(from(origin.url))).toMatchObject({
      digest,
      sizeBytes: iso.length,
      format: "iso9660",
      label: "config-2",
      references: 1,
    });
    expect(await files()).toEqual([digest]);
  });

  it("arrive from a blob, a gzipped blob and a file", async () => {
    const path = join(folder, "sources", "drive.img");
    await mkdir(join(folder, "sources"));
    await writeFile(path, gzipSync(tinyFat()));
    expect((await ensure({ kind: "blob", base64: iso.toString("base64") })).digest).toBe(digest);
    expect((await ensure({ kind: "blob", base64: gzipSync(iso).toString("base64") })).digest).toBe(digest);
    expect(await ensure(from(pathToFileURL(path).href))).toMatchObject({ digest: sha256(tinyFat()), format: "fat" });
  });

  it("are downloaded once, however many machines ask at once, and held for each", async () => {
    const release = Promise.withResolvers<void>();
    const origin = await originOf((request, response) => {
      response.writeHead(200, { "content-length": iso.length }).write(iso.subarray(0, 1000));
      void release.promise.then(() => response.end(iso.subarray(1000)));
      request.resume();
    });
    const asked = Array.from({ length: 50 }, (_, index) => ensure(from(origin.url), { holder: `attachment-${index}` }));
    release.resolve();
    const records = await Promise.all(asked);
    expect(new Set(records.map((record) => record.digest))).toEqual(new Set([digest]));
    expect((await catalog.holders(digest)).length).toBe(50);
    expect(outcomes).toEqual([...Array.from({ length: 49 }, () => "joined"), "succeeded"]);
    expect(origin.asked.length).toBe(1);
  });

  it("are downloaded apart for credentials and roles that differ", async () => {
    const origin = await originOf(whole(iso));
    const authority = `127.0.0.1:${origin.port}`;
    await Promise.all([
      ensure(from(`http://a:1@${authority}/`)),
      ensure(from(`http://a:2@${authority}/`)),
      ensure(from(`http://a:2@${authority}/`), { role: "boot" }),
      ensure(from(`HTTP://a:2@${authority}`), { role: "boot" }),
    ]);
    expect(origin.asked.length).toBe(3);
  });

  it("go on coming when one who asked leaves, and stop when the last leaves, without a trace", async () => {
    const closed = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const origin = await originOf((_request, response) => {
      response.on("close", () => closed.resolve());
      response.writeHead(200, { "content-length": iso.length }).write(iso.subarray(0, 40_000), () => started.resolve());
    });
    const [one, other] = [new AbortController(), new AbortController()];
    const first = ensure(from(origin.url), { signal: one.signal });
    const second = ensure(from(origin.url), { signal: other.signal, holder: "attachment-2" });
    await started.promise;
    one.abort();
    await expect(first).rejects.toMatchObject({ code: "CANCELLED" });
    expect((await files()).length).toBe(1);
    const reason = new MediabayError("DEADLINE_EXCEEDED", "Too late.");
    other.abort(reason);
    await expect(second).rejects.toBe(reason);
    await closed.promise;
    expect([await files(), await catalog.allHolders()]).toEqual([[], []]);
  });

  it("are held only for those who still wait", async () => {
    const release = Promise.withResolvers<void>();
    const origin = await originOf((_request, response) => {
      void release.promise.then(() => whole(iso)(_request, response));
    });
    const controller = new AbortController();
    const leaving = ensure(from(origin.url), { holder: "left", signal: controller.signal });
    const staying = ensure(from(origin.url), { holder: "stays" });
    controller.abort();
    await expect(leaving).rejects.toMatchObject({ code: "CANCELLED" });
    release.resolve();
    await staying;
    expect(await catalog.holders(digest)).toEqual(["stays"]);
  });

  it("cost no download when the expected digest is in the store", async () => {
    const origin = await originOf(whole(iso));
    await ensure(from(origin.url));
    const again = await ensure(from(`${origin.url}/elsewhere`), {
      expectedDigest: digest.toUpperCase(),
      holder: "attachment-2",
    });
    expect([again.digest, again.references, origin.asked.length]).toEqual([digest, 2, 1]);
    expect(await ensure({ kind: "image", digest })).toMatchObject({ digest });
    expect(origin.asked.length).toBe(1);
  });

  it("are refused and not kept when their digest is not the expected one", async () => {
    const origin = await originOf(whole(gzipSync(iso)));
    const expectedDigest = sha256(gzipSync(iso));
    await expect(ensure(from(origin.url), { expectedDigest })).rejects.toMatchObject({
      code: "IMAGE_DIGEST_MISMATCH",
      context: { expected: expectedDigest, actual: digest },
    });
    expect([await files(), await catalog.allHolders()]).toEqual([[], []]);
    await expect(ensure(from(origin.url), { expectedDigest: digest })).resolves.toMatchObject({ digest });
    await expect(ensure({ kind: "image", digest }, { expectedDigest })).rejects.toMatchObject({
      code: "IMAGE_DIGEST_MISMATCH",
    });
    await expect(ensure(from(origin.url), { expectedDigest: "abc" })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
    });
  });

  it("of one download satisfy who expects them and disappoint who expects others", async () => {
    const origin = await originOf(whole(iso));
    const [right, wrong] = await Promise.allSettled([
      ensure(from(origin.url), { holder: "right", expectedDigest: digest }),
      ensure(from(origin.url), { holder: "wrong", expectedDigest: "0".repeat(64) }),
    ]);
    expect([right.status, wrong.status, origin.asked.length]).toEqual(["fulfilled", "rejected", 1]);
    expect(await catalog.holders(digest)).toEqual(["right"]);
  });

  it("begin again from nothing when the origin cannot go on where it broke", async () => {
    const packed = gzipSync(iso);
    const origin = await originOf(broken(packed, 100), broken(packed, 200), whole(packed));
    expect((await ensure(from(origin.url))).digest).toBe(digest);
    expect(await files()).toEqual([digest]);
  });

  it.each([
    ["a page", whole(Buffer.from("<!doctype html><title>Login</title>")), "IMAGE_INVALID"],
    ["nothing", whole(Buffer.alloc(0)), "IMAGE_INVALID"],
    ["a truncated image", whole(iso.subarray(0, -2048)), "IMAGE_INVALID"],
    ["a cut gzip", whole(gzipSync(iso).subarray(0, -3)), "IMAGE_INVALID"],
    ["404", status(404), "SOURCE_REFUSED"],
    ["a break each time", broken(iso, 40_000), "SOURCE_UNREACHABLE"],
    ["too much", whole(Buffer.concat([iso, Buffer.alloc(2 ** 20)])), "IMAGE_TOO_LARGE"],
    ["too much inside gzip", whole(gzipSync(Buffer.concat([iso, Buffer.alloc(2 ** 20)]))), "IMAGE_TOO_LARGE"],
  ])("are refused by name and leave nothing when the origin gives %s", async (_what, answer, code) => {
    const origin = await originOf(answer);
    await expect(ensure(from(origin.url))).rejects.toMatchObject({ code });
    expect([await files(), await catalog.allHolders(), outcomes]).toEqual([[], [], ["failed"]]);
  });

  it("that declare an impossible length are refused before they come", async () => {
    const origin = await originOf((_request, response) => {
      response.writeHead(200, { "content-length": 10 ** 10 });
      response.flushHeaders();
    });
    await expect(ensure(from(origin.url))).rejects.toMatchObject({
      code: "IMAGE_TOO_LARGE",
      message: expect.stringContaining("images.limits.configdrive"),
    });
  });

  it("for booting may be larger, but not be taken for a config drive afterwards", async () => {
    const big = Buffer.concat([iso, Buffer.alloc(2 ** 20)]);
    const origin = await originOf(whole(big));
    const record = await ensure(from(origin.url), { role: "boot" });
    expect(record.sizeBytes).toBe(big.length);
    for (const source of [from(origin.url), { kind: "image", digest: record.digest } as const])
      await expect(ensure(source, { expectedDigest: record.digest })).rejects.toMatchObject({
        code: "IMAGE_TOO_LARGE",
      });
  });

  it("from our own listeners are refused, whatever is allowed", async () => {
    const origin = await originOf(whole(iso));
    own = [{ address: "127.0.0.1", port: origin.port }];
    const source = from(`http://u:hunter2@127.0.0.1:${origin.port}/m/secret`);
    expect(() => images.check(source)).toThrow(expect.objectContaining({ code: "SOURCE_FORBIDDEN" }));
    const error: unknown = await ensure(source).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "SOURCE_FORBIDDEN", context: { host: "127.0.0.1" } });
    expect(JSON.stringify([error, String(error)])).not.toContain("hunter2");
    expect(origin.connections()).toBe(0);
  });

  it("tell their progress to everybody who waits", async () => {
    const seen: (readonly [number, number | undefined])[] = [];
    const origin = await originOf(whole(iso));
    await Promise.all([
      ensure(from(origin.url)),
      ensure(from(origin.url), { onProgress: (received, total) => void seen.push([received, total]) }),
    ]);
    expect(seen.at(-1)).toEqual([iso.length, iso.length]);
  });

  it("are found, listed, released and removed", async () => {
    await ensure({ kind: "blob", base64: iso.toString("base64") }, { holder: "manual" });
    await ensure({ kind: "image", digest }, { holder: "attachment-1" });
    expect(await images.get(digest)).toMatchObject({ digest, references: 2 });
    expect((await images.list({ limit: 10 })).items).toHaveLength(1);
    await expect(images.remove(digest)).rejects.toMatchObject({ code: "MACHINE_BUSY" });
    await images.release("attachment-1");
    expect(await files()).toEqual([digest]);
    await images.remove(digest);
    expect(await files()).toEqual([]);
    for (const work of [images.get(digest), images.remove(digest), ensure({ kind: "image", digest })])
      await expect(work).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });

  it("are swept when nobody vouches for their holder", async () => {
    await ensure({ kind: "blob", base64: iso.toString("base64") });
    await images.sweep((holder) => holder === "manual");
    expect(await files()).toEqual([]);
  });
});
