// A state directory of a version that kept images in plain: the next start seals them, and what was attached is served on.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type RedfishSimulator, startRedfishSimulator } from "../../../src/simulators/redfish/index.ts";
import { freePort } from "../../tools/free-port.ts";
import { startServed } from "../../tools/served.ts";

let folder: string;
let bmc: RedfishSimulator;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mediabay-upgrade-"));
  bmc = await startRedfishSimulator();
});

afterEach(async () => {
  await bmc.close();
  await rm(folder, { recursive: true });
});

it("an image that was stored in plain is sealed at the start and served on under its URL", async () => {
  const settings = { "imagePlane.http.port": String(await freePort()) };
  const first = await startServed(folder, settings);
  const endpoints = [{ address: bmc.url, credentials: bmc.credentials }];
  await first.call("POST", "/v1/machines", { name: "node1", endpoints });
  const source = { configdrive: { meta_data: { uuid: "u-1" }, user_data: "#cloud-config\n{}\n" } };
  await first.call("POST", "/v1/machines/node1/attachments", { source });
  const url = bmc.slots().find(({ inserted }) => inserted)?.image ?? "";
  const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
  expect(bytes.includes("#cloud-config")).toBe(true);
  await first.stop();

  const [name = ""] = await readdir(join(folder, "images"));
  const path = join(folder, "images", name);
  // As the version before would have left it.
  await writeFile(path, bytes);
  const database = new DatabaseSync(join(folder, "mediabay.db"));
  database.exec("drop table image_keys; delete from kysely_migration where name = '0003-image-keys'");
  database.close();

  const second = await startServed(folder, settings);
  try {
    expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes)).toBe(true);
    expect((await readFile(path)).includes("#cloud-config")).toBe(false);
    expect(await readdir(join(folder, "images"))).toEqual([name]);
    await second.call("DELETE", "/v1/machines/node1/attachments");
    expect(await readdir(join(folder, "images"))).toEqual([]);
  } finally {
    await second.stop();
  }
});
