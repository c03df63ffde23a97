// The main job against the Redfish emulator of OpenStack (TLS and Basic authentication on), looked at through the sushy client.
import { gzipSync } from "node:zlib";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Origin, startOrigin } from "../../src/simulators/origin.ts";
import { startTestService, type TestService } from "../tools/service.ts";
import { readThroughSushy, type SushyView } from "../tools/sushy-client.ts";
import { type SushyTools, startSushyTools } from "../tools/sushy-tools.ts";

const fixture = (name: string): Promise<Buffer> =>
  readFile(fileURLToPath(new URL(`../../fixtures/configdrive/${name}`, import.meta.url)));

let bmc: SushyTools;
let origin: Origin;
let service: TestService;
let iso: Buffer;
let vfat: Buffer;

beforeAll(async () => {
  [iso, vfat] = await Promise.all([fixture("config-2.iso"), fixture("config-2.vfat")]);
  bmc = await startSushyTools({ auth: { username: "admin", password: "sushy-secret" } });
  origin = await startOrigin({
    files: {
      "config-2.iso": iso,
      "config-2.vfat": vfat,
      "config-2.iso.gz": gzipSync(iso),
      "config-2.b64": Buffer.from(gzipSync(iso).toString("base64")),
      "page.html": Buffer.from("<!DOCTYPE html><title>not an image</title>"),
    },
  });
  service = await startTestService();
  const added = await service.call("POST", "/v1/machines", {
    name: "node",
    endpoints: [{ address: bmc.url, credentials: bmc.auth, tls: { mode: "verify", ca: bmc.ca } }],
  });
  expect(added.status).toBe(201);
});

afterAll(async () => {
  await service?.close();
  await origin?.close();
  await bmc?.stop();
});

beforeEach(async () => {
  origin.clearFaults();
  await detach();
});

const system = (): string => bmc.systems[0]?.uuid ?? "";
const seen = (): Promise<SushyView> => readThroughSushy(bmc, system());
const attach = (path: string, more: object = {}) =>
  service.work("POST", "/v1/machines/node/attachments", { source: { uri: origin.urlOf(path) }, ...more });
const detach = () => service.work("DELETE", "/v1/machines/node/attachments");

describe("sushy-tools", () => {
  test.each([
    ["a raw ISO", "config-2.iso", "Cd"],
    ["a gzipped ISO", "config-2.iso.gz", "Cd"],
    ["base64 of a gzipped ISO", "config-2.b64", "Cd"],
    ["a raw VFAT", "config-2.vfat", "Floppy"],
  ])("%s is attached, seen by the sushy client, and detached", async (_name, path, slot) => {
    const attached = await attach(path);
    expect(attached.body).toMatchObject({ attachment: { state: "attached", slot } });
    const during = await seen();
    expect(during.slots[slot]).toMatchObject({ inserted: true });
    expect(during.slots[slot]?.image).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/m\/[a-z0-9]{26}\/[a-z0-9.-]+\.(iso|img)$/);
    const detached = await detach();
    expect(detached.status).toBe(200);
    expect((await seen()).slots[slot]).toMatchObject({ inserted: false });
    expect((await service.call("GET", "/v1/images")).body).toMatchObject({ items: [] });
  });

  test("a boot override that the emulator makes continuous is reported as continuous, and ended by detach", async () => {
    const attached = await attach("config-2.iso", { boot: "once" });
    expect(attached.body).toMatchObject({
      attachment: { state: "attached", boot: { target: "Cd", enabled: "Continuous" } },
    });
    expect(JSON.stringify(attached.body)).toContain("Once into Continuous");
    expect((await seen()).boot).toMatchObject({ target: "Cd", enabled: "Continuous" });
    expect((await detach()).status).toBe(200);
    expect((await seen()).boot.target).not.toBe("Cd");
  });

  test("the emulator read the very bytes of the origin", async () => {
    const attached = await attach("config-2.iso");
    expect(attached.body).toMatchObject({ attachment: { reads: { coveredBytes: iso.byteLength } } });
    await detach();
  });

  test.each([
    ["an origin that answers 404", "absent.iso", "SOURCE_REFUSED", 502, undefined],
    [
      "an origin that truncates",
      "config-2.iso",
      "SOURCE_UNREACHABLE",
      502,
      { kind: "truncate", afterBytes: 1000 } as const,
    ],
    ["a page that is no image", "page.html", "IMAGE_INVALID", 422, undefined],
  ])(
    "%s is a named error and leaves the BMC untouched",
    async (_name, path, code, status, fault) => {
      if (fault !== undefined) origin.setFault(fault);
      const before = await bmc.requests();
      const failed = await attach(path);
      expect(failed.status).toBe(status);
      expect(failed.body).toMatchObject({ code });
      expect(await bmc.requests()).toEqual(before);
    },
    60_000,
  );

  test("an origin that refuses connections is a named error and leaves the BMC untouched", async () => {
    const uri = "http://127.0.0.1:1/config-2.iso";
    const before = await bmc.requests();
    const failed = await service.work("POST", "/v1/machines/node/attachments", { source: { uri } });
    expect(failed.body).toMatchObject({ code: "SOURCE_UNREACHABLE", status: 502 });
    expect(await bmc.requests()).toEqual(before);
  }, 60_000);

  test("a download that the emulator cannot do is the BMC's rejection, and everything is undone", async () => {
    await service.call("PATCH", "/v1/machines/node", {
      endpoints: [{ address: bmc.url, tls: { mode: "verify", ca: bmc.ca }, imageHost: "127.0.0.2" }],
    });
    const failed = await attach("config-2.iso");
    await service.call("PATCH", "/v1/machines/node", {
      endpoints: [{ address: bmc.url, tls: { mode: "verify", ca: bmc.ca } }],
    });
    expect(failed.status).toBe(502);
    expect(failed.body).toMatchObject({ context: { protocol: "redfish" } });
    expect((await seen()).slots["Cd"]).toMatchObject({ inserted: false });
    expect((await service.call("GET", "/v1/images")).body).toMatchObject({ items: [] });
  });

  test("a medium that somebody else inserted is not replaced, although the emulator would", async () => {
    const path = `/redfish/v1/Systems/${system()}/VirtualMedia/Cd/Actions/VirtualMedia.InsertMedia`;
    await redfish("POST", path, { Image: origin.urlOf("config-2.iso") });
    const refused = await attach("config-2.iso", { slot: "Cd" });
    expect(refused.body).toMatchObject({ code: "SLOT_OCCUPIED", status: 409 });
    expect((await seen()).slots["Cd"]?.image).toBe(origin.urlOf("config-2.iso"));
    await redfish("POST", path.replace("InsertMedia", "EjectMedia"), {});
  });
});

const redfish = async (method: string, path: string, body: object): Promise<void> => {
  const { request } = await import("node:https");
  const { username = "", password = "" } = bmc.auth ?? {};
  const options = {
    method,
    ca: bmc.ca,
    auth: `${username}:${password}`,
    headers: { "content-type": "application/json" },
  };
  await new Promise<void>((resolve, reject) => {
    request(bmc.url + path, options, (response) => response.resume().once("end", resolve))
      .once("error", reject)
      .end(JSON.stringify(body));
  });
};
