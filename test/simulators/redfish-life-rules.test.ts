// What a medium's life looks like, by personality: how it shows, what an eject leaves, when it goes by itself.
import { describe, expect, test } from "vitest";
import type { PersonalityOverrides } from "../../src/simulators/redfish/index.ts";
import { ManualClock } from "../tools/manual-clock.ts";
import {
  type Call,
  ejectUri,
  insertUri,
  resetUri,
  serveImage,
  simulate,
  slotUri,
  systemUri,
} from "./redfish-client.ts";
import { standardWith } from "./redfish-fixture.ts";

type Media = NonNullable<PersonalityOverrides["media"]>;

const url = "http://192.0.2.1/cd.iso";
const insert = (call: Call, slot = "Cd") => call("POST", insertUri(slot), { body: { Image: url } });
const eject = (call: Call) => call("POST", ejectUri("Cd"), { body: {} });
const boot = (call: Call) => call("POST", resetUri, { body: { ResetType: "ForceRestart" } });

const begin = async (media: Media, rest: PersonalityOverrides = {}) => {
  const clock = new ManualClock();
  const started = await simulate({ clock, overrides: { ...rest, media: { reader: "none", ...media } } });
  return { clock, ...started };
};

describe("what is shown", () => {
  test.each<readonly [string, Media, object, object]>([
    ["an empty Inserted as null", { emptyInserted: "null" }, { Inserted: null }, { Inserted: true }],
    [
      "a mount by URL as Applet",
      { connectedVia: "Applet" },
      { ConnectedVia: "NotConnected" },
      { ConnectedVia: "Applet" },
    ],
    ["an empty ConnectedVia as null", { connectedViaEmpty: null }, { ConnectedVia: null }, { ConnectedVia: "URI" }],
    [
      "another Image than was given",
      { shownImage: "remote" },
      { Image: null },
      { Image: "remote", ImageName: "remote" },
    ],
  ])("may be %s", async (_what, media, empty, full) => {
    const { call } = await begin(media);
    expect((await call("GET", slotUri("Cd"))).body).toMatchObject(empty);
    await insert(call);
    expect((await call("GET", slotUri("Cd"))).body).toMatchObject(full);
  });

  test("an empty slot may lack Inserted", async () => {
    const { call } = await begin({ emptyInserted: "absent" });
    expect((await call("GET", slotUri("Cd"))).body).not.toHaveProperty("Inserted");
  });

  test("only the listed properties may be stale after an eject", async () => {
    const { call } = await begin({ staleAfterEject: ["Image", "ImageName"] });
    await insert(call);
    await eject(call);
    expect((await call("GET", slotUri("Cd"))).body).toMatchObject({
      Image: url,
      ImageName: "cd.iso",
      Inserted: false,
      ConnectedVia: "NotConnected",
    });
  });
});

test("the BMC may not echo the Image that is in", async () => {
  const { call } = await begin({ echoImage: false });
  await insert(call);
  const { body } = await call("GET", slotUri("Cd"));
  expect([body["Inserted"], "Image" in body, "ImageName" in body]).toEqual([true, false, false]);
});

describe("an eject", () => {
  test("has its action where the slot says it is", async () => {
    const { bmc, call } = await begin({ ejectTarget: "/Actions/Unmount" });
    await insert(call);
    expect((await eject(call)).status).toBe(404);
    expect((await call("POST", `${slotUri("Cd")}/Actions/Unmount`, { body: {} })).status).toBe(204);
    expect(bmc.slots()[0]?.inserted).toBe(false);
  });

  test.each([
    ["task", 202],
    ["message", 200],
  ] as const)("may be answered by a %s", async (ejectReply, status) => {
    const { bmc, call } = await begin({ ejectReply });
    await insert(call);
    expect((await eject(call)).status).toBe(status);
    await bmc.idle();
    expect(bmc.slots()[0]?.inserted).toBe(false);
  });

  test("may be answered as a failure and work all the same, and be refused again while it detaches", async () => {
    const { bmc, call, clock } = await begin({ ejectAnswersDetaching: true, detachMs: 3000 });
    await insert(call);
    expect([(await eject(call)).status, bmc.slots()[0]?.inserted]).toEqual([500, false]);
    expect((await eject(call)).status).toBe(500);
    await clock.advance(3000);
    expect((await eject(call)).status).toBe(204);
    expect(bmc.effectiveEjects()).toBe(1);
  });

  test("leaves a slot that takes the next medium only after a while", async () => {
    const { call, clock } = await begin({ reinsertAfterMs: 5000 });
    await insert(call);
    await eject(call);
    expect((await insert(call)).status).toBe(503);
    expect((await insert(call, "Usb")).status).toBe(204);
    await clock.advance(5000);
    expect((await insert(call)).status).toBe(204);
  });

  test("may be stuck until the BMC restarts", async () => {
    const fault = { fault: { kind: "status", status: 500 }, path: "EjectMedia$", untilBmcRestart: true } as const;
    const { bmc, call } = await begin({}, { faults: [fault] });
    await insert(call);
    for (let index = 0; index < 3; index += 1) expect((await eject(call)).status).toBe(500);
    bmc.clearFaults();
    expect((await eject(call)).status).toBe(500);
    bmc.restartBmc();
    expect((await eject(call)).status).toBe(204);
  });

  test("of a product that spoils its connection does so each time", async () => {
    const { call } = await begin({}, { faults: [{ fault: { kind: "poison" }, method: "POST", path: "EjectMedia$" }] });
    await insert(call);
    expect((await eject(call)).headers["transfer-encoding"]).toBe("chunked");
    await expect(call("GET", systemUri)).rejects.toThrow("Parse Error");
    expect((await call("GET", systemUri)).status).toBe(200);
  });
});

describe("a medium goes by itself", () => {
  test("when no host has read it for long enough, and not while one does", async () => {
    const clock = new ManualClock();
    const { url: image } = await serveImage();
    const { bmc, call } = await simulate({ clock, overrides: { media: { idleUnmountMs: 1_800_000 } } });
    await call("POST", insertUri("Cd"), { body: { Image: image } });
    await clock.advance(1_700_000);
    await call("POST", resetUri, { body: { ResetType: "On" } });
    await bmc.idle();
    await clock.advance(1_700_000);
    expect(bmc.slots()[0]?.inserted).toBe(true);
    await clock.advance(100_000);
    expect(bmc.slots()[0]?.inserted).toBe(false);
    expect((await call("GET", slotUri("Cd"))).body).toMatchObject({ Image: null, Inserted: false });
    expect(bmc.effectiveEjects()).toBe(0);
  });

  test("or so many boots after the one that its flag asked for", async () => {
    const fixture = standardWith(
      { [slotUri("Cd")]: { Oem: { Acme: { BootNext: false } } } },
      {
        media: { reader: "none", bootFlag: { property: "/Oem/Acme/BootNext", ejectAfterBoots: 1 } },
        oem: {
          writable: [
            {
              at: slotUri("Cd"),
              properties: ["/Oem/Acme/BootNext"],
              when: [{ slot: slotUri("Cd"), inserted: false }],
              otherwise: { status: 400, id: "Acme.1.0.UnableToModifyAfterInsert" },
            },
          ],
        },
      },
    );
    const { bmc, call } = await simulate({ fixture });
    const flag = { body: { Oem: { Acme: { BootNext: true } } } };
    expect((await call("PATCH", slotUri("Cd"), flag)).body).toMatchObject({ Oem: { Acme: { BootNext: true } } });
    await insert(call);
    const late = await call("PATCH", slotUri("Cd"), flag);
    expect([late.status, late.text.includes("UnableToModifyAfterInsert")]).toEqual([400, true]);
    bmc.setPower("On");
    expect(bmc.bootLog()).toMatchObject([{ source: "Flag", slot: "Cd" }]);
    expect((await call("GET", slotUri("Cd"))).body).toMatchObject({
      Inserted: true,
      Oem: { Acme: { BootNext: false } },
    });
    await boot(call);
    expect([bmc.bootLog()[1]?.source, bmc.slots()[0]?.inserted]).toEqual(["Hdd", false]);
  });

  test("a restart of the BMC takes it away, unless it keeps media", async () => {
    for (const keepsMedia of [false, true]) {
      const { bmc, call } = await begin({}, { bmc: { keepsMedia } });
      await insert(call);
      bmc.restartBmc();
      expect(bmc.slots()[0]?.inserted).toBe(keepsMedia);
    }
  });
});
