// What every ImageKeys promises, whatever keeps them. Called with each implementation.
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ImageKeys } from "../../src/core/ports.ts";

export interface KeysUnderTest {
  readonly keys: ImageKeys;
  close(): Promise<void>;
}

const key = (): Buffer => randomBytes(32);

export const imageKeysContract = (name: string, create: () => Promise<KeysUnderTest>): void => {
  describe(`the image keys in ${name}`, () => {
    let under: KeysUnderTest;
    let keys: ImageKeys;
    beforeEach(async () => {
      under = await create();
      keys = under.keys;
    });
    afterEach(() => under.close());

    it("answer the key that was put, in memory of its own", async () => {
      const bytes = key();
      const copy = Buffer.from(bytes);
      await keys.put("a", bytes);
      bytes.fill(0);
      expect(await keys.get("a")).toEqual(copy);
      (await keys.get("a"))?.fill(0);
      expect(await keys.get("a")).toEqual(copy);
      expect(await keys.get("b")).toBeUndefined();
    });

    it("list the ids of all", async () => {
      expect(await keys.ids()).toEqual([]);
      for (const id of ["b", "a", "c"]) await keys.put(id, key());
      expect(await keys.ids()).toEqual(["a", "b", "c"]);
    });

    it("destroy some and keep the others, and destroying again succeeds", async () => {
      const kept = key();
      await keys.put("kept", kept);
      for (const id of ["a", "b", "c"]) await keys.put(id, key());
      await Promise.all([keys.destroy(["a"]), keys.destroy(["b", "unknown"])]);
      await keys.destroy(["a", "c"]);
      await keys.destroy([]);
      expect(await keys.ids()).toEqual(["kept"]);
      expect(await keys.get("a")).toBeUndefined();
      expect(await keys.get("kept")).toEqual(kept);
    });
  });
};
