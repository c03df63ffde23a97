// The simulated emulator against the real one: asked the same things, both answer alike.
import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Origin, startOrigin } from "../../src/simulators/origin.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { type SushyTools, startSushyTools } from "../tools/sushy-tools.ts";

const auth = { username: "admin", password: "sushy-secret" };

let real: SushyTools;
let simulated: RedfishSimulator;
let origin: Origin;

beforeAll(async () => {
  real = await startSushyTools({ tls: false, auth });
  simulated = await startRedfishSimulator({ fixture: "openstack/sushy-tools-2.2", ...auth });
  origin = await startOrigin({ files: { "cd.iso": Buffer.alloc(4096, 1), "other.iso": Buffer.alloc(4096, 2) } });
});

afterAll(async () => {
  await origin?.close();
  await simulated?.close();
  await real?.stop();
});

interface Ask {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly anonymous?: boolean;
}

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly connection: string | undefined;
  readonly text: string;
}

const send = (url: string, { method, path, body, anonymous = false }: Ask): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const account = anonymous ? {} : { auth: `${auth.username}:${auth.password}` };
    request(url + path, { method, headers, agent: false, ...account }, (response) => {
      const { etag, connection } = response.headers;
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, etag, connection, text });
      });
    })
      .once("error", reject)
      .end(body === undefined ? undefined : JSON.stringify(body));
  });

const jsonOf = (text: string): Record<string, unknown> => (text.startsWith("{") ? JSON.parse(text) : {});

/** What a client goes by; an identifier is of no matter, nor is the length of a text. */
const essence = ({ status, etag, connection, text }: Answer, id: string): unknown => {
  const { error, Image, ImageName, Inserted, WriteProtected, ConnectedVia, MediaTypes, Boot, Manufacturer, Members } =
    jsonOf(text);
  const { code, message = "", "@Message.ExtendedInfo": info = [] } = Object(error);
  const { BootSourceOverrideTarget, BootSourceOverrideEnabled } = Object(Boot);
  return {
    answer: { status, etag, connection, isJson: text.startsWith("{") },
    error: { code, message: String(message).slice(0, 25), info: Object.keys(Object(info[0])) },
    slot: { Image, ImageName, Inserted, WriteProtected, ConnectedVia, MediaTypes },
    system: { BootSourceOverrideTarget, BootSourceOverrideEnabled, Manufacturer },
    members: JSON.stringify(Members ?? null).replaceAll(id, "ID"),
  };
};

const idOf = async (url: string): Promise<string> => {
  const { text } = await send(url, { method: "GET", path: "/redfish/v1/Systems" });
  return /Systems\/([^"/]+)/u.exec(text)?.[1] ?? "";
};

const cd = "/redfish/v1/Systems/ID/VirtualMedia/Cd";
const get = (path: string): Ask => ({ method: "GET", path });
const insert = (image: string, more: object = {}): Ask => ({
  method: "POST",
  path: `${cd}/Actions/VirtualMedia.InsertMedia`,
  body: { Image: image, ...more },
});
const eject: Ask = { method: "POST", path: `${cd}/Actions/VirtualMedia.EjectMedia`, body: {} };
const override = (boot: object): Ask => ({ method: "PATCH", path: "/redfish/v1/Systems/ID", body: { Boot: boot } });
const login = { method: "POST", path: "/redfish/v1/SessionService/Sessions", body: { UserName: "a", Password: "b" } };

const asks: readonly (readonly [string, (url: (name: string) => string) => Ask])[] = [
  ["the root to everyone", () => ({ ...get("/redfish/v1/"), anonymous: true })],
  ["the list of versions", () => get("/redfish")],
  ["a system without credentials", () => ({ ...get("/redfish/v1/Systems/ID"), anonymous: true })],
  ["a login", () => ({ ...login, anonymous: true })],
  ["a login with Basic", () => login],
  ["the system", () => get("/redfish/v1/Systems/ID")],
  ["the slots", () => get("/redfish/v1/Systems/ID/VirtualMedia?$expand=.")],
  ["slots of the manager", () => get("/redfish/v1/Managers/ID/VirtualMedia")],
  ["an empty slot", () => get(cd)],
  ["an insert", (url) => insert(url("cd.iso"))],
  ["the full slot", () => get(cd)],
  [
    "an insert into it, with unknown words",
    (url) => insert(url("other.iso"), { TransferProtocolType: "NFS", Colour: 1 }),
  ],
  ["what is in then", () => get(cd)],
  ["an image that is not there", (url) => insert(url("none.iso"))],
  ["an image that nobody serves", () => insert("http://127.0.0.1:1/cd.iso")],
  ["a user name without a password", (url) => insert(url("cd.iso"), { UserName: "u" })],
  ["that nothing of it changed the slot", () => get(cd)],
  ["an override for once", () => override({ BootSourceOverrideTarget: "Cd", BootSourceOverrideEnabled: "Once" })],
  ["how it shows", () => get("/redfish/v1/Systems/ID")],
  ["to end it", () => override({ BootSourceOverrideEnabled: "Disabled" })],
  ["an eject", () => eject],
  ["an eject of nothing", () => eject],
  ["that the override outlives it", () => get("/redfish/v1/Systems/ID")],
  ["the disk instead", () => override({ BootSourceOverrideTarget: "Hdd", BootSourceOverrideEnabled: "Disabled" })],
  ["how that shows", () => get("/redfish/v1/Systems/ID")],
  ["a method that is none", () => ({ method: "DELETE", path: cd })],
  [
    "a reset that it does not know",
    () => ({
      method: "POST",
      path: "/redfish/v1/Systems/ID/Actions/ComputerSystem.Reset",
      body: { ResetType: "PowerCycle" },
    }),
  ],
];

test.each(asks)("asked for %s, both answer alike", async (_what, ask) => {
  const answers = [real.url, simulated.url].map(async (url) => {
    const id = await idOf(url);
    const wanted = ask((name) => origin.urlOf(name));
    return essence(await send(url, { ...wanted, path: wanted.path.replace("ID", id) }), id);
  });
  const [theirs, ours] = await Promise.all(answers);
  expect(ours).toEqual(theirs);
});

test("both read the image once, whole, without asking for its size or for ranges", async () => {
  const of = async (url: string): Promise<readonly unknown[]> => {
    const before = origin.requests().length;
    const id = await idOf(url);
    const wanted = insert(origin.urlOf("cd.iso"));
    await send(url, { ...wanted, path: wanted.path.replace("ID", id) });
    return origin
      .requests()
      .slice(before)
      .map(({ method, range }) => [method, range]);
  };
  const theirs = await of(real.url);
  expect(theirs).toEqual([["GET", undefined]]);
  expect(await of(simulated.url)).toEqual(theirs);
});
