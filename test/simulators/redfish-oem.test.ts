// What a BMC has beside the standard, as data: gates, writable properties, actions, jobs, and what follows other properties.
import { describe, expect, test } from "vitest";
import type { PersonalityOverrides } from "../../src/simulators/redfish/index.ts";
import { startOrigin } from "../../src/simulators/origin.ts";
import { selfSigned } from "../../src/simulators/self-signed.ts";
import { ManualClock } from "../tools/manual-clock.ts";
import {
  type Call,
  imageBytes,
  insertUri,
  resetUri,
  serveImage,
  simulate,
  slotUri,
  systemUri,
} from "./redfish-client.ts";
import { standardWith } from "./redfish-fixture.ts";

type Oem = NonNullable<PersonalityOverrides["oem"]>;

const url = "http://192.0.2.1/cd.iso";
const manager = "/redfish/v1/Managers/1";
const collection = `${systemUri}/VirtualMedia`;
const enabled = { at: manager, property: "/Oem/Acme/RemoteMedia" };
const insert = (call: Call) => call("POST", insertUri("Cd"), { body: { Image: url } });
const post = (call: Call, uri: string, body: object = {}) => call("POST", uri, { body });

/** The standard service whose Manager has remote media switched off. */
const begin = async (oem: Oem, more: Record<string, Record<string, unknown>> = {}) => {
  const clock = new ManualClock();
  const changes = { [manager]: { Oem: { Acme: { RemoteMedia: "Disabled", Colour: "red" } } }, ...more };
  const fixture = standardWith(changes, { media: { reader: "none" }, oem });
  return { clock, ...(await simulate({ clock, fixture })) };
};

describe("a gate", () => {
  const enable = `${manager}/Actions/Oem/Enable`;
  const shut = (effect: NonNullable<Oem["gates"]>[number]["effect"]): Oem => ({
    gates: [{ unless: [{ ...enabled, in: ["Enabled"] }], effect }],
    actions: [
      {
        at: enable,
        required: ["State"],
        values: { State: ["Enable", "Disable"] },
        set: [{ ...enabled, value: "Enabled" }],
        delayMs: 10_000,
      },
    ],
  });

  test("empties the collection until an action was done and took effect", async () => {
    const { call, clock } = await begin(shut("no-members"));
    expect((await call("GET", collection)).body).toMatchObject({ Members: [], "Members@odata.count": 0 });
    expect((await call("GET", slotUri("Cd"))).status).toBe(404);
    expect((await insert(call)).status).toBe(404);
    expect((await post(call, enable)).messageId).toBe("ActionParameterMissing");
    expect((await post(call, enable, { State: "On" })).messageId).toBe("ActionParameterValueNotInList");
    expect((await post(call, enable, { State: "Enable" })).status).toBe(204);
    expect((await call("GET", collection)).body["Members@odata.count"]).toBe(0);
    await clock.advance(10_000);
    expect((await call("GET", collection)).body["Members@odata.count"]).toBe(2);
    expect((await call("GET", manager)).body).toMatchObject({
      Oem: { Acme: { RemoteMedia: "Enabled", Colour: "red" } },
    });
    expect((await insert(call)).status).toBe(204);
  });

  test("leaves nothing to write where it hides a slot", async () => {
    const { call } = await begin({ ...shut("no-members"), writable: [{ at: slotUri("Cd"), properties: ["/Oem"] }] });
    expect((await call("PATCH", slotUri("Cd"), { body: { Oem: { Acme: 1 } } })).status).toBe(404);
  });

  test("refuses inserts, takes actions away, hides what is in, or blinds the host", async () => {
    const refusing = await begin(shut("insert-refused"));
    expect((await insert(refusing.call)).messageId).toBe("ResourceInUse");
    const actionless = await begin(shut("no-actions"));
    expect((await actionless.call("GET", slotUri("Cd"))).body).not.toHaveProperty("Actions");
    const hiding = await begin(shut("not-shown"));
    await insert(hiding.call);
    expect((await hiding.call("GET", slotUri("Cd"))).body).toMatchObject({ Image: null, Inserted: false });
    expect(hiding.bmc.slots()[0]?.inserted).toBe(true);
    const blind = await begin(shut("host-blind"));
    await insert(blind.call);
    const override = { Boot: { BootSourceOverrideTarget: "Cd", BootSourceOverrideEnabled: "Once" } };
    await blind.call("PATCH", systemUri, { body: override });
    await post(blind.call, resetUri, { ResetType: "On" });
    expect(blind.bmc.bootLog()).toMatchObject([{ source: "Hdd" }]);
  });

  test("may hang on the host's power, and be for some slots only", async () => {
    const unless = [{ at: systemUri, property: "/PowerState", in: ["On"] }];
    const { bmc, call } = await begin({ gates: [{ unless, effect: "insert-refused", slots: "/Cd$" }] });
    expect((await insert(call)).status).toBe(400);
    expect((await call("POST", insertUri("Usb"), { body: { Image: url } })).status).toBe(204);
    bmc.setPower("On");
    expect((await insert(call)).status).toBe(204);
  });
});

describe("a writable property", () => {
  const writable: Oem["writable"] = [
    {
      at: manager,
      properties: ["/Oem/Acme/RemoteMedia"],
      values: { "/Oem/Acme/RemoteMedia": ["Enabled", "Disabled"] },
      delayMs: 3000,
    },
    { at: `^${systemUri}$`, properties: ["/AssetTag"] },
  ];
  const remoteMedia = (value: unknown) => ({ body: { Oem: { Acme: { RemoteMedia: value } } } });

  test("takes its values, after a while, and nothing else is written", async () => {
    const { call, clock } = await begin({ writable });
    expect((await call("GET", manager)).headers.allow).toBe("GET, HEAD, PATCH");
    expect((await call("PATCH", manager, remoteMedia("On"))).messageId).toBe("PropertyValueNotInList");
    const mixed = { body: { Oem: { Acme: { RemoteMedia: "Enabled", Colour: "blue" } } } };
    expect((await call("PATCH", manager, mixed)).messageId).toBe("PropertyNotWritable");
    expect((await call("PATCH", manager, remoteMedia("Enabled"))).status).toBe(200);
    expect((await call("GET", manager)).text).toContain('"RemoteMedia":"Disabled"');
    await clock.advance(3000);
    expect((await call("GET", manager)).text).toContain('"RemoteMedia":"Enabled"');
  });

  test("may stand beside what the standard lets write", async () => {
    const { bmc, call } = await begin({ writable });
    const body = { AssetTag: "R1", Boot: { BootSourceOverrideTarget: "Cd" } };
    expect((await call("PATCH", systemUri, { body })).body).toMatchObject({ AssetTag: "R1" });
    expect(bmc.boot().target).toBe("Cd");
    expect((await call("PATCH", systemUri, { body: { Model: "X" } })).messageId).toBe("PropertyNotWritable");
  });
});

describe("an OEM action", () => {
  const config = `${manager}/VM1/CfgCD`;
  const mount = `${config}/Actions/IsoConfig.Mount`;
  const unmount = `${config}/Actions/IsoConfig.UnMount`;

  test("may be the second of two steps, whose medium comes from what the first wrote", async () => {
    const { origin, url: image } = await serveImage();
    const { host, pathname } = new URL(image);
    const fixture = standardWith(
      { [config]: { Host: null, Path: null } },
      {
        media: { slots: [{ match: "/Cd$", control: "none" }] },
        oem: {
          writable: [{ at: config, properties: ["/Host", "/Path"] }],
          actions: [
            { at: mount, media: { does: "insert", slot: slotUri("Cd"), image: `{${config}#/Host}{${config}#/Path}` } },
            { at: unmount, media: { does: "eject", slot: slotUri("Cd") } },
          ],
        },
      },
    );
    const { bmc, call } = await simulate({ fixture });
    expect((await call("POST", mount)).status).toBe(400);
    expect((await call("PATCH", config, { body: { Host: `http://${host}`, Path: pathname } })).status).toBe(200);
    expect((await call("POST", mount)).status).toBe(204);
    expect(bmc.slots()[0]).toMatchObject({ inserted: true, image });
    expect(origin.requests()[0]?.method).toBe("HEAD");
    expect((await call("POST", mount)).messageId).toBe("ResourceInUse");
    expect((await call("POST", unmount)).status).toBe(204);
    expect(bmc.slots()[0]?.inserted).toBe(false);
  });

  test("may mean different things by one parameter, at a slot's own address, and be answered by a task", async () => {
    const slot = slotUri("Cd");
    const { bmc, call } = await begin({
      actions: [
        {
          at: slot,
          match: { Action: "Insert", Target: "/Oem/Acme" },
          required: ["Image"],
          parameters: [],
          media: { does: "insert", slot },
          reply: "task-in-body",
        },
        { at: slot, match: { Action: "Eject", Target: "/Oem/Acme" }, media: { does: "eject", slot } },
      ],
    });
    const body = { Action: "Insert", Target: "/Oem/Acme", Image: url };
    expect((await post(call, slot, { ...body, Inserted: true })).messageId).toBe("ActionParameterUnknown");
    expect((await post(call, slot, { ...body, Action: "Push" })).messageId).toBe("ActionParameterValueNotInList");
    expect((await post(call, slot, body)).status).toBe(202);
    await bmc.idle();
    expect(bmc.slots()[0]).toMatchObject({ inserted: true, image: url });
    await post(call, slot, { Action: "Eject", Target: "/Oem/Acme" });
    expect(bmc.slots()[0]?.inserted).toBe(false);
  });

  test("may be possible only in the state that its allowable values tell", async () => {
    const target = `${systemUri}/Actions/Oem/Acme.VirtualMedia`;
    const slot = slotUri("Cd");
    const values = { at: systemUri, property: "/Actions/Oem/#Acme.VirtualMedia/Action@Redfish.AllowableValues" };
    const { call } = await begin({
      actions: [
        {
          at: target,
          match: { Action: "ConnectCD" },
          demands: [
            { unless: [{ slot, inserted: false }], reply: { status: 400, id: "ActionParameterValueNotInList" } },
          ],
          media: { does: "insert", slot, image: url },
        },
        { at: target, match: { Action: "DisconnectCD" }, media: { does: "eject", slot } },
      ],
      shows: [
        { ...values, value: ["ConnectCD"], when: [{ slot, inserted: false }] },
        { ...values, value: ["DisconnectCD"], when: [{ slot, inserted: true }] },
      ],
    });
    const allowed = async () =>
      /"Action@Redfish.AllowableValues":(\[[^\]]*\])/u.exec((await call("GET", systemUri)).text)?.[1];
    expect(await allowed()).toBe('["ConnectCD"]');
    expect((await post(call, target, { Action: "ConnectCD" })).status).toBe(204);
    expect(await allowed()).toBe('["DisconnectCD"]');
    expect((await post(call, target, { Action: "ConnectCD" })).messageId).toBe("ActionParameterValueNotInList");
    expect((await post(call, target, { Action: "DisconnectCD" })).status).toBe(204);
    expect(await allowed()).toBe('["ConnectCD"]');
  });

  test("may bring the certificate that its https server is trusted by", async () => {
    const tls = selfSigned();
    const origin = await startOrigin({ files: { "cd.iso": imageBytes(1000) }, tls });
    const target = `${slotUri("Cd")}/Actions/Oem/Acme.Insert`;
    const media = { does: "insert" as const, slot: slotUri("Cd"), certificate: "{Certificate}" };
    const overrides = {
      media: { verifyCertificate: "always" as const },
      oem: { actions: [{ at: target, required: ["Image"], parameters: ["Certificate"], media }] },
    };
    const { bmc, call } = await simulate({ overrides });
    const Image = origin.urlOf("cd.iso");
    expect((await post(call, target, { Image })).status).toBe(500);
    expect((await post(call, target, { Image, Certificate: tls.cert })).status).toBe(204);
    expect(bmc.effectiveInserts()).toBe(1);
    await origin.close();
  });

  test("may be a PATCH of a resource", async () => {
    const { bmc, call } = await begin({
      actions: [
        {
          at: manager,
          method: "PATCH",
          required: ["/Oem/Acme/Mount"],
          media: { does: "insert", slot: slotUri("Cd"), image: "{/Oem/Acme/Mount}" },
        },
      ],
    });
    expect((await call("PATCH", manager, { body: { Oem: { Acme: { Mount: url } } } })).status).toBe(204);
    expect(bmc.slots()[0]?.image).toBe(url);
  });
});

describe("a job", () => {
  const importing = `${manager}/Actions/Oem/Import`;
  const jobs = `${manager}/Jobs`;
  const first = { at: `${manager}/Attributes`, property: "/Attributes/FirstBootDevice" };
  const pending = { at: manager, property: "/Oem/Acme/Pending" };
  const oem: Oem = {
    actions: [
      {
        at: importing,
        required: ["ImportBuffer"],
        patterns: { ImportBuffer: "^(?!.*>\\s+<)" },
        demands: [{ unless: [{ ...pending, in: [null, false] }], reply: { status: 503, id: "Acme.2.8.LC068" } }],
        set: [{ ...first, from: "ImportBuffer", pattern: 'Name="FirstBootDevice">([^<]+)<' }],
        job: {
          at: jobs,
          ms: 30_000,
          body: { JobState: "Running", PercentComplete: 20 },
          done: { JobState: "Completed", PercentComplete: 100 },
          whileRunning: { status: 400, id: "Acme.2.8.RAC0679" },
        },
      },
    ],
    writable: [{ at: manager, properties: ["/Oem/Acme/Pending"] }],
    atBoot: [{ ...pending, value: false }],
  };
  const ImportBuffer = '<Config><Attribute Name="FirstBootDevice">VirtualCd</Attribute></Config>';

  test("sets what it was asked to when it ends, and not two at a time", async () => {
    const { call, clock } = await begin(oem, { [first.at]: { Attributes: { FirstBootDevice: "Normal" } } });
    expect((await post(call, importing, { ImportBuffer: "<a> <b>" })).status).toBe(400);
    const accepted = await post(call, importing, { ImportBuffer });
    expect([accepted.status, accepted.headers.location]).toEqual([202, `${jobs}/JID_000001`]);
    expect((await post(call, importing, { ImportBuffer })).text).toContain("RAC0679");
    expect((await call("GET", `${jobs}/JID_000001`)).body).toMatchObject({ JobState: "Running" });
    expect((await call("GET", first.at)).text).toContain("Normal");
    await clock.advance(30_000);
    expect((await call("GET", first.at)).text).toContain("VirtualCd");
    expect((await call("GET", `${jobs}/JID_000001`)).body).toMatchObject({
      JobState: "Completed",
      PercentComplete: 100,
    });
  });

  test("may wait for a reboot that clears what is pending", async () => {
    const { call } = await begin(oem);
    await call("PATCH", manager, { body: { Oem: { Acme: { Pending: true } } } });
    const refused = await post(call, importing, { ImportBuffer });
    expect([refused.status, refused.text.includes("LC068")]).toEqual([503, true]);
    await post(call, resetUri, { ResetType: "On" });
    expect((await post(call, importing, { ImportBuffer })).status).toBe(202);
  });
});
