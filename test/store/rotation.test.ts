import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SourceCredential } from "../../src/core/source-credentials.ts";
import { loadSealer, parseKeys, rotateKeyFile } from "../../src/store/keys.ts";
import { generateSealingKey, Sealer } from "../../src/store/sealer.ts";
import { openSqliteStore, type Store } from "../../src/store/open-store.ts";
import { sampleMachine, sampleOperation } from "../tools/store-samples.ts";
import { openTempStore, type TempStore } from "../tools/temp-store.ts";

const credential: SourceCredential = { kind: "bearer", origins: ["https://origin.example"], token: "canary" };
const imageKey = Buffer.alloc(32, 7);
const login = { username: "root", password: "canary" };

describe("key rotation", () => {
  let temp: TempStore;
  let keyFile: string;
  beforeEach(async () => {
    temp = await openTempStore();
    keyFile = join(temp.dir, "sealing.key");
    writeFileSync(keyFile, temp.key.bytes.toString("base64"), { mode: 0o600 });
    for (const name of ["m1", "m2"]) await temp.store.machines.create(sampleMachine(name), [login]);
    await temp.store.machines.saveOpenSession("id-m1", { token: "t" });
    await temp.store.journal.accept(sampleOperation("op1"));
    await temp.store.credentials.put("mirror", credential, 1);
    await temp.store.imageKeys.put("i1", imageKey);
  });
  afterEach(() => temp.close());

  const open = async (): Promise<Store> => temp.reopen({ sealer: await loadSealer({ kind: "file", path: keyFile }) });
  const readsAll = async (store: Store): Promise<void> => {
    for (const name of ["m1", "m2"]) {
      expect((await store.machines.endpoint(`id-${name}`, 0)).credentials).toEqual(login);
    }
    expect(await store.machines.openSession("id-m1")).toEqual({ token: "t" });
    expect(await store.credentials.get("mirror")).toEqual(credential);
    expect(await store.imageKeys.get("i1")).toEqual(imageKey);
  };

  it("wraps every secret anew in one commit, and drops the old key", async () => {
    const commits: string[] = [];
    const store = await temp.reopen({ onCommit: (when) => commits.push(when) });
    const rows = await rotateKeyFile(keyFile, (key) => store.rotate(key));
    expect(rows).toBe(7);
    expect(commits).toEqual(["before", "after"]);
    expect(parseKeys(readFileSync(keyFile, "utf8"))).toHaveLength(1);
    await readsAll(store);
    await store.machines.saveOpenSession("id-m2", { token: "new" });
    await readsAll(await open());
    const stale = openSqliteStore({ stateDir: temp.dir, sealer: new Sealer([temp.key]), clock: temp.clock });
    await expect(stale).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  it("cut short before or after its commit, leaves a key file that opens the store", async () => {
    for (const cut of ["before", "after"] as const) {
      const store = await open();
      const rotation = rotateKeyFile(keyFile, async (key) => {
        if (cut === "after") await store.rotate(key);
        throw new Error("cut");
      });
      await expect(rotation).rejects.toThrow("cut");
      await readsAll(await open());
    }
    const store = await open();
    await rotateKeyFile(keyFile, (key) => store.rotate(key));
    expect(parseKeys(readFileSync(keyFile, "utf8"))).toHaveLength(1);
    await readsAll(await open());
  });
});

describe("a store and its keys", () => {
  it("does not open with a wrong key, and says which it misses", async () => {
    const temp = await openTempStore();
    await temp.store.close();
    const wrong = { stateDir: temp.dir, sealer: new Sealer([generateSealingKey()]), clock: temp.clock };
    await expect(openSqliteStore(wrong)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining(temp.key.id),
    });
    const store = await openSqliteStore({ ...wrong, sealer: new Sealer([generateSealingKey(), temp.key]) });
    await store.close();
    await temp.reopen().catch(() => undefined);
    await temp.close();
  });

  it("does not open while any secret is under a key that is missing", async () => {
    const temp = await openTempStore();
    await temp.store.machines.create(sampleMachine("m1"), [login]);
    const newer = generateSealingKey();
    const both = await temp.reopen({ sealer: new Sealer([newer, temp.key]) });
    await both.machines.create(sampleMachine("m2"), [login]);
    await both.close();
    for (const key of [newer, temp.key]) {
      const half = openSqliteStore({ stateDir: temp.dir, sealer: new Sealer([key]), clock: temp.clock });
      await expect(half).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    }
    await temp.reopen({ sealer: new Sealer([temp.key, newer]) });
    await temp.close();
  });
});
