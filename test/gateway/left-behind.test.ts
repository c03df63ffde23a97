// Media that stayed in a BMC: what is certainly ours goes, whatever our address has become; what only may be ours is named and left in.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Origin, startOrigin } from "../../src/simulators/origin.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { systemClock } from "../../src/wire/clock.ts";
import { run } from "../cli/run.ts";
import { startTestService, type TestService } from "../tools/service.ts";

let bmc: RedfishSimulator;
let origin: Origin;
let service: TestService;

const begin = async (fixture?: string): Promise<void> => {
  bmc = await startRedfishSimulator(fixture === undefined ? {} : { fixture });
  const machine = { name: "node", endpoints: [{ address: bmc.url, credentials: bmc.credentials }] };
  expect((await service.call("POST", "/v1/machines", machine)).status).toBe(201);
};

beforeEach(async () => {
  const iso = await readFile(fileURLToPath(new URL("../../fixtures/configdrive/config-2.iso", import.meta.url)));
  origin = await startOrigin({ files: { "drive.iso": iso } });
  service = await startTestService();
});

afterEach(async () => {
  await service.close();
  await origin.close();
  await bmc.close();
});

/** Under another address, as after a move of the gateway. */
const restart = async (settings: Readonly<Record<string, string>>): Promise<void> => {
  const { stateDir, running } = service;
  await running.close();
  const again = await startTestService({ ...settings, stateDir });
  const left = service;
  service = { ...again, close: async () => Promise.all([again.close(), left.close()]).then(() => undefined) };
};

const attached = async (): Promise<string> => {
  const source = { uri: origin.urlOf("drive.iso") };
  const { body } = await service.work("POST", "/v1/machines/node/attachments", { source });
  expect(body).toMatchObject({ attachment: { state: "attached" } });
  return (body["attachment"] as { id: string }).id;
};

/** As an unplugged cable leaves it. */
const leaveIn = async (): Promise<string> => {
  const id = await attached();
  bmc.refuseConnections();
  expect((await service.work("DELETE", "/v1/machines/node/attachments?force=true")).status).toBe(200);
  return id;
};

const full = () => bmc.slots().filter(({ inserted }) => inserted);
const attachmentNow = async (id: string) => (await service.call("GET", `/v1/attachments/${id}`)).body;
const audited = async () => (await service.call("GET", "/v1/audit?machine=node&limit=50")).body["items"];
const cli = (...words: readonly string[]) =>
  run(words, {
    env: { MEDIABAY_URL: service.running.controlUrl, MEDIABAY_TOKEN: service.token },
    clock: systemClock,
  });

const alike = `http://gateway.example:8481/m/${"a".repeat(26)}/media.iso`;

describe("after our address has changed", () => {
  const moved = { "imagePlane.publicHost": "gateway.example" };

  test("what is remembered as left in is ejected", async () => {
    await begin();
    const id = await leaveIn();
    await bmc.acceptConnections();
    await restart(moved);
    await expect.poll(async () => (await attachmentNow(id))["leftIn"]).toBeUndefined();
    expect(full()).toEqual([]);
    expect(await attachmentNow(id)).not.toHaveProperty("leftMark");
    expect(await audited()).toContainEqual(expect.objectContaining({ action: "leftover.ejected", attachmentId: id }));
  });

  test("what only looks like ours is left in, stays remembered, and that is said", async () => {
    await begin();
    const id = await leaveIn();
    await bmc.acceptConnections();
    bmc.insertByHand("Cd", alike);
    await restart({});
    const warning = expect.stringMatching(/Slot Cd shows a URL like ours .*media node --eject Cd --force/);
    await expect.poll(async () => (await attachmentNow(id))["warnings"]).toContainEqual(warning);
    expect(await attachmentNow(id)).toMatchObject({ leftIn: "Cd" });
    expect(full()).toMatchObject([{ id: "Cd", image: alike }]);
    expect((await service.work("DELETE", "/v1/machines/node/media/Cd")).body).toMatchObject({ code: "SLOT_OCCUPIED" });
    expect((await cli("media", "node")).stdout).toMatch(/^Cd .*perhaps ours/m);
    expect((await cli("leftovers", "--eject")).stdout).toMatch(/node: slot Cd shows a URL like ours under another/);
    expect((await service.work("DELETE", "/v1/machines/node/media/Cd?force=true")).status).toBe(200);
    expect(await attachmentNow(id)).not.toHaveProperty("leftIn");
  });
});

describe("an eject by an operator is audited", () => {
  test("of what was left in, with its attachment", async () => {
    await begin();
    const id = await leaveIn();
    await bmc.acceptConnections();
    expect((await cli("leftovers", "--eject")).code).toBe(0);
    expect(await audited()).toContainEqual(
      expect.objectContaining({
        action: "leftover.ejected",
        actor: "admin",
        attachmentId: id,
        detail: expect.objectContaining({ slot: "Cd" }),
      }),
    );
  });

  test("of somebody else's medium, by force; of an empty slot there is nothing to tell", async () => {
    await begin();
    bmc.insertByHand("Cd", "http://user:hidden@127.0.0.1:9/theirs.iso");
    await service.work("DELETE", "/v1/machines/node/media/Cd?force=true");
    await service.work("DELETE", "/v1/machines/node/media/Cd?force=true");
    const items = (await audited()) as readonly { action: string }[];
    expect(items.filter(({ action }) => action.endsWith(".ejected"))).toMatchObject([
      {
        action: "foreign.ejected",
        actor: "admin",
        detail: { slot: "Cd", image: expect.stringContaining("theirs.iso") },
      },
    ]);
    expect(JSON.stringify(items)).not.toContain("hidden");
  });
});

test("a full slot of a BMC that shows no URL is told apart from an empty one, where nothing is attached", async () => {
  await begin("intel/ipu-e2100-1.8");
  await leaveIn();
  await bmc.acceptConnections();
  const { code, stdout } = await cli("leftovers", "--eject", "--json");
  const slot = full()[0]?.id ?? "";
  expect({ code, ...JSON.parse(stdout) }).toMatchObject({
    code: 0,
    leftovers: [],
    untold: [{ machine: "node", slot, why: "no-url" }],
  });
  expect(full()).toHaveLength(1);
  expect((await cli("leftovers")).stdout).toContain(`node: slot ${slot} holds a medium that shows no URL`);
  await service.work("DELETE", `/v1/machines/node/media/${slot}?force=true`);
  await attached();
  expect(JSON.parse((await cli("leftovers", "--json")).stdout)).toMatchObject({ untold: [] });
});

test("machine remove --detach takes out what was left in too", async () => {
  await begin();
  await leaveIn();
  await bmc.acceptConnections();
  expect(await cli("machine", "remove", "node", "--detach")).toMatchObject({ code: 0 });
  expect(full()).toEqual([]);
});
