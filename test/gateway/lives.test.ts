// How attachments live and end: what is kept from a deploy agent, what a rule or a start of the machine ends, what a BMC was left with.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Origin, startOrigin } from "../../src/simulators/origin.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { systemClock } from "../../src/wire/clock.ts";
import { run } from "../cli/run.ts";
import { type ChangedFixture, changedFixture, type FixtureChange } from "../tools/changed-fixture.ts";
import { freePort } from "../tools/free-port.ts";
import { startTestService, type TestService } from "../tools/service.ts";

let bmc: RedfishSimulator;
let changed: ChangedFixture;
let origin: Origin;
let service: TestService;

const begin = async (change: FixtureChange = {}, settings: Readonly<Record<string, string>> = {}): Promise<void> => {
  changed = await changedFixture(change);
  bmc = await startRedfishSimulator({ fixture: changed.folder });
  service = await startTestService(settings);
  const machine = { name: "node", endpoints: [{ address: bmc.url, credentials: bmc.credentials }] };
  expect((await service.call("POST", "/v1/machines", machine)).status).toBe(201);
};

beforeEach(async () => {
  const iso = await readFile(fileURLToPath(new URL("../../fixtures/configdrive/config-2.iso", import.meta.url)));
  origin = await startOrigin({ files: { "drive.iso": iso } });
});

afterEach(async () => {
  await service.close();
  await origin.close();
  await bmc.close();
  await changed.remove();
});

const attach = (more: object = {}) =>
  service.work("POST", "/v1/machines/node/attachments", { source: { uri: origin.urlOf("drive.iso") }, ...more });

interface Attached {
  readonly id: string;
  readonly warnings: readonly string[];
}

const attached = async (more: object = {}): Promise<Attached> => {
  const { body } = await attach(more);
  expect(body).toMatchObject({ attachment: { state: "attached" } });
  return body["attachment"] as Attached;
};

const attachmentNow = async ({ id }: Attached) => (await service.call("GET", `/v1/attachments/${id}`)).body;
const full = () => bmc.slots().filter(({ inserted }) => inserted);
const actionsOf = async ({ id }: Attached): Promise<readonly string[]> => {
  const { body } = await service.call("GET", `/v1/audit?attachment=${id}&limit=50`);
  return (body["items"] as readonly { action: string }[]).map(({ action }) => action);
};

describe("where a deploy agent may run", () => {
  test("a config drive is refused while the machine is on, and nothing is changed", async () => {
    await begin();
    bmc.setPower("On");
    expect(await attach({ expectAgent: true })).toMatchObject({ status: 409, body: { code: "AGENT_MAY_RUN" } });
    expect(bmc.effectiveInserts()).toBe(0);
    expect((await service.call("GET", "/v1/images")).body["items"]).toEqual([]);
  });

  test("nobody's medium is ejected for one that is refused", async () => {
    await begin({ slots: { Cd: ["CD"] } });
    bmc.setPower("On");
    bmc.insertByHand("Cd", "http://127.0.0.1:9/theirs.iso");
    expect(await attach({ expectAgent: true, force: true })).toMatchObject({ body: { code: "AGENT_MAY_RUN" } });
    expect(full().map(({ image }) => image)).toEqual(["http://127.0.0.1:9/theirs.iso"]);
  });

  test("it is attached while the machine is off", async () => {
    await begin();
    bmc.setPower("Off");
    await attached({ expectAgent: true });
    expect(full()).toHaveLength(1);
  });

  test("no other is put into its place while the machine is on", async () => {
    await begin();
    bmc.setPower("On");
    const { id } = await attached();
    const shown = full();
    const body = { source: { uri: origin.urlOf("drive.iso") }, expectAgent: true };
    expect(await service.work("POST", `/v1/attachments/${id}/replace`, body)).toMatchObject({
      body: { code: "AGENT_MAY_RUN" },
    });
    expect(full()).toEqual(shown);
    bmc.setPower("Off");
    expect(await service.work("POST", `/v1/attachments/${id}/replace`, body)).toMatchObject({ status: 200 });
  });

  test("an image to boot from is nobody's config drive", async () => {
    await begin();
    bmc.setPower("On");
    await attached({ expectAgent: true, role: "boot", boot: "none" });
    expect(full()).toHaveLength(1);
  });
});

describe("network_data names ports", () => {
  const named = "52:54:00:12:34:56";
  const warning = expect.stringMatching(/network_data names the port .* inventory does not have/);

  test("that the machine does not have: a warning, and the ports are asked for once", async () => {
    await begin({ macAddresses: ["00:00:5e:00:53:01", "00:00:5E:00:53:02"] });
    expect((await attached()).warnings).toContainEqual(warning);
    await service.work("DELETE", "/v1/machines/node/attachments");
    bmc.clearRequests();
    expect((await attached()).warnings).toContainEqual(warning);
    expect(bmc.requests().filter(({ path }) => path.includes("EthernetInterfaces"))).toEqual([]);
  });

  test("on the simulated machine with two ports: a warning for one that is foreign, none for its own", async () => {
    await begin();
    const other = await startRedfishSimulator({ fixture: "dmtf/two-port-1.0" });
    onTestFinished(() => other.close());
    const machine = { name: "two-port", endpoints: [{ address: other.url, credentials: other.credentials }] };
    expect((await service.call("POST", "/v1/machines", machine)).status).toBe(201);
    const drive = (mac: string) => ({
      meta_data: { uuid: "u" },
      network_data: { links: [{ id: "l0", type: "phy", ethernet_mac_address: mac }] },
    });
    const warningsFor = async (mac: string): Promise<unknown> => {
      const { body } = await service.work("POST", "/v1/machines/two-port/attachments", {
        source: { configdrive: drive(mac) },
      });
      await service.work("DELETE", "/v1/machines/two-port/attachments");
      return (body["attachment"] as Attached).warnings;
    };
    expect(await warningsFor("00:00:5e:00:53:7f")).toContainEqual(warning);
    expect(await warningsFor("00:00:5e:00:53:02")).not.toContainEqual(warning);
    expect(await warningsFor("00-00-5E-00-53-01")).not.toContainEqual(warning);
  });

  test("that it has, however they are written: nothing to say", async () => {
    await begin({ macAddresses: await namedPorts() });
    expect((await attached()).warnings).not.toContainEqual(warning);
  });

  test("of a machine whose ports nobody knows: nothing to say", async () => {
    await begin();
    expect((await attached()).warnings).not.toContainEqual(warning);
    await service.work("DELETE", "/v1/machines/node/attachments");
  });

  const namedPorts = async (): Promise<readonly string[]> => {
    const iso = await readFile(fileURLToPath(new URL("../../fixtures/configdrive/config-2.iso", import.meta.url)));
    const found = iso.toString("latin1").match(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/g) ?? [named];
    return found.map((mac) => mac.toUpperCase().replaceAll(":", "-"));
  };
});

describe("the rule `boot`", () => {
  const reset = (type: string) => service.work("POST", "/v1/machines/node/power", { type });

  test("lets the machine start with it once, and detaches it before the next start", async () => {
    await begin();
    const attachment = await attached({ detachOn: { at: "boot" } });
    expect((await reset("ForceRestart")).status).toBe(200);
    expect(full()).toHaveLength(1);
    bmc.clearRequests();
    expect((await reset("ForceRestart")).status).toBe(200);
    expect(full()).toEqual([]);
    expect(await attachmentNow(attachment)).toMatchObject({ state: "detached" });
    const posts = bmc.requests().filter(({ method }) => method === "POST");
    expect(posts.map(({ path }) => path.split(".").at(-1))).toEqual(["EjectMedia", "Reset"]);
  });

  test("takes the attach's own reset for the first start", async () => {
    await begin();
    const attachment = await attached({ detachOn: { at: "boot" }, reset: true, readWithinMs: 0 });
    await reset("ForceRestart");
    expect(await attachmentNow(attachment)).toMatchObject({ state: "detached" });
  });

  test("takes the reset of another attach for a start too, and detaches before its next", async () => {
    await begin();
    const drive = await attached({ detachOn: { at: "boot" } });
    const iso = { role: "boot", reset: true, readWithinMs: 0 };
    const first = await attached(iso);
    expect(await attachmentNow(drive)).toMatchObject({ state: "attached", bootedAt: expect.any(String) });
    await service.work("DELETE", `/v1/attachments/${first.id}`);
    bmc.clearRequests();
    const second = await attached(iso);
    expect(await attachmentNow(drive)).toMatchObject({ state: "detached" });
    expect(full()).toMatchObject([{ image: expect.anything() }]);
    const changes = bmc.requests().filter(({ method }) => method === "POST" || method === "PATCH");
    const names = changes.map(({ method, path }) => (method === "PATCH" ? "boot" : path.split(".").at(-1)));
    expect(names).toEqual(["InsertMedia", "EjectMedia", "boot", "Reset"]);
    expect(await attachmentNow(second)).toMatchObject({ state: "attached", boot: { enabled: "Once" } });
  });

  test("leaves it where an attach only switches the machine off", async () => {
    await begin();
    const drive = await attached({ detachOn: { at: "boot" }, reset: true, readWithinMs: 0 });
    await attached({ role: "boot", boot: "none", reset: "ForceOff", readWithinMs: 0 });
    expect(await attachmentNow(drive)).toMatchObject({ state: "attached" });
  });

  test("leaves it while the machine is only switched off", async () => {
    await begin();
    const attachment = await attached({ detachOn: { at: "boot" }, reset: true, readWithinMs: 0 });
    await reset("ForceOff");
    expect(await attachmentNow(attachment)).toMatchObject({ state: "attached" });
    await reset("On");
    expect(await attachmentNow(attachment)).toMatchObject({ state: "detached" });
  });

  test("does not reset the machine where the medium cannot be taken out, and keeps it attached", async () => {
    await begin();
    const attachment = await attached({ detachOn: { at: "boot" }, reset: true, readWithinMs: 0 });
    const starts = bmc.bootLog().length;
    const refusal = { kind: "status", status: 403, messageId: "Base.1.18.InsufficientPrivilege" } as const;
    bmc.setFault({ ...refusal, method: "POST", path: /EjectMedia$/, count: Number.POSITIVE_INFINITY });
    expect((await reset("ForceRestart")).status).toBeGreaterThanOrEqual(400);
    expect(bmc.bootLog()).toHaveLength(starts);
    expect(await attachmentNow(attachment)).toMatchObject({ state: "attached" });
  });

  test("a detach that was done stays done when the reset then fails", async () => {
    await begin();
    const attachment = await attached({ detachOn: { at: "boot" }, reset: true, readWithinMs: 0 });
    const refusal = { kind: "status", status: 403, messageId: "Base.1.18.InsufficientPrivilege" } as const;
    bmc.setFault({ ...refusal, method: "POST", path: /\.Reset$/, count: Number.POSITIVE_INFINITY });
    expect((await reset("ForceRestart")).status).toBeGreaterThanOrEqual(400);
    expect(await attachmentNow(attachment)).toMatchObject({ state: "detached" });
  });
});

test("a rule comes true by itself, and its detach is told as the process's own", async () => {
  await begin();
  const attachment = await attached({ detachOn: { at: "timer", afterMs: 1 } });
  await expect.poll(async () => (await attachmentNow(attachment))["state"], { timeout: 20_000 }).toBe("detached");
  expect(full()).toEqual([]);
  const { body } = await service.call("GET", "/v1/operations?machine=node&limit=5");
  expect(body["items"]).toContainEqual(expect.objectContaining({ kind: "detach", createdBy: "mediabay" }));
}, 30_000);

describe("what a BMC was left with", () => {
  const port = (): Promise<number> => freePort();

  /** As a crash or an unplugged cable leaves it. */
  const leaveIn = async (): Promise<{
    readonly attachment: Attached;
    readonly ports: Readonly<Record<string, string>>;
  }> => {
    const ports = { "imagePlane.http.port": String(await port()) };
    await begin({}, ports);
    const attachment = await attached();
    bmc.refuseConnections();
    expect((await service.work("DELETE", "/v1/machines/node/attachments?force=true")).status).toBe(200);
    await bmc.acceptConnections();
    expect(full()).toHaveLength(1);
    expect(await attachmentNow(attachment)).toMatchObject({ state: "detached", leftIn: "Cd" });
    return { attachment, ports };
  };

  test("is shown as what it is, and may be ejected without force", async () => {
    await leaveIn();
    const { body } = await service.call("GET", "/v1/machines/node/media");
    expect(body["slots"]).toContainEqual(expect.objectContaining({ id: "Cd", leftover: true }));
    expect((await service.work("DELETE", "/v1/machines/node/media/Cd")).status).toBe(200);
    expect(full()).toEqual([]);
  });

  test("is taken out by the next attach, so that the host finds one medium", async () => {
    await leaveIn();
    const next = await attached();
    const { slot } = await attachmentNow(next);
    expect(full().map(({ id }) => id)).toEqual([slot]);
    expect(await actionsOf(next)).toContain("leftover.ejected");
  });

  test("is found at the next start, ejected and audited", async () => {
    const { attachment, ports } = await leaveIn();
    bmc.insertByHand("Usb", "http://127.0.0.1:9/theirs.iso");
    const { stateDir, running } = service;
    await running.close();
    const again = await startTestService({ ...ports, stateDir });
    const left = service;
    service = { ...again, close: async () => Promise.all([again.close(), left.close()]).then(() => undefined) };
    await expect.poll(() => full().map(({ id }) => id)).toEqual(["Usb"]);
    await expect.poll(async () => await actionsOf(attachment)).toContain("leftover.ejected");
    await expect.poll(async () => (await attachmentNow(attachment))["leftIn"]).toBeUndefined();
    expect(await attachmentNow(attachment)).toMatchObject({ state: "detached" });
  });

  test("keeps its machine from being removed, until it was ejected by hand", async () => {
    const { attachment } = await leaveIn();
    const refused = await service.call("DELETE", "/v1/machines/node");
    expect(refused).toMatchObject({ status: 409, body: { code: "MACHINE_BUSY", context: { slot: "Cd" } } });
    expect((await service.work("DELETE", "/v1/machines/node/media/Cd")).status).toBe(200);
    expect(await attachmentNow(attachment)).not.toHaveProperty("leftIn");
    expect((await service.call("DELETE", "/v1/machines/node")).status).toBe(204);
  });

  test("does not keep its machine from being removed by force", async () => {
    await leaveIn();
    expect((await service.call("DELETE", "/v1/machines/node?force=true")).status).toBe(204);
  });

  test("is found in any machine by the command that looks for it", async () => {
    await leaveIn();
    await service.call("POST", "/v1/machines", { name: "gone", endpoints: [{ address: "http://127.0.0.1:9" }] });
    bmc.insertByHand("Usb", "http://127.0.0.1:9/theirs.iso");
    const env = { MEDIABAY_URL: service.running.controlUrl, MEDIABAY_TOKEN: service.token };
    const searched = await run(["leftovers", "--json"], { env, clock: systemClock });
    expect(searched.code).toBe(6);
    expect(JSON.parse(searched.stdout)).toMatchObject({
      machines: 2,
      leftovers: [{ machine: "node", slot: "Cd", ejected: false }],
      troubles: [{ machine: "gone", code: "BMC_UNREACHABLE" }],
    });
    expect(full()).toHaveLength(2);
    const { stdout } = await run(["leftovers", "--eject"], { env, clock: systemClock });
    expect(stdout).toMatch(/^node +Cd +yes$/m);
    expect(full().map(({ id }) => id)).toEqual(["Usb"]);
  });

  test("is not told of a BMC that was asked", async () => {
    await begin();
    const attachment = await attached();
    await service.work("DELETE", "/v1/machines/node/attachments");
    expect(await attachmentNow(attachment)).not.toHaveProperty("leftIn");
  });

  test("is remembered of an attach that failed and could not be undone", async () => {
    await begin();
    const refusal = { kind: "status", status: 403, messageId: "Base.1.18.InsufficientPrivilege" } as const;
    bmc.setFault({ ...refusal, method: "POST", path: /EjectMedia$/, count: Number.POSITIVE_INFINITY });
    bmc.setFault({ ...refusal, method: "PATCH", count: Number.POSITIVE_INFINITY });
    const { body } = await attach({ boot: "once" });
    expect(body).toMatchObject({ operation: { state: "failed" } });
    expect(full()).toHaveLength(1);
    const { items } = (await service.call("GET", "/v1/attachments?limit=5")).body as { items: readonly object[] };
    expect(items).toMatchObject([{ state: "failed", leftIn: "Cd" }]);
  });
});

describe("an attachment ends", () => {
  const mustBeGone = async (): Promise<void> => {
    expect(full()).toEqual([]);
    expect((await service.call("GET", "/v1/images")).body["items"]).toEqual([]);
  };

  test("with a failure on the way", async () => {
    await begin();
    const refusal = { kind: "status", status: 403, messageId: "Base.1.18.InsufficientPrivilege" } as const;
    bmc.setFault({ ...refusal, method: "PATCH", count: Number.POSITIVE_INFINITY });
    expect((await attach({ boot: "once" })).body).toMatchObject({ operation: { state: "failed" } });
    await mustBeGone();
  });

  test("when its attach is cancelled", async () => {
    await begin();
    bmc.setFault({ kind: "busy", retryAfterSeconds: 30, method: "PATCH", count: Number.POSITIVE_INFINITY });
    const body = { source: { uri: origin.urlOf("drive.iso") }, boot: "once" };
    const accepted = await service.call("POST", "/v1/machines/node/attachments", body);
    await expect.poll(full).toHaveLength(1);
    const { id } = accepted.body["operation"] as { id: string };
    await service.call("POST", `/v1/operations/${id}/cancel`);
    await expect
      .poll(async () => (await service.call("GET", `/v1/operations/${id}`)).body["state"], { timeout: 20_000 })
      .toBe("cancelled");
    await mustBeGone();
  }, 30_000);

  test("before its machine is removed; by force its copy is withdrawn and wiped", async () => {
    await begin();
    await attached();
    const [{ image = "" } = {}] = full();
    expect(await service.call("DELETE", "/v1/machines/node")).toMatchObject({ status: 409 });
    expect((await service.call("DELETE", "/v1/machines/node?force=true")).status).toBe(204);
    expect((await fetch(image)).status).toBe(404);
    expect((await service.call("GET", "/v1/images")).body["items"]).toEqual([]);
  });
});

describe("what is asked at the attach", () => {
  test("the publication's terms are kept with it, and end it", async () => {
    await begin();
    const attachment = await attached({ terms: { expiresInMs: 3_600_000, onlyBmc: true } });
    const now = await attachmentNow(attachment);
    expect(now).toMatchObject({ terms: { onlyBmc: true, expiresAt: expect.stringMatching(/^\d{4}-.*Z$/) } });
  });

  test("a config drive's JSON has the machine's name and id where it names none", async () => {
    await begin();
    const { body: machine } = await service.call("GET", "/v1/machines/node");
    const body = { source: { configdrive: { meta_data: { "my-key": 1 } } } };
    const key = { "idempotency-key": "drive-1", prefer: "wait=60" };
    const first = await service.call("POST", "/v1/machines/node/attachments", body, key);
    expect(first.body).toMatchObject({
      attachment: { state: "attached", source: { kind: "configdrive", display: "configdrive" } },
    });
    const [{ image = "" } = {}] = full();
    const bytes = Buffer.from(await (await fetch(image)).arrayBuffer()).toString("latin1");
    for (const part of [`"${String(machine["id"])}"`, '"node"', '"my-key"']) expect(bytes).toContain(part);
    const again = await service.call("POST", "/v1/machines/node/attachments", body, key);
    expect(again.body).toMatchObject({ created: false, attachment: { id: (first.body["attachment"] as Attached).id } });
    expect((await service.call("PATCH", "/v1/machines/node", { name: "renamed" })).status).toBe(200);
    const renamed = await service.call("POST", "/v1/machines/renamed/attachments", body, key);
    expect(renamed.body).toMatchObject({ created: false });
    const changedBody = { source: { configdrive: { meta_data: { "my-key": 2 } } } };
    const conflict = await service.call("POST", "/v1/machines/renamed/attachments", changedBody, key);
    expect(conflict.body).toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  });

  test("a timer without a time is refused", async () => {
    await begin();
    expect(await attach({ detachOn: { at: "timer" } })).toMatchObject({
      status: 400,
      body: { code: "INVALID_REQUEST", context: { field: "detachOn.afterMs" } },
    });
  });
});

test("an attachment whose terms are over is ours still: it is shown, and detached, as such", async () => {
  await begin();
  const attachment = await attached({ terms: { expiresInMs: 200 } });
  const [{ image = "" } = {}] = full();
  await expect.poll(async () => (await fetch(image)).status, { timeout: 10_000 }).toBe(404);
  const { body } = await service.call("GET", "/v1/machines/node/media");
  expect(body["slots"]).toContainEqual(expect.objectContaining({ id: "Cd", attachmentId: attachment.id }));
  expect(await service.work("DELETE", "/v1/machines/node/media/Cd")).toMatchObject({ status: 409 });
  await service.work("DELETE", "/v1/machines/node/attachments");
  expect(full()).toEqual([]);
});
