// What a BMC read of its config drive, from the bytes that it asked for to what status, audit and events say: a whole service.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readImage } from "../../src/configdrive/image.ts";
import type { AuditRecord } from "../../src/core/records.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import type { AttachmentJson } from "../../src/cli/views.ts";
import { type ChangedFixture, changedFixture } from "../tools/changed-fixture.ts";
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
