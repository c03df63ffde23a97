// Canaries in every secret that comes in, a whole life with them, and then a search everywhere: what the service says, what it keeps, what
// the host shows of it.
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDriveImage } from "../../src/configdrive/build.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { type Canary, findCanaries, formsOf } from "./forms.ts";
import { type SecretOrigin, startSecretOrigin } from "./origin.ts";
import { filesBelow, type Served, startServed } from "../tools/served.ts";

const canary = (name: string): string => `cnry-${name}/x+7Qz9`;
const drive = (form: string) => ({
  meta_data: { uuid: `uuid-${form}`, admin_pass: canary(`admin-pass-${form}`), name: "node1" },
  user_data: `#cloud-config\npassword: ${canary(`user-data-${form}`)}\n`,
  vendor_data: { key: canary(`vendor-data-${form}`) },
});
const image = (form: string): Buffer => buildDriveImage({ content: drive(form) });
const forms = ["uri", "bearer", "blob", "json", "data", "file", "stored"] as const;

const secrets: readonly string[] = [
  "bmc-password",
  "wrong-password",
  "userinfo",
  "signature",
  "wrong-signature",
  "bearer",
  "basic",
  ...forms.flatMap((form) => ["admin-pass", "user-data", "vendor-data"].map((part) => `${part}-${form}`)),
];

/** The API's own tokens, in plain where whoever holds them needs them, and the one place of each. */
const exceptions: readonly { readonly place: RegExp; readonly canary: RegExp; readonly why: string }[] = [
  { place: /^admin\.token$/, canary: /^admin token$/, why: "where the command line finds it; mode 0600" },
  { place: /^POST \/v1\/tokens$/, canary: /^new token$/, why: "the one answer that tells it" },
];

let folder: string;
let stateDir: string;
let bmc: RedfishSimulator;
let origin: SecretOrigin;
let served: Served;
const past: Served[] = [];
const planted: Canary[] = secrets.map((name) => ({ name, text: canary(name) }));
/** Published URLs are bearer secrets too: known once a BMC has them. */
const published = new Set<string>();

const settings = (): Readonly<Record<string, string>> => ({ "images.fileRoots": join(folder, "sources") });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mediabay-canary-"));
  stateDir = join(folder, "state");
  await mkdir(join(folder, "sources"));
  await writeFile(join(folder, "sources", "drive.iso"), image("file"));
  const wanted = { userinfo: `ada:${canary("userinfo")}`, signature: canary("signature"), bearer: canary("bearer") };
  origin = await startSecretOrigin(image("uri"), wanted);
  bmc = await startRedfishSimulator({ username: "root", password: canary("bmc-password") });
  served = await startServed(stateDir, settings());
  planted.push({ name: "admin token", text: served.token });
});

afterAll(async () => {
  await served.stop();
  await Promise.all([bmc.close(), origin.close()]);
  await rm(folder, { recursive: true });
});

type Places = readonly (readonly [place: string, content: Buffer | string])[];

const isExcepted = (found: string): boolean => {
  const [, place = "", what = ""] = /^(.*): (.*) as [^:]*$/.exec(found) ?? [];
  return exceptions.some((exception) => exception.place.test(place) && exception.canary.test(what));
};

const searchIn = (places: Places): readonly string[] => {
  const tokens = [...published].map((text, index): Canary => ({ name: `published token ${index}`, text }));
  return findCanaries([...planted, ...tokens], places).filter((found) => !isExcepted(found));
};

const search = async (): Promise<readonly string[]> => {
  const lives = [...past, served];
  return searchIn([
    ...(await filesBelow(stateDir)),
    ...(await served.processes()),
    ...lives.flatMap(({ answers }) => answers),
    ...lives.map((life, index) => [`log of life ${index}`, life.lines.join("\n")] as const),
    ...lives.map((life, index) => [`events of life ${index}`, life.events()] as const),
  ]);
};

const lookEverywhere = async (): Promise<void> => {
  for (const path of [
    "/v1/machines",
    "/v1/machines/node1",
    "/v1/machines/node1/attachments",
    "/v1/machines/node1/media",
    "/v1/machines/node1/boot",
    "/v1/machines/node1/profile",
    "/v1/attachments",
    "/v1/images",
    "/v1/operations?limit=100",
    "/v1/audit?limit=1000",
    "/v1/credentials",
    "/v1/tokens",
    "/metrics",
    "/readyz",
  ])
    expect((await served.call("GET", path)).status, `GET ${path}`).toBe(200);
};

const detach = async (): Promise<void> => {
  const { text } = await served.call("DELETE", "/v1/machines/node1/attachments");
  expect(JSON.parse(text)).toMatchObject({ operation: { state: "succeeded" } });
  expect(await readdir(join(stateDir, "images"))).toEqual([]);
};

/** Attached, read by its BMC, shown. Answers what is found of it, while it is there and after it has gone. */
const live = async (source: object, contents: string): Promise<readonly string[]> => {
  const { text } = await served.call("POST", "/v1/machines/node1/attachments", { source, boot: "once" });
  const { operation, attachment } = JSON.parse(text);
  expect(operation).toMatchObject({ state: "succeeded" });
  const url = bmc.slots().find(({ inserted }) => inserted)?.image ?? "";
  published.add(new URL(url).pathname.split("/")[2] ?? "");
  const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
  expect(bytes.includes(canary(`user-data-${contents}`))).toBe(true);
  expect(bytes.includes(canary(`admin-pass-${contents}`))).toBe(true);
  await served.call("GET", `/v1/attachments/${attachment.id}`);
  await served.call("GET", `/v1/operations/${operation.id}`);
  await lookEverywhere();
  expect((await readdir(join(stateDir, "images"))).length).toBeGreaterThan(0);
  const attachedFinds = await search();
  await detach();
  await served.call("GET", `/v1/attachments/${attachment.id}`);
  return [...attachedFinds, ...(await search())];
};

describe("the search", () => {
  test("would find a secret in each of its forms", () => {
    const text = canary("sample");
    const wrapped = Buffer.from(`before ${text} after`);
    const shown = [
      wrapped,
      Buffer.from(wrapped.toString("base64")),
      Buffer.from(`xx${wrapped.toString("utf8")}`).toString("base64url"),
      Buffer.from(wrapped.toString("hex")),
      Buffer.from(encodeURIComponent(wrapped.toString("utf8"))),
      Buffer.from(wrapped.toString("utf8"), "utf16le"),
      Buffer.from(wrapped.toString("utf8"), "utf16le").swap16(),
      JSON.stringify(JSON.stringify(wrapped.toString("utf8"))),
    ];
    for (const [index, content] of shown.entries())
      expect(findCanaries([{ name: "sample", text }], [[`${index}`, content]]), `${index}`).not.toEqual([]);
    expect(formsOf(text).size).toBeGreaterThan(12);
  });

  test("finds what is there: the origin's host, which is no secret", async () => {
    await served.call("POST", "/v1/machines", {
      name: "node1",
      endpoints: [{ address: bmc.url, credentials: { username: "root", password: canary("bmc-password") } }],
    });
    const files = await filesBelow(stateDir);
    expect(findCanaries([{ name: "address", text: bmc.url }], files)).not.toEqual([]);
    expect(await search()).toEqual([]);
  });
});

describe("secrets that came in", () => {
  test("are set and shown nowhere: credentials of origins, and an API token but for its one answer", async () => {
    const origins = [`http://${origin.host}`];
    const borne = { kind: "bearer", origins, token: canary("bearer") };
    expect((await served.call("PUT", "/v1/credentials/borne", borne)).status).toBe(200);
    const basic = { kind: "basic", origins, username: "ada", password: canary("basic") };
    expect((await served.call("PUT", "/v1/credentials/basic", basic)).status).toBe(200);
    const { text } = await served.call("POST", "/v1/tokens", { name: "ci", role: "operator" });
    planted.push({ name: "new token", text: JSON.parse(text).token });
    await lookEverywhere();
    expect(await search()).toEqual([]);
  });

  test("stand nowhere through the life of a config drive from a URI with userinfo and a signature", async () => {
    const userinfo = `ada:${encodeURIComponent(canary("userinfo"))}`;
    const query = `temp_url_sig=${encodeURIComponent(canary("signature"))}&temp_url_expires=1`;
    expect(await live({ uri: `http://${userinfo}@${origin.host}/drive.iso?${query}` }, "uri")).toEqual([]);
  });

  test("nor from a URI with a named credential", async () => {
    expect(await live({ uri: `http://${origin.host}/borne.iso`, credential: "borne" }, "uri")).toEqual([]);
  });

  test("nor from base64 text", async () => {
    expect(await live({ base64: gzipSync(image("blob")).toString("base64") }, "blob")).toEqual([]);
  });

  test("nor from JSON", async () => {
    expect(await live({ configdrive: drive("json") }, "json")).toEqual([]);
  });

  test.each([
    "data:application/octet-stream;base64",
    "data:application/x-iso;name=config%202.iso;base64",
    'Data:;charset="utf-8"; base64',
    "data:x(1);;base64",
  ])("nor from a data URI: %s", async (start) => {
    expect(await live({ uri: `${start},${image("data").toString("base64")}` }, "data")).toEqual([]);
  });

  test("nor from a file", async () => {
    expect(await live({ uri: pathToFileURL(join(folder, "sources", "drive.iso")).href }, "file")).toEqual([]);
  });

  test("nor from an image that was stored before", async () => {
    const stored = await served.call("POST", "/v1/images", { source: { base64: image("stored").toString("base64") } });
    expect(stored.status).toBe(201);
    const { digest } = JSON.parse(stored.text);
    const attached = await served.call("POST", "/v1/machines/node1/attachments", { source: { digest } });
    expect(JSON.parse(attached.text)).toMatchObject({ operation: { state: "succeeded" } });
    expect(await search()).toEqual([]);
    await served.call("DELETE", "/v1/machines/node1/attachments");
    expect((await served.call("DELETE", `/v1/images/${digest}`)).status).toBe(204);
    expect(await readdir(join(stateDir, "images"))).toEqual([]);
    expect(await search()).toEqual([]);
  });

  test("nor when an attach fails: refused by its origin, by its BMC, or as no image at all", async () => {
    const failing = async (source: object): Promise<void> => {
      const { text } = await served.call("POST", "/v1/machines/node1/attachments", { source });
      expect(JSON.parse(text)).not.toMatchObject({ operation: { state: "succeeded" } });
    };
    await failing({
      uri: `http://${origin.host}/drive.iso?temp_url_sig=${encodeURIComponent(canary("wrong-signature"))}`,
    });
    await failing({ uri: `http://${origin.host}/borne.iso`, credential: "basic" });
    await failing({ base64: Buffer.from(canary("user-data-blob").repeat(100)).toString("base64") });
    await failing({ configdrive: { ...drive("json"), meta_data: canary("admin-pass-json") } });
    await failing({ configdrive: { ...drive("json"), unknown: canary("vendor-data-json") } });
    bmc.setFault({ kind: "status", status: 500, method: "POST", path: /InsertMedia/, count: Number.POSITIVE_INFINITY });
    await failing({ configdrive: drive("json") });
    bmc.clearFaults();
    await lookEverywhere();
    expect(await readdir(join(stateDir, "images"))).toEqual([]);
    expect(await search()).toEqual([]);
  });

  test("nor when the BMC refuses our password, nor in a probe", async () => {
    const credentials = { username: "root", password: canary("wrong-password") };
    await served.call("POST", "/v1/machines", { name: "node2", endpoints: [{ address: bmc.url, credentials }] });
    const { text } = await served.call("POST", "/v1/machines/node2/attachments", {
      source: { configdrive: drive("json") },
    });
    expect(text).toContain("BMC_AUTHENTICATION");
    await served.call("POST", "/v1/probe", { endpoint: { address: bmc.url, credentials } });
    await served.call("POST", "/v1/probe", { machine: "node1" });
    await lookEverywhere();
    expect(await search()).toEqual([]);
  });

  test("nor over a restart, with an image that stays attached; after its detach no copy of before opens", async () => {
    const attached = await served.call("POST", "/v1/machines/node1/attachments", {
      source: { configdrive: drive("json") },
    });
    expect(JSON.parse(attached.text)).toMatchObject({ operation: { state: "succeeded" } });
    await served.stop();
    expect(searchIn(await filesBelow(stateDir))).toEqual([]);
    await cp(join(stateDir, "images"), join(folder, "copy"), { recursive: true });
    past.push(served);
    served = await startServed(stateDir, settings());
    const url = bmc.slots().find(({ inserted }) => inserted)?.image ?? "";
    published.add(new URL(url).pathname.split("/")[2] ?? "");
    await lookEverywhere();
    expect(await search()).toEqual([]);
    await detach();
    // Key file and database are those of now, the sealed image is that of before.
    await served.stop();
    past.push(served);
    await cp(join(folder, "copy"), join(stateDir, "images"), { recursive: true });
    served = await startServed(stateDir, settings());
    expect(await readdir(join(stateDir, "images"))).toEqual([]);
    expect(await search()).toEqual([]);
    // What was searched was there.
    const [first] = past;
    expect([first?.events().includes("event: "), (first?.lines.length ?? 0) > 100]).toEqual([true, true]);
  });
});
