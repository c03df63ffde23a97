// Sources that name a credential, from the request to the store: who shares a download with whom, and which names are refused when.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { Images, SourceCredentialStore } from "../../src/core/ports.ts";
import type { SourceCredential } from "../../src/core/source-credentials.ts";
import { createImages } from "../../src/images/images.ts";
import { createImageStore } from "../../src/images/store.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";
import { type ImageOrigin, startImageOrigin, status, whole } from "../tools/image-origin.ts";
import { createMemoryImageCatalog } from "../tools/memory-image-catalog.ts";
import { createMemoryImageKeys } from "../tools/memory-image-keys.ts";
import { tinyIso } from "../tools/tiny-images.ts";

const iso = tinyIso({ joliet: "config-2", content: Buffer.from("the config drive") });

describe("a source that names a credential", () => {
  let folder: string;
  let origin: ImageOrigin;
  let known: Map<string, SourceCredential>;
  let images: Images;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mediabay-credentialed-"));
    origin = await startImageOrigin((request, response) => {
      const allowed = request.headers.authorization?.startsWith("Bearer token-of-") === true;
      (allowed ? whole(iso, { etag: '"v1"' }) : status(401))(request, response);
    });
    const bearer = (token: string): SourceCredential => ({ kind: "bearer", token, origins: [origin.url] });
    known = new Map([
      ["one", bearer("token-of-one")],
      ["other", bearer("token-of-other")],
    ]);
    images = await imagesOf({
      get: async (name) => {
        const found = known.get(name);
        if (found !== undefined) return found;
        throw new MediabayError("CREDENTIAL_NOT_FOUND", `There is no credential ${name}.`, { name });
      },
    });
  });
  afterEach(async () => {
    await origin.close();
    await rm(folder, { recursive: true, force: true });
  });

  const imagesOf = async (credentials?: Pick<SourceCredentialStore, "get">): Promise<Images> => {
    const catalog = createMemoryImageCatalog();
    const clock = createHastyClock();
    const keys = createMemoryImageKeys();
    const store = createImageStore({ folder, catalog, keys, clock, maxBytes: 2 ** 26, isPublished: () => false });
    await store.start();
    const timeouts = { connectMs: 2000, responseMs: 2000, idleMs: 2000 };
    return createImages({
      store,
      catalog,
      clock,
      ...(credentials && { credentials }),
      ownListeners: () => [],
      settings: {
        limitsBytes: { configdrive: 2 ** 22, boot: 2 ** 22 },
        sources: { allow: ["127.0.0.1"], folders: [], timeouts },
      },
    });
  };
  const ensure = (credential?: string, holder = "attachment", from = images) =>
    from.ensure({
      source: { kind: "uri", uri: `${origin.url}/drive`, ...(credential !== undefined && { credential }) },
      role: "configdrive",
      holder,
      signal: AbortSignal.timeout(15_000),
    });
  const tokens = (): readonly unknown[] => origin.asked.map(({ headers }) => headers.authorization);

  it("is asked with it", async () => {
    expect((await ensure("one")).sizeBytes).toBe(iso.length);
    expect(tokens()).toEqual(["Bearer token-of-one"]);
    await expect(ensure()).rejects.toMatchObject({ code: "SOURCE_REFUSED", context: { status: 401 } });
  });

  it("shares its download with those who name the same, and with nobody else", async () => {
    const asked = [ensure("one", "1"), ensure("one", "2"), ensure("other", "3"), ensure(undefined, "4")];
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status: outcome }) => outcome)).toEqual(["fulfilled", "fulfilled", "fulfilled", "rejected"]);
    expect(tokens().length).toBe(3);
    expect(new Set(tokens())).toEqual(new Set(["Bearer token-of-one", "Bearer token-of-other", undefined]));
  });

  it("learns nothing from what another credential has seen: a name without the right to it is refused", async () => {
    await ensure("one");
    known.set("other", { kind: "bearer", token: "wrong", origins: [origin.url] });
    await expect(ensure("other")).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
    expect(origin.asked.at(-1)?.headers).not.toHaveProperty("if-none-match");
    await ensure("one");
    expect(origin.asked.at(-1)?.headers).toMatchObject({ "if-none-match": '"v1"' });
  });

  it("is asked with what the name means now", async () => {
    await ensure("one");
    known.set("one", { kind: "bearer", token: "token-of-later", origins: [origin.url] });
    await ensure("one");
    expect(tokens()).toEqual(["Bearer token-of-one", "Bearer token-of-later"]);
  });

  it("is refused when nobody knows the name, or there is no place for names", async () => {
    const bare = await imagesOf();
    for (const from of [images, bare])
      await expect(ensure("stranger", "attachment", from)).rejects.toMatchObject({ code: "CREDENTIAL_NOT_FOUND" });
    expect(origin.connections()).toBe(0);
  });

  it("is refused at once where the scheme has no use for it, and without one where it has", () => {
    const refusal = expect.objectContaining({ code: "INVALID_REQUEST", context: { field: "source.credential" } });
    expect(() => images.check({ kind: "uri", uri: "data:,x", credential: "one" })).toThrow(refusal);
    expect(() => images.check({ kind: "uri", uri: "s3://bucket/key" })).toThrow(
      expect.objectContaining({ code: "INVALID_REQUEST", hint: expect.stringContaining("of the kind s3") }),
    );
  });

  it("is refused when the credential is of a kind that the scheme cannot use", async () => {
    const request = { role: "configdrive", holder: "x", signal: AbortSignal.timeout(15_000) } as const;
    const source = { kind: "uri", uri: "swift://container/object", credential: "one" } as const;
    await expect(images.ensure({ ...request, source })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      message: "The named credential is of the kind bearer; this source takes swift.",
    });
  });
});
