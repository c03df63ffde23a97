// What one attach costs OpenStack's emulator in requests, counted in its own log; the README's row must say the same numbers.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Origin, startOrigin } from "../../src/simulators/origin.ts";
import { startTestService, type TestService } from "../tools/service.ts";
import { type SushyTools, startSushyTools } from "../tools/sushy-tools.ts";
import { startTcpProxy, type TcpProxy } from "../tools/tcp-proxy.ts";
import { tinyIso } from "../tools/tiny-images.ts";

const root = join(import.meta.dirname, "../..");

let bmc: SushyTools;
let proxy: TcpProxy;
let origin: Origin;
let service: TestService;

beforeAll(async () => {
  bmc = await startSushyTools({ auth: { username: "admin", password: "sushy-secret" } });
  proxy = await startTcpProxy({ target: { host: "127.0.0.1", port: Number(new URL(bmc.url).port) } });
  origin = await startOrigin({
    files: {
      "plain.iso": tinyIso({ label: "config-2" }),
      "with-ports.iso": await readFile(join(root, "fixtures/configdrive/config-2.iso")),
    },
  });
  service = await startTestService();
});

afterAll(async () => {
  await service?.close();
  await origin?.close();
  await proxy?.close();
  await bmc?.stop();
});

/** A machine that nothing is known of yet; its emulator is the same. */
const newMachine = async (name: string): Promise<void> => {
  const address = `https://127.0.0.1:${proxy.port}`;
  const endpoints = [{ address, credentials: bmc.auth, tls: { mode: "verify", ca: bmc.ca } }];
  expect((await service.call("POST", "/v1/machines", { name, endpoints })).status).toBe(201);
};

/** What the emulator was asked meanwhile, without its system's id and without the statuses. */
const askedDuring = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
  const before = (await bmc.requests()).length;
  await work();
  return (await bmc.requests())
    .slice(before)
    .map((line) => line.replace(/ \d+$/u, "").replaceAll(bmc.systems[0]?.uuid ?? "", "ID"));
};

const attach = (name: string, boot: "none" | "once", image = "plain.iso") =>
  askedDuring(async () => {
    const source = { uri: origin.urlOf(image) };
    const { body } = await service.work("POST", `/v1/machines/${name}/attachments`, { source, boot });
    expect(body).toMatchObject({ attachment: { state: "attached" } });
  });
const detach = (name: string) =>
  askedDuring(async () => {
    expect((await service.work("DELETE", `/v1/machines/${name}/attachments`)).status).toBe(200);
  });

const slot = "/redfish/v1/Systems/ID/VirtualMedia/Cd";
const discovery = [
  "GET /redfish/v1/",
  "GET /redfish/v1/Systems",
  "GET /redfish/v1/Systems/ID",
  "GET /redfish/v1/Managers/ID",
  "GET /redfish/v1/Systems/ID/VirtualMedia",
  `GET ${slot}`,
  "GET /redfish/v1/Systems/ID/VirtualMedia/Floppy",
];
/** The first read is its profile's `insert.checkFirst`: it replaces a medium without an error. */
const insertion = [`GET ${slot}`, `POST ${slot}/Actions/VirtualMedia.InsertMedia`, `GET ${slot}`];
const override = ["PATCH /redfish/v1/Systems/ID", "GET /redfish/v1/Systems/ID"];
const ejection = [`GET ${slot}`, `POST ${slot}/Actions/VirtualMedia.EjectMedia`, `GET ${slot}`];

test("an attach asks 10 times when nothing is known of the machine, and 3 times from then on", async () => {
  await newMachine("plain");
  expect(await attach("plain", "none")).toEqual([...discovery, ...insertion]);
  expect(await detach("plain")).toEqual(ejection);
  expect(await attach("plain", "none")).toEqual(insertion);
  expect(await detach("plain")).toEqual(ejection);
});

test("a boot override costs 2 more, and its end 3", async () => {
  await newMachine("boot");
  expect(await attach("boot", "once")).toEqual([...discovery, ...insertion, ...override]);
  expect(await detach("boot")).toEqual([...ejection, "GET /redfish/v1/Systems/ID", ...override]);
  expect(await attach("boot", "once")).toEqual([...insertion, ...override]);
  await detach("boot");
});

test("network_data that names ports costs 1 more, once: the machine's own are asked for and remembered", async () => {
  await newMachine("ports");
  const ports = "GET /redfish/v1/Systems/ID/EthernetInterfaces";
  expect(await attach("ports", "none", "with-ports.iso")).toEqual([...discovery, ports, ...insertion]);
  expect(await detach("ports")).toEqual(ejection);
  expect(await attach("ports", "none", "with-ports.iso")).toEqual(insertion);
  await detach("ports");
});

test("each request has a connection of its own, because the emulator closes it after the answer", async () => {
  const before = proxy.connections();
  await newMachine("connections");
  const asked = [...(await attach("connections", "none")), ...(await detach("connections"))];
  expect(proxy.connections() - before).toBe(asked.length);
});

test("the README says so of the simulated one", async () => {
  const [cold, warm] = [[...discovery, ...insertion].length, insertion.length];
  const row = (await readFile(join(root, "README.md"), "utf8"))
    .split("\n")
    .find((line) => line.includes("| `sushy-tools-2.2` |"));
  expect(row).toContain(`| ${cold} (${cold + override.length}) | ${warm} (${warm + override.length}) |`);
});
