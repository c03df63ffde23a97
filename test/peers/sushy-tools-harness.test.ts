// The harness that the peer tests stand on: the real emulator comes up, takes a medium, tells an independent client, and leaves nothing.
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import got from "got";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lacksPeer } from "../tools/peers.ts";
import { readThroughSushy } from "../tools/sushy-client.ts";
import { type SushyTools, type SushyToolsOptions, startSushyTools } from "../tools/sushy-tools.ts";

describe.skipIf(lacksPeer(".venv", "openssl"))("sushy-tools", () => {
  const auth = { username: "admin", password: "pass:word" };
  let temporary: string;
  let running: SushyTools[] = [];

  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), "mediabay-test-"));
    vi.stubEnv("TMPDIR", temporary);
  });

  afterEach(async () => {
    await Promise.all(running.map((emulator) => emulator.stop()));
    running = [];
    vi.unstubAllEnvs();
    await rm(temporary, { recursive: true });
  });

  const start = async (options: SushyToolsOptions): Promise<SushyTools> => {
    const emulator = await startSushyTools(options);
    running.push(emulator);
    return emulator;
  };

  const client = (bmc: SushyTools) =>
    got.extend({
      prefixUrl: bmc.url,
      retry: { limit: 0 },
      throwHttpErrors: false,
      ...(bmc.auth && { username: bmc.auth.username, password: bmc.auth.password }),
      ...(bmc.ca && { https: { certificateAuthority: bmc.ca } }),
    });

  test("inserts what it downloads, and the sushy client sees it come and go", async () => {
    const bmc = await start({ auth });
    const system = bmc.systems[0]?.uuid ?? "";
    const origin = createServer((_request, response) => response.end("image")).listen(0, "127.0.0.1");
    await once(origin, "listening");
    const image = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/drive.iso`;
    const slot = `redfish/v1/Systems/${system}/VirtualMedia/Cd`;
    const http = client(bmc);
    try {
      const inserted = await http.post(`${slot}/Actions/VirtualMedia.InsertMedia`, { json: { Image: image } });
      expect(inserted.statusCode).toBe(204);
      const boot = { Boot: { BootSourceOverrideTarget: "Cd", BootSourceOverrideEnabled: "Once" } };
      expect((await http.patch(`redfish/v1/Systems/${system}`, { json: boot })).statusCode).toBe(204);
      const seen = await readThroughSushy(bmc, system);
      expect(seen.slots["Cd"]).toMatchObject({ inserted: true, image, imageName: "drive.iso" });
      expect(seen.slots["Floppy"]).toMatchObject({ inserted: false, image: "" });
      expect(seen.boot).toMatchObject({ target: "Cd", enabled: "Continuous" });
      expect(seen.powerState).toBe("Off");
      const ejected = await http.post(`${slot}/Actions/VirtualMedia.EjectMedia`, { json: {} });
      expect(ejected.statusCode).toBe(204);
      expect((await readThroughSushy(bmc, system)).slots["Cd"]).toMatchObject({ inserted: false });
      await bmc.stop();
      expect(await readdir(temporary)).toEqual([]);
      expect((await bmc.requests()).slice(0, 2)).toEqual([
        `POST /${slot}/Actions/VirtualMedia.InsertMedia 204`,
        `PATCH /redfish/v1/Systems/${system} 204`,
      ]);
    } finally {
      origin.close();
    }
  });

  test("asks for the password over TLS that is verified", async () => {
    const bmc = await start({ auth });
    expect((await client({ ...bmc, auth: { ...auth, password: "wrong" } }).get("redfish/v1/Systems")).statusCode).toBe(
      401,
    );
    await expect(client({ ...bmc, ca: "" }).get("redfish/v1/")).rejects.toThrow(/self-signed/u);
  });

  test("serves the systems it is given, without TLS and password where none are wanted", async () => {
    const systems = ["one", "two"].map((name, index) => ({
      uuid: `00000000-0000-4000-8000-00000000000${index}`,
      name,
    }));
    const bmc = await start({ tls: false, systems });
    expect(bmc.url).toMatch(/^http:/u);
    const members = systems.map(({ uuid }) => ({ "@odata.id": `/redfish/v1/Systems/${uuid}` }));
    expect(await client(bmc).get("redfish/v1/Systems").json()).toMatchObject({ Members: members });
  });

  test("is gone when it has stopped, with what it wrote", async () => {
    const bmc = await start({ auth });
    expect(await readdir(temporary)).toHaveLength(1);
    await bmc.stop();
    await expect(client(bmc).get("redfish/v1/")).rejects.toThrow(/ECONNREFUSED/u);
    expect(await readdir(temporary)).toEqual([]);
  });
});
