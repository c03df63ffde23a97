// `mediabay record` through the whole stack: a BMC full of canaries is recorded, none is in the files, and the files work as a BMC.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { recordingFiles } from "../../src/core/vocabulary.ts";
import { run } from "../cli/run.ts";
import { serveImage, simulate } from "../simulators/redfish-client.ts";
import { startTestService } from "../tools/service.ts";
import { canaries, canaryFixture, imageUrl, spellings } from "./canaries.ts";
import { converse, recordOf, written } from "./replayed.ts";

interface Recorded {
  readonly folder: string;
  readonly stdout: string;
  readonly requests: readonly string[];
  readonly text: (name: string) => Promise<string>;
}

/** Recorded by the command line, through REST, the gateway and the driver. */
const record = async (how: "machine" | "address"): Promise<Recorded> => {
  const folder = await mkdtemp(join(tmpdir(), "record-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { account: username, accountPassword: password } = canaries;
  const { bmc } = await simulate({ fixture: canaryFixture(), username, password });
  bmc.insertByHand("Cd", imageUrl);
  const service = await startTestService();
  onTestFinished(() => service.close());
  await writeFile(join(folder, "password"), password);
  const endpoint = ["--username", username, "--password-file", join(folder, "password")];
  const env = { MEDIABAY_URL: service.running.controlUrl, MEDIABAY_TOKEN: service.token };
  if (how === "machine")
    expect(await run(["machine", "add", "m1", bmc.url, ...endpoint], { env })).toMatchObject({ code: 0 });
  const target = how === "machine" ? ["m1"] : ["--address", bmc.url, ...endpoint];
  bmc.clearRequests();
  const out = join(folder, "out");
  const { code, stdout, stderr } = await run(["record", ...target, out], { env });
  expect([code, stderr]).toEqual([0, expect.stringContaining("Read what the BMC shows")]);
  return {
    folder: out,
    stdout,
    requests: bmc.requests().map(({ method, path }) => `${method} ${path}`),
    text: (name) => readFile(join(out, name), "utf8"),
  };
};

test("the BMC to be recorded shows every canary", async () => {
  const { bmc, call } = await simulate({ fixture: canaryFixture() });
  bmc.insertByHand("Cd", imageUrl);
  const system = `/redfish/v1/Systems/${canaries.serial}`;
  const uris = ["/redfish/v1/", system, "/redfish/v1/Managers/1", `${system}/VirtualMedia/Cd`];
  const shown = (await Promise.all(uris.map(async (uri) => (await call("GET", uri)).text))).join("\n");
  expect(Object.values(canaries).filter((canary) => !shown.toLowerCase().includes(canary.toLowerCase()))).toEqual([]);
});

describe.each(["machine", "address"] as const)("a BMC recorded by its %s", (how) => {
  test("leaves no canary in any file, nor on the terminal", async () => {
    const { text, stdout } = await record(how);
    const files = await Promise.all(recordingFiles.map(text));
    const all = [...files, stdout].join("\n").toLowerCase();
    expect(spellings.filter((canary) => all.includes(canary))).toEqual([]);
    expect(all.length).toBeGreaterThan(5000);
  });

  test("is only read: GETs, and a login and logout where sessions are used", async () => {
    const { requests } = await record(how);
    const others = requests.filter((request) => !request.startsWith("GET "));
    expect(others.filter((request) => !request.includes("/SessionService/Sessions"))).toEqual([]);
    expect(requests.filter((request) => request.startsWith("GET ")).length).toBeGreaterThan(10);
  });
});

describe("the recording", () => {
  test("keeps every length, and its links lead where they led", async () => {
    const { text } = await record("address");
    const resources = JSON.parse(await text("resources.json")) as Record<string, Record<string, unknown>>;
    const [uri = "", system] = Object.entries(resources).find(([path]) => /\/Systems\/[^/]+$/u.test(path)) ?? [];
    const id = uri.split("/").at(-1);
    expect(system).toMatchObject({ Id: id, SerialNumber: id, "@odata.id": uri });
    expect(resources["/redfish/v1/Systems"]).toMatchObject({ Members: [{ "@odata.id": uri }] });
    expect(id).toHaveLength(canaries.serial.length);
    expect(String(system?.["UUID"])).toMatch(/^[0-9A-F]{8}-([0-9A-F]{4}-){3}[0-9A-F]{12}$/u);
    const manager = resources["/redfish/v1/Managers/1"];
    expect(manager?.["UUID"]).toBe(String(system?.["UUID"]).toLowerCase());
    expect(manager).toMatchObject({
      Oem: { Acme: { RemoteMedia: "Enabled", Ldap: { BindPassword: "x".repeat(13) } } },
    });
  });

  test("shows no medium that was in when it was made", async () => {
    const { text } = await record("address");
    expect(await text("resources.json")).not.toMatch(/"(?:Image|ImageName|Inserted|ConnectedVia)"/u);
  });

  test("replays at once: the driver inserts, the BMC reads, the driver ejects", async () => {
    const { folder } = await record("machine");
    const { bmc } = await simulate({ fixture: folder });
    const { media, boot } = await converse(bmc);
    const { url, image } = await serveImage();
    const inserted = await media?.insert("Cd", { url, mediaType: "CD", sizeBytes: image.byteLength });
    expect(inserted).toMatchObject({ inserted: true, image: url });
    expect(bmc.effectiveInserts()).toBe(1);
    const override = { target: "Cd", enabled: "Once", mode: "UEFI" } as const;
    expect(await boot?.setOverride(override)).toEqual(override);
    expect(await media?.eject("Cd")).toMatchObject({ inserted: false });
    expect(bmc.slots().map((slot) => slot.image)).toEqual([undefined, undefined]);
  });

  test("tells product, firmware, date and what was done", async () => {
    const { text } = await record("address");
    const provenance = await text("PROVENANCE.md");
    expect(provenance).toMatch(/^\| Firmware \| [\w.]+ \|$/mu);
    expect(provenance).toMatch(/^\| Recorded \| \d{4}-\d\d-\d\d, by `mediabay record` \|$/mu);
  });

  test("with the same key is the same, with another it is another", async () => {
    const { bmc } = await simulate({ fixture: canaryFixture() });
    const [one, same, another] = await Promise.all([1, 1, 2].map((byte) => recordOf(bmc, Buffer.alloc(32, byte))));
    expect(same).toEqual(one);
    expect(another?.files["resources.json"]).not.toBe(one?.files["resources.json"]);
  });

  test("of a BMC that refuses a resource says so, and links to it nowhere", async () => {
    const { bmc } = await simulate();
    const path = "/redfish/v1/Systems/1/VirtualMedia/Cd";
    bmc.setFault({ kind: "status", status: 403, path, count: Number.POSITIVE_INFINITY });
    const recording = await recordOf(bmc);
    expect(recording.notes).toEqual([`${path} answers 403 and no JSON object.`]);
    expect(recording.files["PROVENANCE.md"]).toContain(`- ${path} answers 403`);
    const { call } = await simulate({ fixture: await written(recording) });
    const { body } = await call("GET", "/redfish/v1/Systems/1/VirtualMedia");
    expect(body).toMatchObject({
      "Members@odata.count": 1,
      Members: [{ "@odata.id": expect.not.stringContaining("Cd") }],
    });
  });
});
