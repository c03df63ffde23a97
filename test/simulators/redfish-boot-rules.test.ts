// Boot, power and the BMC's own restart, by personality.
import { describe, expect, test } from "vitest";
import type { PersonalityOverrides } from "../../src/simulators/redfish/index.ts";
import { ManualClock } from "../tools/manual-clock.ts";
import { type Call, insertUri, resetUri, simulate, systemUri } from "./redfish-client.ts";
import { standardWith } from "./redfish-fixture.ts";

type Boot = NonNullable<PersonalityOverrides["boot"]>;

const target = "BootSourceOverrideTarget";
const enabled = "BootSourceOverrideEnabled";
const mode = "BootSourceOverrideMode";
const cdOnce = { [target]: "Cd", [enabled]: "Once" };
const patch = (call: Call, boot: object, uri = systemUri) => call("PATCH", uri, { body: { Boot: boot } });
const reset = (call: Call, type: string) => call("POST", resetUri, { body: { ResetType: type } });
const insert = (call: Call, slot = "Cd") =>
  call("POST", insertUri(slot), { body: { Image: "http://192.0.2.1/cd.iso" } });

const begin = async (boot: Boot, rest: PersonalityOverrides = {}) => {
  const clock = new ManualClock();
  const overrides = { media: { reader: "none" as const }, ...rest, boot };
  return { clock, ...(await simulate({ clock, overrides })) };
};

describe("a PATCH of Boot", () => {
  test.each<readonly [string, Boot, object, object]>([
    ["may lose Once", { once: "lost" }, cdOnce, { target: "None", enabled: "Disabled" }],
    [
      "may make Once of Continuous",
      { continuous: "becomes-once" },
      { [target]: "Cd", [enabled]: "Continuous" },
      { enabled: "Once" },
    ],
    [
      "may take a target alone for Once",
      { targetAlone: "sets-once" },
      { [target]: "Cd" },
      { target: "Cd", enabled: "Once" },
    ],
    ["may fall back to Legacy with a target", { modeAfterTarget: "legacy-unless-sent" }, cdOnce, { mode: "Legacy" }],
    [
      "but keep a mode sent along",
      { modeAfterTarget: "legacy-unless-sent" },
      { ...cdOnce, [mode]: "UEFI" },
      { mode: "UEFI" },
    ],
    ["or not even that", { modeAfterTarget: "legacy" }, { ...cdOnce, [mode]: "UEFI" }, { mode: "Legacy" }],
    ["may leave Enabled as it is, whatever is sent", { enabledStays: "Continuous" }, cdOnce, { enabled: "Continuous" }],
  ])("%s", async (_what, boot, body, left) => {
    const { bmc, call } = await begin(boot);
    expect((await patch(call, body)).status).toBe(200);
    expect(bmc.boot()).toMatchObject(left);
  });

  test("of a mode alone may break the target", async () => {
    const { bmc, call } = await begin({ modeAlone: "clears-target" });
    await patch(call, cdOnce);
    await patch(call, { [mode]: "UEFI" });
    expect(bmc.boot().target).toBe("None");
  });

  test("of Enabled alone may be refused", async () => {
    const { bmc, call } = await begin({ enabledAlone: "refused" });
    await patch(call, cdOnce);
    expect((await patch(call, { [enabled]: "Disabled" })).messageId).toBe("PropertyMissing");
    expect(bmc.boot()).toMatchObject({ target: "Cd", enabled: "Once" });
  });

  test("of a target alone may disable what was set", async () => {
    const { bmc, call } = await begin({ targetAlone: "disables" });
    await patch(call, cdOnce);
    await patch(call, { [target]: "Usb" });
    expect(bmc.boot()).toMatchObject({ target: "Usb", enabled: "Disabled" });
  });

  test("may hold for one boot more, or not over a power-off", async () => {
    const longer = await begin({ once: "kept-one-boot-more" });
    await patch(longer.call, { [target]: "Pxe", [enabled]: "Once" });
    for (const type of ["On", "ForceRestart", "ForceRestart"]) await reset(longer.call, type);
    expect(longer.bmc.bootLog().map(({ source }) => source)).toEqual(["Pxe", "Pxe", "Hdd"]);
    const shorter = await begin({ clearedByPowerOff: true });
    shorter.bmc.setPower("On");
    await patch(shorter.call, cdOnce);
    await reset(shorter.call, "ForceOff");
    expect(shorter.bmc.boot().enabled).toBe("Disabled");
  });
});

describe("a Settings object", () => {
  const sd = `${systemUri}/SD`;

  test("may hold only some properties, be unlisted, and act at once", async () => {
    const boot: Boot = {
      resource: "settings",
      settingsAdvertised: false,
      settingsPath: "/SD",
      settingsHold: [target, enabled],
      settingsApply: "at-once",
      targetsIn: "settings",
    };
    const { bmc, call } = await begin(boot, { http: { ifMatchRequiredAt: ["/SD$"] } });
    const system = await call("GET", systemUri);
    expect(system.text).not.toContain("@Redfish.Settings");
    expect(system.text).not.toContain(`${target}@Redfish.AllowableValues`);
    const settings = await call("GET", sd);
    expect(Object.keys(Object(settings.body["Boot"]))).toEqual([target, `${target}@Redfish.AllowableValues`, enabled]);
    expect((await patch(call, cdOnce)).messageId).toBe("PropertyNotWritable");
    expect((await patch(call, cdOnce, sd)).status).toBe(428);
    const matched = { body: { Boot: cdOnce }, headers: { "If-Match": "*" } };
    expect((await call("PATCH", sd, matched)).status).toBe(200);
    expect((await patch(call, { [mode]: "Legacy" })).status).toBe(200);
    expect(bmc.boot()).toEqual({ target: "Cd", enabled: "Once", mode: "Legacy" });
  });

  test("may have no Boot at all, which is then written at the System", async () => {
    const { bmc, call } = await begin({ resource: "settings", settingsHold: [] });
    expect((await call("GET", `${systemUri}/Settings`)).body).not.toHaveProperty("Boot");
    expect((await patch(call, cdOnce)).status).toBe(200);
    expect(bmc.boot().target).toBe("Cd");
  });
});

describe("what a target boots from", () => {
  test("may be nothing virtual, or a slot of another name", async () => {
    const { bmc, call } = await begin({ bootsFrom: { Cd: [], Usb: ["CD"] } });
    await insert(call);
    await patch(call, cdOnce);
    await reset(call, "On");
    await patch(call, { [target]: "Usb", [enabled]: "Once" });
    await reset(call, "ForceRestart");
    expect(bmc.bootLog().map(({ source, slot }) => [source, slot])).toEqual([
      ["Cd", undefined],
      ["Usb", "Cd"],
    ]);
  });

  test("a real drive comes before the virtual one, unless OEM settings or a job say otherwise", async () => {
    const attributes = "/redfish/v1/Managers/1/Oem/Attributes";
    const first = { at: attributes, property: "/Attributes/FirstBootDevice" };
    const once = { at: attributes, property: "/Attributes/BootOnce" };
    const fixture = standardWith(
      { [attributes]: { Attributes: { FirstBootDevice: "Normal", BootOnce: "Disabled" } } },
      {
        media: { reader: "none" },
        boot: {
          physicalDrives: ["CD", "DVD"],
          oemSources: [
            {
              when: [
                { ...first, in: ["VirtualCd"] },
                { ...once, in: ["Enabled"] },
              ],
              from: ["CD", "DVD"],
              set: [{ ...once, value: "Disabled" }],
            },
          ],
        },
        oem: { writable: [{ at: attributes, properties: ["/Attributes"] }] },
      },
    );
    const { bmc, call } = await simulate({ fixture });
    await insert(call);
    await patch(call, cdOnce);
    await reset(call, "On");
    const body = { Attributes: { FirstBootDevice: "VirtualCd", BootOnce: "Enabled" } };
    expect((await call("PATCH", attributes, { body })).status).toBe(200);
    await reset(call, "ForceRestart");
    await reset(call, "ForceRestart");
    expect(bmc.bootLog().map(({ source, slot }) => [source, slot])).toEqual([
      ["Cd", undefined],
      ["Oem", "Cd"],
      ["Hdd", undefined],
    ]);
  });
});

describe("POST", () => {
  test("refuses what it refuses until it is over", async () => {
    const { call, clock } = await begin(
      {},
      { power: { postMs: 60_000, postRefuses: ["boot", "reset", "insert", "eject"] } },
    );
    await reset(call, "On");
    expect((await patch(call, cdOnce)).messageId).toBe("ResourceInUse");
    expect((await insert(call)).messageId).toBe("ResourceInUse");
    expect((await reset(call, "ForceOff")).messageId).toBe("ResourceInUse");
    await clock.advance(60_000);
    expect((await patch(call, cdOnce)).status).toBe(200);
    expect((await insert(call)).status).toBe(204);
    expect((await reset(call, "ForceOff")).status).toBe(204);
  });

  test("a fresh medium may keep Boot from being written for a while", async () => {
    const { call, clock } = await begin({}, { media: { reader: "none", busyAfterInsertMs: 4000 } });
    await insert(call);
    expect((await patch(call, cdOnce)).status).toBe(400);
    await clock.advance(4000);
    expect((await patch(call, cdOnce)).status).toBe(200);
  });
});

describe("power", () => {
  test("a power-on too soon after a power-off is a conflict", async () => {
    const { bmc, call, clock } = await begin({}, { power: { conflictAfterOffMs: 10_000, transitionMs: 2000 } });
    bmc.setPower("On");
    await clock.advance(2000);
    await reset(call, "ForceOff");
    expect((await reset(call, "On")).status).toBe(409);
    await clock.advance(11_000);
    expect((await reset(call, "On")).status).toBe(409);
    await clock.advance(1000);
    expect((await reset(call, "On")).status).toBe(204);
  });

  test.each([
    ["shown", 200, "PoweringOn"],
    ["hidden", 200, "Off"],
    ["failing", 500, undefined],
  ] as const)("a transition that is %s reads as %i %s", async (transition, status, shown) => {
    const { call, clock } = await begin({}, { power: { transition, transitionMs: 2000 } });
    await reset(call, "On");
    const during = await call("GET", systemUri);
    expect([during.status, during.body["PowerState"]]).toEqual([status, shown]);
    await clock.advance(2000);
    expect((await call("GET", systemUri)).body["PowerState"]).toBe("On");
  });

  test("a host that just went off may fail the first reads of its System, each time", async () => {
    const { bmc, call } = await begin({}, { power: { failingReadsWhenOff: 1 } });
    const read = async (): Promise<number> => (await call("GET", systemUri)).status;
    expect([await read(), await read()]).toEqual([200, 200]);
    for (let round = 0; round < 2; round += 1) {
      bmc.setPower("On");
      expect(await read()).toBe(200);
      bmc.setPower("Off");
      expect([await read(), await read()]).toEqual([500, 200]);
    }
  });

  test("an operating system may ignore a graceful shutdown", async () => {
    const { bmc, call } = await begin({}, { power: { graceful: "ignored" } });
    bmc.setPower("On");
    expect((await reset(call, "GracefulShutdown")).status).toBe(204);
    expect(bmc.power()).toBe("On");
  });

  test("a reset may be answered by a task", async () => {
    const { call } = await begin({}, { power: { resetReply: "task" } });
    expect((await reset(call, "On")).status).toBe(202);
  });
});

describe("a restart of the BMC", () => {
  test("comes by Manager.Reset, and nothing answers until it is over", async () => {
    const clock = new ManualClock();
    const manager = "/redfish/v1/Managers/1";
    const action = {
      target: `${manager}/Actions/Manager.Reset`,
      "ResetType@Redfish.AllowableValues": ["ForceRestart"],
    };
    const fixture = standardWith(
      { [manager]: { Actions: { "#Manager.Reset": action } } },
      { media: { reader: "none" }, bmc: { restartMs: 90_000 } },
    );
    const { bmc, call } = await simulate({ fixture, clock });
    await insert(call);
    expect((await call("POST", action.target, { body: { ResetType: "On" } })).status).toBe(400);
    expect((await call("POST", action.target, { body: { ResetType: "ForceRestart" } })).status).toBe(204);
    await expect(call("GET", "/redfish/v1")).rejects.toThrow("ECONNRESET");
    await clock.advance(90_000);
    expect((await call("GET", "/redfish/v1")).status).toBe(200);
    expect(bmc.slots()[0]?.inserted).toBe(false);
  });
});
