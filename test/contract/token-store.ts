// What every TokenStore promises.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TokenStore } from "../../src/core/ports.ts";
import type { ManualClock } from "../tools/manual-clock.ts";

export interface TokensUnderTest {
  readonly tokens: TokenStore;
  readonly clock: ManualClock;
  reopen(): Promise<TokenStore>;
  close(): Promise<void>;
}

export const tokenStoreContract = (name: string, open: () => Promise<TokensUnderTest>): void => {
  describe(`the token store in ${name}`, () => {
    let under: TokensUnderTest;
    let tokens: TokenStore;
    beforeEach(async () => {
      under = await open();
      tokens = under.tokens;
    });
    afterEach(() => under.close());

    it("makes unguessable tokens and finds their records, also after a restart", async () => {
      const one = await tokens.create("one", "reader");
      const two = await tokens.create("two", "admin");
      expect(one.token).toMatch(/^mb_[\w-]{43}$/);
      expect(two.token).not.toBe(one.token);
      expect(one.record).toMatchObject({ name: "one", role: "reader", createdAt: under.clock.now() });
      const reopened = await under.reopen();
      expect(await reopened.find(two.token)).toMatchObject({ id: two.record.id, name: "two", role: "admin" });
    });

    it("finds nothing for what is nearly a token", async () => {
      const { token } = await tokens.create("one", "reader");
      for (const wrong of ["", "mb_", token.slice(0, -1), `${token}x`, token.toUpperCase(), ` ${token}`]) {
        expect(await tokens.find(wrong)).toBeUndefined();
      }
    });

    it("notes the last use once a minute", async () => {
      const { token, record } = await tokens.create("one", "reader");
      expect(record.lastUsedAt).toBeUndefined();
      const first = under.clock.now();
      expect((await tokens.find(token))?.lastUsedAt).toBe(first);
      await under.clock.advance(59_000);
      expect((await tokens.find(token))?.lastUsedAt).toBe(first);
      await under.clock.advance(1_000);
      expect((await tokens.find(token))?.lastUsedAt).toBe(first + 60_000);
      expect((await tokens.list())[0]?.lastUsedAt).toBe(first + 60_000);
    });

    it("lists by name without the tokens, and refuses a name twice", async () => {
      const { token } = await tokens.create("zed", "reader");
      await tokens.create("ann", "operator");
      const list = await tokens.list();
      expect(list.map((record) => record.name)).toEqual(["ann", "zed"]);
      expect(JSON.stringify(list)).not.toContain(token);
      await expect(tokens.create("ann", "admin")).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    });

    it("does not find a removed token, and says when there is none to remove", async () => {
      const { token, record } = await tokens.create("one", "reader");
      await tokens.remove(record.id);
      expect(await tokens.find(token)).toBeUndefined();
      await expect(tokens.remove(record.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("keeps the last token of an admin, also when two are removed at once", async () => {
      const [one, two] = [await tokens.create("one", "admin"), await tokens.create("two", "admin")];
      await tokens.create("three", "operator");
      const removals = [tokens.remove(one.record.id), tokens.remove(two.record.id)];
      const [first, second] = await Promise.allSettled(removals);
      expect(first).toMatchObject({ status: "fulfilled" });
      expect(second).toMatchObject({ reason: { code: "INVALID_REQUEST", hint: expect.stringContaining("admin") } });
      expect(await tokens.find(two.token)).toMatchObject({ name: "two" });
    });

    it("renews a token: the one before is refused, and its record is as if never used", async () => {
      const { token, record } = await tokens.create("one", "admin");
      await tokens.find(token);
      const renewed = await tokens.renew(record.id);
      expect(renewed.record).toEqual(record);
      expect(await tokens.find(token)).toBeUndefined();
      expect(await tokens.find(renewed.token)).toMatchObject({ id: record.id, role: "admin" });
      await expect(tokens.renew("none")).rejects.toMatchObject({ code: "NOT_FOUND" });
    });
  });
};
