// Every fixture of a BMC family, asked by the driver who it is, gets the profile that its expected.json names.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { DriverContext, Identity } from "../../src/core/driver.ts";
import { redfishQuirks } from "../../src/drivers/redfish/quirks.ts";
import { createProtocols } from "../../src/drivers/registry.ts";
import { createProfiles } from "../../src/profiles/index.ts";
import { startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { systemClock } from "../../src/wire/clock.ts";
import { createHttpPool } from "../../src/wire/pool.ts";

const root = join(import.meta.dirname, "..", "..");
const fixturesDir = join(root, "fixtures");
const profiles = await createProfiles({
  vendorsDir: join(root, "vendors"),
  validators: { redfish: (raw) => redfishQuirks.parse(raw) },
});
const fixtures = readdirSync(fixturesDir, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith("/expected.json"))
  .map(dirname)
  .toSorted();

const http = createHttpPool({ clock: systemClock });
afterAll(() => http.close());

const identify = async (fixture: string): Promise<Identity | undefined> => {
  const bmc = await startRedfishSimulator({ fixture });
  try {
    const { url, credentials } = bmc;
    const endpoint = {
      protocol: "redfish",
      address: url,
      credentials,
      tls: { mode: "verify", level: "modern" },
    } as const;
    const context: DriverContext = {
      clock: systemClock,
      signal: AbortSignal.timeout(10_000),
      onExchange: () => undefined,
    };
    return await createProtocols({ http }).get("redfish")?.identify(endpoint, context);
  } finally {
    await bmc.close();
  }
};

const expectedOf = (fixture: string): string => {
  const expected: { readonly profile: string } = JSON.parse(
    readFileSync(join(fixturesDir, fixture, "expected.json"), "utf8"),
  );
  return expected.profile;
};

test.each(fixtures)("%s is recognised", async (fixture) => {
  const identity = await identify(fixture);
  if (identity === undefined) throw new Error("does not speak Redfish");
  expect({ profile: profiles.match(identity).id, identity }).toEqual({ profile: expectedOf(fixture), identity });
});

test("every fixture that can be simulated says which profile is its own", () => {
  const simulated = readdirSync(fixturesDir, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("/resources.json"))
    .map(dirname);
  expect(fixtures).toEqual(simulated.toSorted());
});

/** Whose BMC is not simulated by a fixture of ours, but run as itself. */
const peers = ["openstack/sushy-tools"];

test("every profile is matched by a fixture", () => {
  const matched = new Set([...fixtures.map(expectedOf), ...peers]);
  expect(profiles.list().flatMap(({ id }) => (matched.has(id) ? [] : [id]))).toEqual([]);
});

test("sushy-tools is recognised by what it was seen to say", () => {
  const seen: Identity = {
    protocol: "redfish",
    protocolVersion: "1.5.0",
    oem: [],
    managerModel: "Joo Janta 200",
    firmwareVersion: "1.00",
    systemManufacturer: "Sushy Emulator",
  };
  expect(profiles.match(seen).id).toBe("openstack/sushy-tools");
});
