// Named credentials through the gateway over a real store: who set which is in the audit trail, and nothing of them is anywhere else.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeCredential, requireCredential, setCredential } from "../../src/gateway/credentials.ts";
import { credentialSecrets, sampleCredentials } from "../tools/store-samples.ts";
import { openTempStore, type TempStore } from "../tools/temp-store.ts";

const canary = (place: string): string => `canary-${place}`;
const samples = sampleCredentials(canary);
const options = { actor: { name: "ada", role: "admin" } } as const;

describe("named credentials", () => {
  let temp: TempStore;
  beforeEach(async () => {
    temp = await openTempStore();
  });
  afterEach(() => temp.close());

  const depsOf = ({ store, clock }: TempStore) => ({ credentials: store.credentials, auditLog: store.audit, clock });

  it("are audited by actor and name when they are set, replaced and removed", async () => {
    const deps = depsOf(temp);
    const set = await setCredential(deps, "mirror", samples.basic, options);
    expect(set).toMatchObject({ name: "mirror", createdAt: temp.clock.now(), updatedAt: temp.clock.now() });
    await temp.clock.advance(5000);
    const replaced = await setCredential(deps, "mirror", samples.swift, options);
    expect(replaced).toMatchObject({ kind: "swift", createdAt: set.createdAt, updatedAt: set.createdAt + 5000 });
    await removeCredential(deps, "mirror", options);
    const { items } = await temp.store.audit.list({ limit: 9 });
    expect(items.map(({ actor, action, detail }) => ({ actor, action, detail }))).toEqual([
      { actor: "ada", action: "credential.removed", detail: { name: "mirror" } },
      { actor: "ada", action: "credential.set", detail: { name: "mirror" } },
      { actor: "ada", action: "credential.set", detail: { name: "mirror" } },
    ]);
  });

  it("leave no secret in records and the audit trail", async () => {
    const deps = depsOf(temp);
    const shown: unknown[] = [];
    for (const [name, credential] of Object.entries(samples))
      shown.push(await setCredential(deps, name, credential, options));
    shown.push(await temp.store.credentials.list({ limit: 99 }), await temp.store.audit.list({ limit: 99 }));
    for (const place of credentialSecrets) expect(JSON.stringify(shown)).not.toContain(canary(place));
    for (const place of credentialSecrets) expect(JSON.stringify(samples)).toContain(canary(place));
  });

  it("are refused under a name that is none, and nothing is stored or audited", async () => {
    for (const name of ["", "-a", "a b", "a/b", "ä", "x".repeat(64)]) {
      const refused = setCredential(depsOf(temp), name, samples.basic, options);
      await expect(refused).rejects.toMatchObject({ code: "INVALID_REQUEST", context: { field: "name" } });
    }
    expect(await temp.store.credentials.list({ limit: 9 })).toEqual({ items: [] });
    expect(await temp.store.audit.list({ limit: 9 })).toEqual({ items: [] });
  });

  it("that are not there are refused by name, and their removal is not audited", async () => {
    const deps = depsOf(temp);
    await expect(removeCredential(deps, "mirror", options)).rejects.toMatchObject({ code: "CREDENTIAL_NOT_FOUND" });
    expect(await temp.store.audit.list({ limit: 9 })).toEqual({ items: [] });
    const source = { kind: "uri", uri: "https://origin.example/c.iso", credential: "mirror" } as const;
    await expect(requireCredential(deps, source)).rejects.toMatchObject({
      code: "CREDENTIAL_NOT_FOUND",
      message: expect.stringContaining("mirror"),
    });
    await setCredential(deps, "mirror", samples.basic, options);
    await requireCredential(deps, source);
    await requireCredential(deps, { kind: "uri", uri: "https://origin.example/c.iso" });
  });
});
