// What single products need of the simulator: links at one end only, slots that appear one by one, successes that look like errors.
import { expect, test } from "vitest";
import { ManualClock } from "../tools/manual-clock.ts";
import { serveImage, simulate } from "./redfish-client.ts";

test("a host sees the media of a Manager that names it, although its System names no Manager", async () => {
  const { bmc, call } = await simulate({ fixture: "huawei/ibmc-6.41", overrides: { media: { schemes: ["http"] } } });
  const { url, image } = await serveImage();
  const { body } = await call("GET", "/redfish/v1/Systems/1");
  expect(body["Links"]).not.toHaveProperty("ManagedBy");
  const control = "/redfish/v1/Managers/1/VirtualMedia/CD/Oem/Huawei/Actions/VirtualMedia.VmmControl";
  expect((await call("POST", control, { body: { VmmControlType: "Connect", Image: url } })).status).toBe(202);
  await bmc.idle();
  bmc.setPower("On");
  await bmc.idle();
  expect(bmc.bootLog().at(-1)?.media).toMatchObject([{ slot: "CD", bytesRead: image.byteLength }]);
});

const manager = "/redfish/v1/Managers/Self";
const action = (name: string): string => `${manager}/Actions/Oem/AMIVirtualMedia.${name}`;

test("a gate of one slot takes only that slot out of Members", async () => {
  const clock = new ManualClock();
  const { call } = await simulate({ fixture: "asrockrack/w680d4u-6.01", clock });
  await call("POST", action("EnableRMedia"), { body: { RMediaState: "Enable" } });
  await call("POST", action("ConfigureCDInstance"), { body: { CDInstance: 1 } });
  await clock.advance(5000);
  const { body } = await call("GET", `${manager}/VirtualMedia`);
  expect(body).toMatchObject({
    "Members@odata.count": 1,
    Members: [{ "@odata.id": `${manager}/VirtualMedia/CD1` }],
  });
  expect((await call("GET", `${manager}/VirtualMedia/CD2`)).status).toBe(404);
});

test("an OEM action may tell its success in an error's body, and takes effect only later", async () => {
  const clock = new ManualClock();
  const { call } = await simulate({ fixture: "ami/megarac-13.3", clock });
  const { status, body } = await call("POST", action("EnableRMedia"), { body: { RMediaState: "Enable" } });
  expect(status).toBe(200);
  expect(body).toMatchObject({ error: { code: "Ami.1.0.DelayInActionCompletion" } });
  const members = async (): Promise<unknown> =>
    (await call("GET", `${manager}/VirtualMedia`)).body["Members@odata.count"];
  expect(await members()).toBe(0);
  await clock.advance(5000);
  expect(await members()).toBe(8);
});

test("an image that an OEM action puts together has its scheme in small letters", async () => {
  const overrides = { http: { ifMatch: "ignored" }, media: { insertDelayMs: 0 } } as const;
  const { bmc, call } = await simulate({ fixture: "fujitsu/irmc-s4-9.08f", overrides });
  const share = { ShareType: "NFS", Server: "192.0.2.9", ShareName: "/export", ImageName: "cd.iso" };
  const configuration = "/redfish/v1/Systems/0/Oem/ts_fujitsu/VirtualMedia";
  await call("PATCH", configuration, { body: { CDImage: share, RemoteMountEnabled: true } });
  const connect = "/redfish/v1/Systems/0/Actions/Oem/FTSComputerSystem.VirtualMedia";
  await call("POST", connect, { body: { VirtualMediaAction: "ConnectCD" } });
  expect(bmc.slots()[0]?.image).toBe("nfs://192.0.2.9/export/cd.iso");
});
