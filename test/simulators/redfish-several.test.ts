// Services with more than one System, and fixtures from elsewhere than `fixtures/`.
import { describe, expect, test } from "vitest";
import { startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { insertUri, resetUri, serveImage, simulate } from "./redfish-client.ts";
import { fixtureOf, type Resources, standardResources } from "./redfish-fixture.ts";

const baseboard = "/redfish/v1/Systems/Baseboard";
const second = "/redfish/v1/Systems/2";

/** The standard service with a baseboard that can nothing, listed first, and a second host without media. */
const several = (): Resources => {
  const resources = standardResources();
  const { VirtualMedia: _none, ...host } = resources["/redfish/v1/Systems/1"] ?? {};
  const { Boot: _boot, Actions: _actions, ...plain } = host;
  const actions = JSON.parse(JSON.stringify(host["Actions"]).replaceAll("/Systems/1/", "/Systems/2/"));
  const members = [baseboard, "/redfish/v1/Systems/1", second].map((uri) => ({ "@odata.id": uri }));
  return {
    ...resources,
    "/redfish/v1/Systems": { ...resources["/redfish/v1/Systems"], "Members@odata.count": 3, Members: members },
    [baseboard]: { ...plain, Id: "Baseboard" },
    [second]: { ...host, Id: "2", Actions: actions, PowerState: "On" },
  };
};

describe("a service of several Systems", () => {
  test("each has its own power, boot and log, and only its own media", async () => {
    const { url } = await serveImage();
    const { bmc, call } = await simulate({ fixture: fixtureOf(several()) });
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    await call("PATCH", second, {
      body: { Boot: { BootSourceOverrideTarget: "Cd", BootSourceOverrideEnabled: "Once" } },
    });
    expect([bmc.boot().target, bmc.boot("2").target]).toEqual(["None", "Cd"]);
    await call("POST", resetUri.replace("/1/", "/2/"), { body: { ResetType: "ForceRestart" } });
    await bmc.idle();
    expect([bmc.power(), bmc.power("2")]).toEqual(["Off", "On"]);
    expect(bmc.bootLog()).toEqual([]);
    expect(bmc.bootLog("2")).toMatchObject([{ source: "Hdd", media: [] }]);
  });

  test("a baseboard has neither boot nor reset", async () => {
    const { call } = await simulate({ fixture: fixtureOf(several()) });
    const system = await call("GET", baseboard);
    expect([system.status, "Boot" in system.body, system.headers.allow]).toEqual([200, false, "GET, HEAD"]);
    expect((await call("PATCH", baseboard, { body: {} })).status).toBe(405);
    expect(
      (await call("POST", `${baseboard}/Actions/ComputerSystem.Reset`, { body: { ResetType: "On" } })).status,
    ).toBe(404);
  });

  test("a System that is not there is an error of the test", async () => {
    const { bmc } = await simulate();
    expect(() => bmc.power("7")).toThrow("no System 7");
    expect(() => bmc.insertByHand("Tape", "x")).toThrow("no slot Tape");
  });
});

test("slots of a Manager belong to the only System, whatever the links lack", async () => {
  const resources: Resources = JSON.parse(
    JSON.stringify(standardResources()).replaceAll("ManagedBy", "Forgotten").replaceAll("ManagerForServers", "Lost"),
  );
  const overrides = { media: { view: "manager", reader: "none" } } as const;
  const { VirtualMedia: media, ...system } = resources["/redfish/v1/Systems/1"] ?? {};
  resources["/redfish/v1/Systems/1"] = system;
  resources["/redfish/v1/Managers/1"] = { ...resources["/redfish/v1/Managers/1"], VirtualMedia: media };
  const { bmc, call } = await simulate({ fixture: fixtureOf(resources), overrides });
  await call("POST", insertUri("Cd"), { body: { Image: "http://192.0.2.1/cd.iso" } });
  const boot = { BootSourceOverrideTarget: "Cd", BootSourceOverrideEnabled: "Once" };
  await call("PATCH", "/redfish/v1/Systems/1", { body: { Boot: boot } });
  await call("POST", resetUri, { body: { ResetType: "On" } });
  expect(bmc.bootLog()).toMatchObject([{ source: "Cd", slot: "Cd" }]);
});

describe("a fixture", () => {
  test("may list its reset types in ActionInfo only", async () => {
    const resources = standardResources();
    const info = "/redfish/v1/Systems/1/ResetActionInfo";
    const action = { "#ComputerSystem.Reset": { target: resetUri, "@Redfish.ActionInfo": info } };
    const parameters = [{ Name: "ResetType", Required: true, DataType: "String", AllowableValues: ["On", "ForceOff"] }];
    const fixture = fixtureOf({
      ...resources,
      "/redfish/v1/Systems/1": { ...resources["/redfish/v1/Systems/1"], Actions: action },
      [info]: {
        "@odata.type": "#ActionInfo.v1_4_2.ActionInfo",
        Id: "ResetActionInfo",
        Name: "Reset",
        Parameters: parameters,
      },
    });
    const { bmc, call } = await simulate({ fixture });
    expect((await call("POST", resetUri, { body: { ResetType: "Nmi" } })).messageId).toBe(
      "ActionParameterValueNotInList",
    );
    await call("POST", resetUri, { body: { ResetType: "On" } });
    expect(bmc.power()).toBe("On");
  });

  test("brings its personality, which the options override", async () => {
    const fixture = fixtureOf(standardResources(), { auth: { sessionLimit: 1, basic: false }, http: { etag: "weak" } });
    const { call } = await simulate({ fixture, overrides: { auth: { basic: true } } });
    expect((await call("GET", "/redfish/v1/Systems/1")).headers.etag).toMatch(/^W\//u);
  });

  test("with an unknown switch, or without resources, does not start", async () => {
    const fixture = fixtureOf(standardResources(), { temper: "bad" });
    await expect(startRedfishSimulator({ fixture })).rejects.toThrow("temper");
    await expect(startRedfishSimulator({ fixture: "nobody/nothing-1.0" })).rejects.toThrow("ENOENT");
  });
});
