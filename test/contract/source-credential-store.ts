// What every SourceCredentialStore promises.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SourceCredentialStore } from "../../src/core/ports.ts";
import { sampleCredentials } from "../tools/store-samples.ts";

export interface CredentialsUnderTest {
  readonly credentials: SourceCredentialStore;
  reopen(): Promise<SourceCredentialStore>;
  close(): Promise<void>;
}

const samples = sampleCredentials((place) => `canary-${place}`);

export const sourceCredentialStoreContract = (name: string, open: () => Promise<CredentialsUnderTest>): void => {
  describe(`the source credential store in ${name}`, () => {
    let under: CredentialsUnderTest;
    let credentials: SourceCredentialStore;
    beforeEach(async () => {
      under = await open();
      credentials = under.credentials;
    });
    afterEach(() => under.close());

    it.each(Object.entries(samples))(
      "gives %s back as it was put, also after a restart",
      async (called, credential) => {
        await credentials.put(called, credential, 1);
        expect(await credentials.get(called)).toEqual(credential);
        expect(await (await under.reopen()).get(called)).toEqual(credential);
      },
    );

    it("shows kind, destinations and dates, and nothing that is secret", async () => {
      for (const [called, credential] of Object.entries(samples)) await credentials.put(called, credential, 7);
      const { items } = await credentials.list({ limit: 100 });
      expect(items.map(({ name: called, kind, destinations }) => [called, kind, ...destinations])).toEqual([
        ["application", "swift", "https://keystone.example:5000/v3"],
        ["basic", "basic", "https://origin.example"],
        ["bearer", "bearer", "https://origin.example", "http://[::1]:8080"],
        ["headers", "headers", "https://origin.example"],
        ["s3", "s3", "https://s3.example"],
        ["swift", "swift", "https://keystone.example:5000/v3"],
      ]);
      expect(Object.keys(items[0] ?? {}).sort()).toEqual(["createdAt", "destinations", "kind", "name", "updatedAt"]);
      expect(JSON.stringify(items)).not.toContain("canary");
    });

    it("replaces the one of that name whole, and keeps when it was first put", async () => {
      expect(await credentials.put("one", samples.s3, 5)).toMatchObject({ kind: "s3", createdAt: 5, updatedAt: 5 });
      const replaced = await credentials.put("one", samples.basic, 9);
      expect(replaced).toEqual({
        name: "one",
        kind: "basic",
        destinations: ["https://origin.example"],
        createdAt: 5,
        updatedAt: 9,
      });
      expect(await credentials.get("one")).toEqual(samples.basic);
      expect((await credentials.list({ limit: 100 })).items).toEqual([replaced]);
    });

    it("lists in pages by name", async () => {
      for (const called of ["c", "a", "b"]) await credentials.put(called, samples.basic, 1);
      const first = await credentials.list({ limit: 2 });
      expect(first.items.map((item) => item.name)).toEqual(["a", "b"]);
      const { next = "" } = first;
      const second = await credentials.list({ limit: 2, after: next });
      expect(second.items.map((item) => item.name)).toEqual(["c"]);
      expect(second).not.toHaveProperty("next");
      await expect(credentials.list({ limit: 2, after: "nonsense" })).rejects.toMatchObject({
        code: "INVALID_REQUEST",
      });
    });

    it("does not find what was removed, and tells names apart by case", async () => {
      await credentials.put("one", samples.basic, 1);
      await credentials.put("two", samples.bearer, 1);
      await credentials.remove("one");
      for (const gone of ["one", "Two", "never"]) {
        await expect(credentials.get(gone)).rejects.toMatchObject({ code: "CREDENTIAL_NOT_FOUND" });
        await expect(credentials.remove(gone)).rejects.toMatchObject({ code: "CREDENTIAL_NOT_FOUND" });
      }
      expect(await credentials.get("two")).toEqual(samples.bearer);
      expect((await credentials.list({ limit: 9 })).items.map((item) => item.name)).toEqual(["two"]);
    });
  });
};
