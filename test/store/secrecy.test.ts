import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { MediabayError, toErrorRecord } from "../../src/core/errors.ts";
import {
  credentialSecrets,
  sampleAttachment,
  sampleCredentials,
  sampleMachine,
  sampleOperation,
} from "../tools/store-samples.ts";
import { openTempStore, type TempStore } from "../tools/temp-store.ts";

const canary = (place: string): string => `canary-${place}`;
const token = "canary7canary7canary7canary7";

/** Also as it would look inside encodings that hide nothing. */
const forms = (text: string): readonly string[] => [
  text,
  Buffer.from(text).toString("hex"),
  ...[0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), Buffer.from(text)])
      .toString("base64")
      .slice(shift === 0 ? 0 : 4, -4),
  ),
];

const files = (temp: TempStore): ReadonlyMap<string, Buffer> =>
  new Map(readdirSync(temp.dir).map((name) => [name, readFileSync(join(temp.dir, name))]));

const leaks = (temp: TempStore, secrets: readonly string[]): readonly string[] =>
  [...files(temp)].flatMap(([name, bytes]) =>
    secrets
      .filter((secret) => forms(secret).some((form) => bytes.includes(form)))
      .map((secret) => `${secret} in ${name}`),
  );

const plant = async ({ store }: TempStore): Promise<readonly string[]> => {
  const login = { username: "root", password: canary("password") };
  await store.machines.create(sampleMachine("m1"), [login]);
  await store.machines.saveOpenSession("id-m1", { uri: "/s/1", token: canary("session") });
  const input = { source: { kind: "uri", uri: `http://u:${canary("input")}@origin.example/x?sig=${canary("query")}` } };
  await store.journal.accept(sampleOperation("op1", { input }), sampleAttachment("a1", { operationId: "op1" }));
  const { claim } = await store.journal.claim("op1");
  const url = `http://192.0.2.1:8481/m/${token}/media.iso`;
  await store.publications.put({
    token,
    url,
    fileName: "media.iso",
    digest: "d".repeat(64),
    attachmentId: "a1",
    machineId: "id-m1",
    bmcAddresses: [],
    createdAt: 1,
  });
  await store.journal.beginStep(claim, "publish", "Publish");
  await store.journal.endStep(claim, "publish", { url, note: canary("output") });
  await store.attachments.update("a1", { observed: { inserted: true, image: url } });
  const error = new MediabayError("BMC_REJECTED", `cannot read ${url}`, { uri: url, bmcText: `bad ${url}` });
  await store.journal.progress("op1", "progress", { url });
  await store.audit.append({ at: 1, actor: "ada", action: "x", detail: { url, password: canary("audit") } });
  await store.journal.beginStep(claim, "insert", "Insert");
  await store.journal.failStep(claim, "insert", toErrorRecord(error));
  for (const [name, credential] of Object.entries(sampleCredentials(canary)))
    await store.credentials.put(name, credential, 1);
  const { token: apiToken } = await store.tokens.create("one", "admin");
  const places = ["password", "session", "input", "query", "output", "audit", ...credentialSecrets];
  return [...places.map(canary), token, apiToken];
};

it("no secret is in plain in any file of the store, the write-ahead log included", async () => {
  const temp = await openTempStore();
  try {
    const secrets = await plant(temp);
    expect([...files(temp).keys()].toSorted()).toEqual(["mediabay.db", "mediabay.db-shm", "mediabay.db-wal"]);
    expect(leaks(temp, secrets)).toEqual([]);
    await temp.reopen();
    expect(leaks(temp, secrets)).toEqual([]);
    expect(leaks(temp, ["origin.example"])).not.toEqual([]);
    expect(leaks(temp, ["keystone.example"])).not.toEqual([]);
  } finally {
    await temp.close();
  }
});

it("the sealed bytes of what has ended are gone from the database file", async () => {
  const temp = await openTempStore();
  try {
    await plant(temp);
    await temp.reopen();
    const sealedRows = (): number =>
      (
        files(temp)
          .get("mediabay.db")
          ?.toString("latin1")
          .match(/operation\/op1/g) ?? []
      ).length;
    expect(sealedRows()).toBeGreaterThan(0);
    const { claim } = await temp.store.journal.claim("op1");
    await temp.store.journal.finish(claim, "succeeded", {});
    await temp.store.publications.withdraw("a1", 2);
    await temp.reopen();
    expect(sealedRows()).toBe(0);
    expect(files(temp).get("mediabay.db")?.includes("publication/a1")).toBe(false);
  } finally {
    await temp.close();
  }
});

it("a removed credential's sealed bytes are gone from the database file", async () => {
  const temp = await openTempStore();
  try {
    const { basic } = sampleCredentials(canary);
    await temp.store.credentials.put("basic", basic, 1);
    await temp.store.credentials.put("other", basic, 1);
    const sealed = (): readonly string[] =>
      files(temp)
        .get("mediabay.db")
        ?.toString("latin1")
        .match(/credential\/(?:basic|other)/g) ?? [];
    await temp.reopen();
    expect(new Set(sealed())).toEqual(new Set(["credential/basic", "credential/other"]));
    await temp.store.credentials.remove("basic");
    await temp.reopen();
    expect(new Set(sealed())).toEqual(new Set(["credential/other"]));
  } finally {
    await temp.close();
  }
});
