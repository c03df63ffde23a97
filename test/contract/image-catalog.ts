// What every ImageCatalog promises, whatever keeps its rows. Called with each implementation.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ImageCatalog } from "../../src/core/ports.ts";

export interface CatalogUnderTest {
  readonly catalog: ImageCatalog;
  close(): Promise<void>;
}

const digestOf = (digit: string): string => digit.repeat(64);
const [a, b, c] = [digestOf("a"), digestOf("b"), digestOf("c")];

const image = (digest: string, lastUsedAt = 1000) =>
  ({ digest, sizeBytes: 2048, format: "iso9660", label: "config-2", createdAt: 1000, lastUsedAt }) as const;

export const imageCatalogContract = (name: string, create: () => Promise<CatalogUnderTest>): void => {
  describe(`the image catalog in ${name}`, () => {
    let under: CatalogUnderTest;
    let catalog: ImageCatalog;
    beforeEach(async () => {
      under = await create();
      catalog = under.catalog;
    });
    afterEach(() => under.close());

    it("answers what was put, unheld and unpublished", async () => {
      await catalog.put(image(a));
      expect(await catalog.get(a)).toEqual({ ...image(a), references: 0, published: 0 });
      expect(await catalog.get(b)).toBeUndefined();
    });

    it("keeps an image without a label without one", async () => {
      const { label: _label, ...unlabelled } = image(a);
      await catalog.put(unlabelled);
      expect(await catalog.get(a)).toEqual({ ...unlabelled, references: 0, published: 0 });
    });

    it("keeps its holders and its age when an image is put again", async () => {
      await catalog.put(image(a));
      await catalog.hold(a, "attachment-1");
      await catalog.put({ ...image(a, 5000), createdAt: 5000 });
      expect(await catalog.get(a)).toMatchObject({ createdAt: 1000, lastUsedAt: 5000, references: 1 });
      expect(await catalog.holders(a)).toEqual(["attachment-1"]);
    });

    it("counts a holder once, however often it holds", async () => {
      await catalog.put(image(a));
      await catalog.hold(a, "attachment-1");
      await catalog.hold(a, "attachment-1");
      await catalog.hold(a, "manual");
      expect((await catalog.get(a))?.references).toBe(2);
      expect([...(await catalog.holders(a))].sort()).toEqual(["attachment-1", "manual"]);
    });

    it("answers on release what nobody holds any more, and nothing else", async () => {
      for (const digest of [a, b, c]) await catalog.put(image(digest));
      await catalog.hold(a, "attachment-1");
      await catalog.hold(b, "attachment-1");
      await catalog.hold(b, "manual");
      await catalog.hold(c, "attachment-2");
      expect(await catalog.release("attachment-1")).toEqual([a]);
      expect(await catalog.release("attachment-1")).toEqual([]);
      expect(await catalog.release("nobody")).toEqual([]);
      expect(await catalog.holders(b)).toEqual(["manual"]);
    });

    it("releasing deletes no row", async () => {
      await catalog.put(image(a));
      await catalog.hold(a, "attachment-1");
      await catalog.release("attachment-1");
      expect((await catalog.get(a))?.references).toBe(0);
    });

    it("names every holder once", async () => {
      for (const digest of [a, b]) {
        await catalog.put(image(digest));
        await catalog.hold(digest, "manual");
      }
      await catalog.hold(b, "attachment-1");
      expect([...(await catalog.allHolders())].sort()).toEqual(["attachment-1", "manual"]);
    });

    it("offers for eviction what nobody holds, the least recently used first", async () => {
      await catalog.put(image(a, 3000));
      await catalog.put(image(b, 1000));
      await catalog.put(image(c, 2000));
      await catalog.hold(c, "manual");
      expect((await catalog.evictable()).map(({ digest }) => digest)).toEqual([b, a]);
      await catalog.touch(b, 4000);
      expect((await catalog.evictable()).map(({ digest }) => digest)).toEqual([a, b]);
    });

    it("touching never makes an image older", async () => {
      await catalog.put(image(a, 3000));
      await catalog.touch(a, 2000);
      expect((await catalog.get(a))?.lastUsedAt).toBe(3000);
      await catalog.touch(b, 2000);
      expect(await catalog.get(b)).toBeUndefined();
    });

    it("removing an image forgets its holders", async () => {
      await catalog.put(image(a));
      await catalog.hold(a, "manual");
      await catalog.remove(a);
      await catalog.remove(a);
      expect(await catalog.get(a)).toBeUndefined();
      expect(await catalog.holders(a)).toEqual([]);
      await catalog.put(image(a));
      expect((await catalog.get(a))?.references).toBe(0);
    });

    it("lists page by page, each image once", async () => {
      for (const digest of [c, a, b]) await catalog.put(image(digest));
      const first = await catalog.list({ limit: 2 });
      expect(first.items.map(({ digest }) => digest)).toHaveLength(2);
      const second = await catalog.list({ limit: 2, ...(first.next !== undefined && { after: first.next }) });
      expect(second.next).toBeUndefined();
      expect([...first.items, ...second.items].map(({ digest }) => digest).sort()).toEqual([a, b, c]);
    });
  });
};
