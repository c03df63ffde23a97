// The host behind the simulated service: boot overrides, resets, and the media that a boot really reads.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../tools/manual-clock.ts";
import { type Call, insertUri, resetUri, serveImage, simulate, systemUri } from "./redfish-client.ts";

const override = (target: string, enabled: string, rest: object = {}) => ({
  body: { Boot: { BootSourceOverrideTarget: target, BootSourceOverrideEnabled: enabled, ...rest } },
});
const reset = (call: Call, type: string) => call("POST", resetUri, { body: { ResetType: type } });

describe("the boot override", () => {
  test("a PATCH answers the System as it is now, and a boot uses Once up", async () => {
    const { url } = await serveImage();
    const { bmc, call } = await simulate();
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    const patched = await call("PATCH", systemUri, override("Cd", "Once", { BootSourceOverrideMode: "Legacy" }));
    expect(patched.status).toBe(200);
    expect(bmc.boot()).toEqual({ target: "Cd", enabled: "Once", mode: "Legacy" });
    await reset(call, "On");
    await bmc.idle();
    expect(bmc.boot()).toEqual({ target: "None", enabled: "Disabled", mode: "Legacy" });
    await reset(call, "ForceRestart");
    await bmc.idle();
    expect(bmc.bootLog().map(({ cause, source, slot }) => [cause, source, slot])).toEqual([
      ["On", "Cd", "Cd"],
      ["ForceRestart", "Hdd", undefined],
    ]);
  });

  test("Continuous stays", async () => {
    const { bmc, call } = await simulate();
    await call("PATCH", systemUri, override("Pxe", "Continuous"));
    await reset(call, "On");
    await reset(call, "ForceRestart");
    await bmc.idle();
    expect(bmc.bootLog().map(({ source }) => source)).toEqual(["Pxe", "Pxe"]);
    expect(bmc.boot().enabled).toBe("Continuous");
  });

  test("a personality turns Once into Continuous", async () => {
    const { bmc, call } = await simulate({ overrides: { boot: { once: "becomes-continuous" } } });
    await call("PATCH", systemUri, override("Cd", "Once"));
    expect(bmc.boot().enabled).toBe("Continuous");
  });

  test("a target whose slot is empty boots from disk", async () => {
    const { bmc, call } = await simulate();
    await call("PATCH", systemUri, override("Usb", "Once"));
    await reset(call, "On");
    expect(bmc.bootLog()).toMatchObject([{ override: { target: "Usb", enabled: "Once" }, source: "Hdd" }]);
  });

  test.each([
    [{ BootSourceOverrideTarget: "Tape" }, "PropertyValueNotInList", "BootSourceOverrideTarget"],
    [{ BootSourceOverrideEnabled: "Always" }, "PropertyValueNotInList", "BootSourceOverrideEnabled"],
    [{ BootSourceOverrideMode: 1 }, "PropertyValueTypeError", "BootSourceOverrideMode"],
    [{ BootDevice: "Cd" }, "PropertyUnknown", "BootDevice"],
  ])("the Boot %j is refused and leaves everything as it was", async (boot, messageId, name) => {
    const { bmc, call } = await simulate();
    const refused = await call("PATCH", systemUri, { body: { Boot: { BootSourceOverrideTarget: "Cd", ...boot } } });
    expect([refused.status, refused.messageId]).toEqual([400, messageId]);
    expect(refused.text).toContain(`"#/Boot/${name}"`);
    expect(bmc.boot().target).toBe("None");
  });

  test("a personality may have read-only and required properties", async () => {
    const overrides = { boot: { readOnly: ["BootSourceOverrideMode"], required: ["BootSourceOverrideEnabled"] } };
    const { call } = await simulate({ overrides });
    const written = await call("PATCH", systemUri, override("Cd", "Once", { BootSourceOverrideMode: "UEFI" }));
    expect([written.status, written.messageId]).toEqual([400, "PropertyNotWritable"]);
    const missing = await call("PATCH", systemUri, { body: { Boot: { BootSourceOverrideTarget: "Cd" } } });
    expect([missing.status, missing.messageId]).toEqual([400, "PropertyMissing"]);
  });

  test("a service with a Settings object takes the override there, and follows it from the next reset", async () => {
    const { bmc, call } = await simulate({
      overrides: { boot: { resource: "settings" }, http: { patchReply: "no-content" } },
    });
    const refused = await call("PATCH", systemUri, override("Pxe", "Continuous"));
    expect([refused.status, refused.messageId]).toEqual([400, "PropertyNotWritable"]);
    const system = await call("GET", systemUri);
    expect(system.text).toContain(`"SettingsObject":{"@odata.id":"${systemUri}/Settings"}`);
    expect((await call("PATCH", `${systemUri}/Settings`, override("Pxe", "Continuous"))).status).toBe(204);
    expect((await call("GET", `${systemUri}/Settings`)).text).toContain('"BootSourceOverrideTarget":"Pxe"');
    expect(bmc.boot().target).toBe("None");
    await reset(call, "On");
    expect(bmc.boot()).toMatchObject({ target: "Pxe", enabled: "Continuous" });
    expect(bmc.bootLog()).toMatchObject([{ source: "Pxe" }]);
  });

  test("a property that is not Boot is refused", async () => {
    const { call } = await simulate();
    expect((await call("PATCH", systemUri, { body: { Model: "X" } })).messageId).toBe("PropertyNotWritable");
    expect((await call("PATCH", systemUri, { body: { Colour: "red" } })).messageId).toBe("PropertyUnknown");
  });
});

describe("reading at boot", () => {
  test("the boot medium and every other one are read to the end, in blocks, and hashed", async () => {
    const { origin, url, image } = await serveImage();
    const stick = Buffer.alloc(100_000, 7);
    origin.setFile("stick.img", stick);
    const { bmc, call } = await simulate({ overrides: { media: { blockBytes: 32_768 } } });
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    await call("POST", insertUri("Usb"), { body: { Image: origin.urlOf("stick.img") } });
    await call("PATCH", systemUri, override("Usb", "Once"));
    origin.clearRequests();
    await reset(call, "On");
    await bmc.idle();
    const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    expect(bmc.bootLog()).toMatchObject([
      {
        source: "Usb",
        slot: "Usb",
        finished: true,
        media: [
          { slot: "Usb", image: origin.urlOf("stick.img"), bytesRead: stick.byteLength, sha256: sha256(stick) },
          { slot: "Cd", image: url, bytesRead: image.byteLength, sha256: sha256(image) },
        ],
      },
    ]);
    expect(bmc.slots()[0]?.sha256).toBe(sha256(image));
    expect(
      origin
        .requests()
        .filter(({ path }) => path === "/cd.iso")
        .map(({ range }) => range)[1],
    ).toBe("bytes=32768-65535");
  });

  test("a medium whose origin dies is logged with its error", async () => {
    const { origin, url } = await serveImage();
    const { bmc, call } = await simulate();
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    origin.setFile("cd.iso", undefined);
    await reset(call, "On");
    await bmc.idle();
    expect(bmc.bootLog()[0]?.media).toMatchObject([{ slot: "Cd", error: "ranged GET answered 404" }]);
    expect(bmc.slots()[0]?.sha256).toBeUndefined();
  });

  test("a reset interrupts the reads of the boot before", async () => {
    const { origin, url } = await serveImage();
    const { bmc, call } = await simulate();
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    origin.setFault({ kind: "drip", chunkBytes: 8192, intervalMs: 10 });
    await reset(call, "On");
    await reset(call, "ForceOff");
    await bmc.idle();
    expect(bmc.bootLog()[0]).toMatchObject({ finished: true, media: [{ error: "interrupted by a reset" }] });
  });

  test("a medium that does not show yet is not read", async () => {
    const { url } = await serveImage();
    const clock = new ManualClock();
    const { bmc, call } = await simulate({ clock, overrides: { media: { insertDelayMs: 1000 } } });
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    await reset(call, "On");
    await bmc.idle();
    expect(bmc.bootLog()).toMatchObject([{ media: [] }]);
  });
});

describe("power", () => {
  test.each([
    ["Off", "On", "On"],
    ["Off", "PushPowerButton", "On"],
    ["Off", "PowerCycle", "On"],
    ["Off", "ForceOff", "Off"],
    ["On", "PushPowerButton", "Off"],
    ["On", "GracefulShutdown", "Off"],
    ["On", "ForceRestart", "On"],
    ["On", "Nmi", "On"],
  ] as const)("when %s, %s leads to %s", async (from, type, to) => {
    const { bmc, call } = await simulate();
    bmc.setPower(from);
    expect((await reset(call, type)).status).toBe(204);
    expect(bmc.power()).toBe(to);
    expect((await call("GET", systemUri)).body["PowerState"]).toBe(to);
  });

  test("a transition takes its time on the clock, and the boot begins at its end", async () => {
    const clock = new ManualClock();
    const { bmc, call } = await simulate({ clock, overrides: { power: { transitionMs: 4000 } } });
    await reset(call, "On");
    expect([bmc.power(), bmc.bootLog()]).toEqual(["PoweringOn", []]);
    await clock.advance(4000);
    expect([bmc.power(), bmc.bootLog().length]).toEqual(["On", 1]);
    await reset(call, "ForceOff");
    expect(bmc.power()).toBe("PoweringOff");
    await clock.advance(4000);
    expect(bmc.power()).toBe("Off");
  });

  test("a reset that changes nothing may be refused", async () => {
    const { call } = await simulate({ overrides: { power: { redundant: "refused" } } });
    const refused = await reset(call, "ForceOff");
    expect([refused.status, refused.messageId]).toEqual([409, "ActionParameterValueConflict"]);
    expect((await reset(call, "On")).status).toBe(204);
  });

  test("a missing or unlisted ResetType is refused", async () => {
    const { call } = await simulate();
    expect((await call("POST", resetUri, { body: {} })).messageId).toBe("ActionParameterMissing");
    expect((await reset(call, "Suspend")).messageId).toBe("ActionParameterValueNotInList");
  });

  test("a human's button switches on and off", async () => {
    const { bmc } = await simulate();
    bmc.pressPower();
    expect([bmc.power(), bmc.bootLog()[0]?.cause]).toEqual(["On", "Button"]);
    bmc.pressPower();
    expect(bmc.power()).toBe("Off");
  });
});
