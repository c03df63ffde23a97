// Another image into the same slot, without a redeploy: what is new under a new URL, what was there gone; or, where that fails, back again.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeIso9660 } from "../../src/configdrive/iso9660/writer.ts";
import { type Origin, startOrigin } from "../../src/simulators/origin.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { type ChangedFixture, changedFixture } from "../tools/changed-fixture.ts";
import { startTestService, type TestService } from "../tools/service.ts";

let bmc: RedfishSimulator;
let changed: ChangedFixture | undefined;
let origin: Origin;
let service: TestService;

const other = writeIso9660(
  [{ kind: "file", path: "openstack/latest/meta_data.json", bytes: Buffer.from('{"uuid":"other"}') }],
  { label: "config-2" },
);

const bulky = writeIso9660([{ kind: "file", path: "large", bytes: Buffer.alloc(4 << 20, 7) }], { label: "config-2" });

const begin = async (slots?: Parameters<typeof changedFixture>[0]["slots"]): Promise<void> => {
  if (slots !== undefined) changed = await changedFixture({ slots });
  bmc = await startRedfishSimulator(changed === undefined ? {} : { fixture: changed.folder });
  const machine = { name: "node", endpoints: [{ address: bmc.url, credentials: bmc.credentials }] };
  expect((await service.call("POST", "/v1/machines", machine)).status).toBe(201);
};

beforeEach(async () => {
  const iso = await readFile(fileURLToPath(new URL("../../fixtures/configdrive/config-2.iso", import.meta.url)));
  origin = await startOrigin({ files: { "first.iso": iso, "other.iso": other, "bulky.iso": bulky } });
  service = await startTestService();
});

afterEach(async () => {
  await service.close();
  await origin.close();
  await bmc.close();
  await changed?.remove();
  changed = undefined;
});

interface Attached {
  readonly id: string;
  readonly digest: string;
}

const source = (file: string) => ({ source: { uri: origin.urlOf(file) } });

const attach = async (more: object = {}): Promise<Attached> => {
  const body = { ...source("first.iso"), ...more };
  const answer = await service.work("POST", "/v1/machines/node/attachments", body);
  expect(answer.body).toMatchObject({ attachment: { state: "attached" } });
  return answer.body["attachment"] as Attached;
};

const replace = ({ id }: Attached, body: object) => service.work("POST", `/v1/attachments/${id}/replace`, body);

const full = () => bmc.slots().filter(({ inserted }) => inserted);
const shownUrl = (): string => full()[0]?.image ?? "";
const bytesAt = async (url: string): Promise<Buffer> => Buffer.from(await (await fetch(url)).arrayBuffer());
const images = async () => (await service.call("GET", "/v1/images")).body["items"] as readonly { digest: string }[];
const attachmentNow = async ({ id }: Attached) => (await service.call("GET", `/v1/attachments/${id}`)).body;

describe("a replacement", () => {
  test("is in the same slot under a new URL, and nothing of the former image is left", async () => {
    await begin();
    const first = await attach();
    const [slot] = full();
    const formerUrl = shownUrl();
    const { status, body } = await replace(first, source("other.iso"));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      operation: { kind: "replace", state: "succeeded" },
      attachment: { state: "attached" },
    });
    expect(full().map(({ id }) => id)).toEqual([slot?.id]);
    expect(shownUrl()).not.toBe(formerUrl);
    expect(await bytesAt(shownUrl())).toEqual(other);
    expect((await fetch(formerUrl)).status).toBe(404);
    const [only, ...rest] = await images();
    expect(rest).toEqual([]);
    expect(only?.digest).not.toBe(first.digest);
    expect(await attachmentNow(first)).toMatchObject({
      id: first.id,
      digest: only?.digest,
      source: { display: origin.urlOf("other.iso") },
    });
  });

  test("is told in the audit trail", async () => {
    await begin();
    const first = await attach();
    await replace(first, source("other.iso"));
    const { body } = await service.call("GET", `/v1/audit?attachment=${first.id}&limit=20`);
    const actions = (body["items"] as readonly { action: string }[]).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(["replace.requested", "replace.withdrawn", "replace.done"]));
  });

  test("is what the first read that follows is put down to", async () => {
    await begin();
    const first = await attach();
    await bytesAt(shownUrl());
    const { body: replaced } = await replace(first, source("other.iso"));
    const { digest } = replaced["attachment"] as Attached;
    await bytesAt(shownUrl());
    const reads = async () => {
      const { body } = await service.call("GET", `/v1/audit?attachment=${first.id}&limit=1000`);
      const items = body["items"] as readonly { action: string; digest: string }[];
      return items.filter(({ action }) => action === "image.first-read").map((item) => item.digest);
    };
    await expect.poll(reads).toEqual([digest, first.digest]);
  });

  test("of the same bytes has a new URL", async () => {
    await begin();
    const first = await attach();
    const formerUrl = shownUrl();
    expect((await replace(first, source("first.iso"))).status).toBe(200);
    expect(shownUrl()).not.toBe(formerUrl);
    expect((await bytesAt(shownUrl())).length).toBeGreaterThan(0);
    expect(await images()).toHaveLength(1);
    await service.work("DELETE", "/v1/machines/node/attachments");
    expect(await images()).toEqual([]);
  });

  test("comes in the form that the slot takes, and of a config drive's JSON too", async () => {
    await begin({ Fd: ["Floppy"] });
    const first = await attach();
    expect(await replace(first, source("other.iso"))).toMatchObject({
      status: 200,
      body: { attachment: { slot: "Fd", mediaType: "Floppy", format: "fat", sizeBytes: 1_474_560 } },
    });
    const drive = { source: { configdrive: { user_data: "#cloud-config\n" } } };
    expect(await replace(first, drive)).toMatchObject({
      status: 200,
      body: { attachment: { source: { kind: "configdrive", display: "configdrive" }, format: "fat" } },
    });
    expect((await images()).map(({ digest }) => digest)).toEqual([(await attachmentNow(first))["digest"]]);
  });

  test("is served on the former one's terms, anew", async () => {
    await begin();
    const first = await attach({ terms: { expiresInMs: 3_600_000, fullReads: 100 } });
    const before = (await attachmentNow(first))["terms"] as { expiresAt: string };
    await replace(first, source("other.iso"));
    const after = (await attachmentNow(first))["terms"] as { expiresAt: string };
    expect(after).toMatchObject({ fullReads: 100 });
    expect(Date.parse(after.expiresAt)).toBeGreaterThan(Date.parse(before.expiresAt));
  });

  test("of an image to boot from leaves its boot override as it is", async () => {
    await begin();
    const first = await attach({ role: "boot", boot: "continuous" });
    expect((await replace(first, source("other.iso"))).status).toBe(200);
    expect(await bytesAt(shownUrl())).toEqual(other);
    expect(bmc.boot()).toMatchObject({ target: "Cd", enabled: "Continuous" });
  });
});

describe("a replacement that cannot be", () => {
  const mustBeAsBefore = async (first: Attached, url: string): Promise<void> => {
    expect(shownUrl()).toBe(url);
    expect((await bytesAt(url)).length).toBeGreaterThan(0);
    expect((await images()).map(({ digest }) => digest)).toEqual([first.digest]);
    expect(await attachmentNow(first)).toMatchObject({ state: "attached", digest: first.digest });
  };

  test.each<[string, () => object, string]>([
    ["fetched", () => source("nowhere.iso"), "SOURCE_REFUSED"],
    ["believed", () => ({ ...source("other.iso"), digest: "0".repeat(64) }), "IMAGE_DIGEST_MISMATCH"],
  ])("%s touches nothing", async (_what, body, code) => {
    await begin();
    const first = await attach();
    const url = shownUrl();
    expect((await replace(first, body())).body).toMatchObject({ code });
    await mustBeAsBefore(first, url);
    expect(bmc.effectiveEjects()).toBe(0);
  });

  test("put into the slot touches nothing", async () => {
    await begin({ Fd: ["Floppy"] });
    const first = await attach();
    const url = shownUrl();
    const before = (await images()).length;
    expect((await replace(first, source("bulky.iso"))).body).toMatchObject({ code: "IMAGE_DOES_NOT_FIT" });
    expect([shownUrl(), bmc.effectiveEjects(), (await images()).length]).toEqual([url, 0, before]);
  });

  test("where somebody else's medium is in the slot by now touches nothing", async () => {
    await begin();
    const first = await attach();
    bmc.insertByHand(full()[0]?.id ?? "", "http://127.0.0.1:9/theirs.iso");
    expect((await replace(first, source("other.iso"))).body).toMatchObject({ code: "SLOT_OCCUPIED" });
    expect(shownUrl()).toBe("http://127.0.0.1:9/theirs.iso");
  });

  test("after its end is refused", async () => {
    await begin();
    const first = await attach();
    await service.work("DELETE", "/v1/machines/node/attachments");
    expect((await replace(first, source("other.iso"))).status).toBe(404);
  });
});

/** The BMC refuses the insert of the new medium, and takes the former one again. */
const refuseInsert = (count: number): void =>
  bmc.setFault({
    kind: "status",
    status: 403,
    method: "POST",
    path: /InsertMedia$/,
    count,
    messageId: "Base.1.18.InsufficientPrivilege",
  });

test("a new medium that the BMC refuses makes room for the former one, under another URL", async () => {
  await begin();
  const first = await attach();
  const formerUrl = shownUrl();
  const former = await bytesAt(formerUrl);
  refuseInsert(1);
  const { status, body } = await replace(first, source("other.iso"));
  expect(status).toBeGreaterThanOrEqual(400);
  expect(body).toMatchObject({ operation: { kind: "replace", state: "failed" } });
  expect(shownUrl()).not.toBe(formerUrl);
  expect(await bytesAt(shownUrl())).toEqual(former);
  expect((await images()).map(({ digest }) => digest)).toEqual([first.digest]);
  expect(await attachmentNow(first)).toMatchObject({
    state: "attached",
    digest: first.digest,
    source: { display: origin.urlOf("first.iso") },
    observed: { inserted: true },
  });
  bmc.clearFaults();
  expect((await replace(first, source("other.iso"))).status).toBe(200);
});

test("where the former one is refused too, the attachment says that nothing is in the slot", async () => {
  await begin();
  const first = await attach();
  refuseInsert(100);
  await replace(first, source("other.iso"));
  expect(full()).toEqual([]);
  const now = await attachmentNow(first);
  expect(now).toMatchObject({ state: "attached", observed: { inserted: false } });
  expect(now["warnings"]).toContainEqual(expect.stringMatching(/former medium could not be put back/));
  bmc.clearFaults();
  expect((await replace(first, source("other.iso"))).status).toBe(200);
  expect(await bytesAt(shownUrl())).toEqual(other);
});

describe("terms of a former medium that is put back", () => {
  const settled = async (first: Attached) => {
    await expect.poll(async () => (await fetch(shownUrl())).status).toBe(404);
    return attachmentNow(first);
  };
  const endsOf = async ({ id }: Attached): Promise<readonly string[]> => {
    const { body } = await service.call("GET", `/v1/audit?attachment=${id}&limit=50`);
    return (body["items"] as readonly { action: string }[])
      .map(({ action }) => action)
      .filter((action) => action === "publication.ended");
  };

  test("that are used up: it is not put back, and that is said", async () => {
    await begin();
    const first = await attach({ terms: { fullReads: 1 } });
    await bytesAt(shownUrl());
    await settled(first);
    refuseInsert(1);
    expect((await replace(first, source("other.iso"))).body).toMatchObject({ operation: { state: "failed" } });
    expect(full()).toEqual([]);
    expect(await attachmentNow(first)).toMatchObject({
      state: "attached",
      digest: first.digest,
      terms: { fullReads: 1 },
      observed: { inserted: false },
      warnings: expect.arrayContaining([expect.stringMatching(/terms are used up.*not put back/)]),
    });
    expect((await replace(first, source("other.iso"))).status).toBe(200);
    expect(await bytesAt(shownUrl())).toEqual(other);
    await settled(first);
    expect(await endsOf(first)).toHaveLength(2);
  });

  test("go on where they were: the time limit, and the full reads that are left", async () => {
    await begin();
    const first = await attach({ terms: { fullReads: 2, expiresInMs: 3_600_000 } });
    const { terms } = (await attachmentNow(first)) as { terms: object };
    await bytesAt(shownUrl());
    refuseInsert(1);
    expect((await replace(first, source("other.iso"))).body).toMatchObject({ operation: { state: "failed" } });
    expect((await attachmentNow(first))["terms"]).toEqual(terms);
    expect((await bytesAt(shownUrl())).length).toBeGreaterThan(0);
    await settled(first);
    expect(await endsOf(first)).toHaveLength(1);
    expect((await replace(first, source("other.iso"))).status).toBe(200);
    expect((await attachmentNow(first))["terms"]).toMatchObject({ fullReads: 2 });
  });

  test("are not counted anew by a second replacement that fails", async () => {
    await begin();
    const first = await attach({ terms: { fullReads: 1 } });
    await bytesAt(shownUrl());
    await settled(first);
    refuseInsert(2);
    await replace(first, source("other.iso"));
    await replace(first, source("other.iso"));
    expect(full()).toEqual([]);
  });
});

test("one that is cancelled before it began leaves the attachment its bytes", async () => {
  await begin();
  const first = await attach();
  bmc.setFault({ kind: "busy", retryAfterSeconds: 3, method: "POST", path: /ComputerSystem\.Reset$/ });
  const busy = await service.call("POST", "/v1/machines/node/power", { type: "ForceRestart" });
  expect(busy.status).toBe(202);
  const drive = { source: { configdrive: { user_data: "#cloud-config\n" } } };
  const queued = await service.call("POST", `/v1/attachments/${first.id}/replace`, drive);
  const { id } = queued.body["operation"] as { id: string };
  expect((await service.call("POST", `/v1/operations/${id}/cancel`)).status).toBeLessThan(300);
  const { body } = await service.call("GET", `/v1/operations/${id}`);
  expect(body).toMatchObject({ state: "cancelled" });
  expect((await images()).map(({ digest }) => digest)).toEqual([first.digest]);
  expect((await bytesAt(shownUrl())).length).toBeGreaterThan(0);
});

test("a medium that somebody puts in while a busy BMC is asked again to eject stays in", async () => {
  await begin();
  const first = await attach();
  const slot = full()[0]?.id ?? "";
  bmc.clearRequests();
  bmc.setFault({ kind: "busy", retryAfterSeconds: 1, method: "POST", path: /EjectMedia$/ });
  const { body } = await service.call("POST", `/v1/attachments/${first.id}/replace`, source("other.iso"));
  // The refused request is followed by a look at the slot.
  const asked = () => bmc.requests().map(({ path }) => path.endsWith("EjectMedia"));
  await expect.poll(() => asked().slice(-2)).toEqual([true, false]);
  bmc.insertByHand(slot, "http://127.0.0.1:9/theirs.iso");
  const { id } = body["operation"] as { id: string };
  await expect
    .poll(async () => (await service.call("GET", `/v1/operations/${id}`)).body, { timeout: 20_000 })
    .toMatchObject({ state: "failed", error: { code: "SLOT_OCCUPIED" } });
  expect(shownUrl()).toBe("http://127.0.0.1:9/theirs.iso");
}, 30_000);

test("a dead medium of ours that a replacement left in goes with the detach", async () => {
  await begin();
  const first = await attach();
  const formerUrl = shownUrl();
  expect((await replace(first, source("other.iso"))).status).toBe(200);
  bmc.insertByHand(full()[0]?.id ?? "", formerUrl);
  expect((await service.work("DELETE", "/v1/machines/node/attachments")).status).toBe(200);
  expect(full()).toEqual([]);
});
