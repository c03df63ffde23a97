// What a BMC read of its config drive, from the bytes that it asked for to what status, audit and events say: a whole service.
import { cp } from "node:fs/promises";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readImage } from "../../src/configdrive/image.ts";
import type { AuditRecord } from "../../src/core/records.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import type { AttachmentJson } from "../../src/cli/views.ts";
import { type ChangedFixture, changedFixture } from "../tools/changed-fixture.ts";
import { ManualClock } from "../tools/manual-clock.ts";
import { startTestService, type TestService } from "../tools/service.ts";

const userData = "openstack/latest/user_data";
const source = { configdrive: { meta_data: { uuid: "u-1" }, user_data: "#cloud-config\n{}\n" } };

let service: TestService;
let changed: ChangedFixture;
let bmc: RedfishSimulator;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service?.close());

beforeEach(async () => {
  changed = await changedFixture({ slots: { Cd: ["CD", "DVD"] } });
  // It reads nothing by itself: the test plays its host.
  bmc = await startRedfishSimulator({ fixture: changed.folder, overrides: { media: { reader: "none" } } });
  const machine = { name: "node1", endpoints: [{ address: bmc.url, credentials: bmc.credentials }] };
  expect((await service.call("POST", "/v1/machines", machine)).status).toBe(201);
});

afterEach(async () => {
  await service.work("DELETE", "/v1/machines/node1/attachments");
  await service.call("DELETE", "/v1/machines/node1");
  await bmc.close();
  await changed.remove();
});

/** Answers the attachment, and the URL that its BMC was given. */
const attach = async (more: object = {}): Promise<{ readonly id: string; readonly url: string }> => {
  const { body } = await service.work("POST", "/v1/machines/node1/attachments", { source, ...more });
  const { id } = body["attachment"] as AttachmentJson;
  const url = bmc.slots().find(({ inserted }) => inserted)?.image ?? "";
  expect(url).toMatch(/^http:/);
  return { id, url };
};
const statusOf = async (id: string): Promise<AttachmentJson> =>
  (await service.call("GET", `/v1/attachments/${id}`)).body as unknown as AttachmentJson;
const actionsOf = async (id: string): Promise<readonly AuditRecord[]> => {
  const { body } = await service.call("GET", `/v1/audit?attachment=${id}&limit=1000`);
  return (body["items"] as readonly AuditRecord[]).filter(({ action }) => /^(?:image|publication)\./.test(action));
};
const read = async (url: string, from: number, to: number): Promise<Buffer> => {
  const answer = await fetch(url, { headers: { range: `bytes=${from}-${to - 1}` } });
  expect(answer.status).toBe(206);
  return Buffer.from(await answer.arrayBuffer());
};
/** Where the file's bytes are, found out by mounting it as a host would. */
const extentOf = async (url: string, path: string) => {
  const size = Number((await fetch(url, { method: "HEAD" })).headers.get("content-length"));
  const { entries } = await readImage(
    "iso9660",
    (from, length) => read(url, from, Math.min(size, from + length)),
    size,
  );
  const extent = entries.find((entry) => entry.path === path)?.extents[0];
  if (!extent) throw new Error(`${path} is not in the image`);
  return extent;
};

describe("a host that mounts its config drive and reads user_data", () => {
  test("is seen to have read that, and nothing else", async () => {
    const { id, url } = await attach();
    expect(await statusOf(id)).toMatchObject({ reads: { pattern: "none" } });
    const { from, to } = await extentOf(url, userData);
    expect((await read(url, from, to)).toString()).toContain("#cloud-config");
    const { reads } = await statusOf(id);
    expect(reads).toMatchObject({ pattern: "pieces" });
    const complete = reads?.files?.filter(({ completeAt }) => completeAt !== undefined).map(({ path }) => path);
    expect(complete).toEqual([userData]);
    await expect
      .poll(async () => (await actionsOf(id)).map(({ action, detail }) => [action, detail]), { timeout: 5000 })
      .toContainEqual(["image.file-read", { file: userData, sizeBytes: to - from }]);
    const { body } = await service.work("DELETE", "/v1/machines/node1/attachments");
    expect(body).toMatchObject({ operation: { state: "succeeded" } });
    expect((await statusOf(id)).reads?.files?.find(({ path }) => path === userData)).toMatchObject({
      completeAt: expect.any(String),
    });
  });
});

describe("a crash right behind the last read", () => {
  let shared: TestService;
  let crashed: TestService;

  beforeEach(async () => {
    shared = service;
    // Whatever is left for later never comes: time stands still.
    crashed = await startTestService({}, { clock: new ManualClock(Date.now()) });
    service = crashed;
    const machine = { name: "node1", endpoints: [{ address: bmc.url, credentials: bmc.credentials }] };
    expect((await service.call("POST", "/v1/machines", machine)).status).toBe(201);
  });

  afterEach(async () => {
    if (service !== crashed) await service.close();
    await crashed.close();
    service = shared;
  });

  /** What a process that is killed now leaves on the disk, and the next start with it. */
  const crashAndStart = async (): Promise<void> => {
    const stateDir = join(dirname(crashed.stateDir), "crashed");
    await cp(crashed.stateDir, stateDir, { recursive: true });
    service = await startTestService({ stateDir });
  };

  test("loses no proof that the host has read it all, and the rule `read` comes true", async () => {
    const { id, url } = await attach({ detachOn: { at: "read", afterMs: 1000 } });
    const latest = ((await statusOf(id)).reads?.files ?? [])
      .map(({ path }) => path)
      .filter((path) => path.startsWith("openstack/latest/"));
    expect(latest).toContain(userData);
    for (const path of latest) {
      const { from, to } = await extentOf(url, path);
      await read(url, from, to);
    }
    const complete = async () =>
      (await statusOf(id)).reads?.files?.filter(({ completeAt }) => completeAt !== undefined).map(({ path }) => path);
    await expect.poll(complete).toEqual(expect.arrayContaining(latest));
    // Writes are in order: behind this one, those of the reads are done.
    expect((await service.call("POST", "/v1/tokens", { name: "later", role: "reader" })).status).toBe(201);
    await crashAndStart();
    expect(await complete()).toEqual(expect.arrayContaining(latest));
    await expect.poll(async () => (await statusOf(id)).state, { timeout: 20_000 }).toBe("detached");
    expect(bmc.slots().some(({ inserted }) => inserted)).toBe(false);
  }, 40_000);
});

describe("a BMC that probes the medium before it takes it", () => {
  let probing: RedfishSimulator;

  beforeEach(async () => {
    probing = await startRedfishSimulator({ fixture: changed.folder, overrides: { media: { reader: "ranges" } } });
    const machine = { name: "node2", endpoints: [{ address: probing.url, credentials: probing.credentials }] };
    expect((await service.call("POST", "/v1/machines", machine)).status).toBe(201);
  });

  afterEach(async () => {
    await service.work("DELETE", "/v1/machines/node2/attachments");
    await service.call("DELETE", "/v1/machines/node2");
    await probing.close();
  });

  test("has used up no full read by that, and a download in order afterwards is nothing that the host read", async () => {
    const wish = { source, detachOn: { at: "read", afterMs: 1000 }, terms: { fullReads: 2 } };
    const { body } = await service.work("POST", "/v1/machines/node2/attachments", wish);
    const { id } = body["attachment"] as AttachmentJson;
    const url = probing.slots().find(({ inserted }) => inserted)?.image ?? "";
    const { reads, sizeBytes = 0 } = await statusOf(id);
    expect(reads).toMatchObject({ pattern: "none", settledBytes: 0 });
    expect(reads?.requests).toBeGreaterThan(2);
    await read(url, sizeBytes - 2048, sizeBytes);
    for (let from = 0; from < sizeBytes; from += 2048) await read(url, from, Math.min(sizeBytes, from + 2048));
    expect(await statusOf(id)).toMatchObject({ state: "attached", reads: { pattern: "download" } });
    await expect
      .poll(async () => (await statusOf(id)).warnings, { timeout: 15_000 })
      .toEqual([expect.stringContaining("copies the whole image")]);
    expect((await actionsOf(id)).map(({ action }) => action)).not.toContain("image.file-read");
  });
});

describe("somebody who is not the machine's BMC", () => {
  const get = (url: string, range?: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = range === undefined ? {} : { range };
      const sent = request(url, { localAddress: "127.0.0.7", headers }, (response) => {
        response.resume().once("end", () => resolve(response.statusCode ?? 0));
      });
      sent.once("error", reject).end();
    });

  test("and is refused what is for the BMC only, is on record too", async () => {
    const { id, url } = await attach({ terms: { onlyBmc: true } });
    expect([await get(url), await get(url)]).toEqual([404, 404]);
    await expect
      .poll(async () => (await actionsOf(id)).map(({ actor, action, detail }) => [actor, action, detail]))
      .toEqual([["stranger", "image.stranger-refused", { remote: "127.0.0.7" }]]);
    expect((await statusOf(id)).reads).toMatchObject({
      requests: 0,
      strangers: { requests: 2, bytesSent: 0, remotes: ["127.0.0.7"] },
    });
  });

  test("proves nothing by what he reads, and is on record", async () => {
    const { id, url } = await attach({ terms: { fullReads: 1 } });
    const ranges = ["bytes=32768-34815", "bytes=40960-43007", undefined, undefined];
    const statuses: number[] = [];
    for (const range of ranges) statuses.push(await get(url, range));
    expect(statuses).toEqual([206, 206, 200, 200]);
    await expect
      .poll(async () => (await actionsOf(id)).map(({ actor, action, detail }) => [actor, action, detail]))
      .toEqual([["stranger", "image.stranger-read", { remote: "127.0.0.7" }]]);
    const { reads } = await statusOf(id);
    expect(reads).toMatchObject({ requests: 0, pattern: "none", strangers: { requests: 4, remotes: ["127.0.0.7"] } });
    expect(reads?.files?.some(({ readBytes }) => readBytes > 0)).toBe(false);
  });
});

describe("a BMC that downloads a one-time config drive", () => {
  test("gets it once; that its URL has ended is in status and audit, and it is detached like any other", async () => {
    const { id, url } = await attach({ terms: { fullReads: 1 } });
    expect((await fetch(url)).status).toBe(200);
    await expect.poll(async () => (await fetch(url)).status).toBe(404);
    await expect
      .poll(async () => (await actionsOf(id)).map(({ action, detail }) => [action, detail]), { timeout: 5000 })
      .toEqual(
        expect.arrayContaining([
          ["image.read", { pattern: "download" }],
          ["publication.ended", { why: "read" }],
        ]),
      );
    expect(await statusOf(id)).toMatchObject({
      state: "attached",
      warnings: expect.arrayContaining([expect.stringContaining("as its terms allow")]),
      reads: { pattern: "download" },
    });
    await service.work("DELETE", "/v1/machines/node1/attachments");
    expect(await statusOf(id)).toMatchObject({ state: "detached" });
    expect(bmc.slots().some(({ inserted }) => inserted)).toBe(false);
  });
});
