// Laws over all shipped profiles, and what each of them is for.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Identity } from "../src/core/driver.ts";
import { redfishQuirks } from "../src/drivers/redfish/quirks.ts";
import { createProfiles } from "../src/profiles/index.ts";
import { eachQuirk } from "../src/profiles/load.ts";
import { profileSchema } from "../src/profiles/schema.ts";

const vendorsDir = join(import.meta.dirname, "..", "vendors");
const tables = { redfish: redfishQuirks };
const files = readdirSync(vendorsDir, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
const shipped = files.map((file) => profileSchema.parse(JSON.parse(readFileSync(join(vendorsDir, file), "utf8"))));
const profiles = await createProfiles({ vendorsDir, validators: { redfish: (raw) => redfishQuirks.parse(raw) } });

/** What each family's BMC says of itself, as it was seen. */
const seen: Readonly<Record<string, Identity>> = {
  generic: { protocol: "redfish", oem: [], vendor: "Contoso", product: "Any", firmwareVersion: "1.0" },
  "openstack/sushy-tools": {
    protocol: "redfish",
    protocolVersion: "1.5.0",
    oem: [],
    managerModel: "Joo Janta 200",
    firmwareVersion: "1.00",
    systemManufacturer: "Sushy Emulator",
  },
};

test("every file is a profile of its own id, and every quirk is known to its driver", () => {
  expect(profiles.list().map(({ id }) => id)).toEqual(files.map((file) => file.replace(/\.json$/u, "")).toSorted());
});

test("an unknown quirk and a value that the driver does not take are refused", () => {
  expect(() => redfishQuirks.parse({ http: { maxInFligth: 2 } })).toThrow(/maxInFligth/u);
  expect(() => redfishQuirks.parse({ http: { maxInFlight: "two" } })).toThrow(/maxInFlight/u);
});

describe.each(shipped.map((profile) => [profile.id, profile] as const))("%s", (id, profile) => {
  test("matches the BMC that was seen", () => {
    const identity = seen[id] ?? { protocol: "redfish", oem: [], vendor: `nobody saw ${id}` };
    expect(profiles.match(identity).id).toBe(id);
    expect(Object.keys(seen)).toContain(id);
  });

  test("sets nothing that is the default, and says why it sets the rest", () => {
    const everywhere = [profile.protocols, ...profile.firmware.map(({ protocols }) => protocols)];
    for (const { protocol, section, key, quirk } of everywhere.flatMap(eachQuirk)) {
      const table = tables[protocol];
      expect(table.parse({ [section]: { [key]: quirk.value } }), `${section}.${key}`).not.toEqual(table.defaults);
      expect(quirk.why.length).toBeGreaterThan(20);
      expect(quirk.evidence.source.length).toBeGreaterThan(20);
    }
  });
});
