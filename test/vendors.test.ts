// Laws over all shipped profiles.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { redfishQuirks } from "../src/drivers/redfish/quirks.ts";
import { checkProfile, createProfiles } from "../src/profiles/index.ts";
import { eachQuirk, quirkGroups } from "../src/profiles/problems.ts";
import { profileSchema } from "../src/profiles/schema.ts";

const vendorsDir = join(import.meta.dirname, "..", "vendors");
const validators = { redfish: (raw: Readonly<Record<string, unknown>>) => redfishQuirks.parse(raw) };
const files = readdirSync(vendorsDir, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
const shipped = files.map((file) => profileSchema.parse(JSON.parse(readFileSync(join(vendorsDir, file), "utf8"))));
const profiles = await createProfiles({ vendorsDir, validators });

test("every file is a profile of its own id, and every quirk is known to its driver", () => {
  expect(profiles.list().map(({ id }) => id)).toEqual(files.map((file) => file.replace(/\.json$/u, "")).toSorted());
});

test("an unknown quirk and a value that the driver does not take are refused", () => {
  expect(() => redfishQuirks.parse({ http: { maxInFligth: 2 } })).toThrow(/maxInFligth/u);
  expect(() => redfishQuirks.parse({ http: { maxInFlight: "two" } })).toThrow(/maxInFlight/u);
});

test("a BMC that nobody has seen gets the generic profile", () => {
  const identity = { protocol: "redfish", oem: [], vendor: "Contoso", product: "Any", firmwareVersion: "1.0" } as const;
  expect(profiles.match(identity).id).toBe("generic");
});

/** Each of their quirks was measured, or there is none. */
const unweighed = new Set(["generic", "openstack/sushy-tools"]);

describe.each(shipped.map((profile) => [profile.id, profile] as const))("%s", (id, profile) => {
  test("stands the check that contributors' files are put to: no quirk that changes nothing, no rival", async () => {
    const checked = await checkProfile({ file: join(vendorsDir, `${id}.json`), vendorsDir, validators });
    expect(checked).toMatchObject({ id, effect: "adds" });
  });

  test("says what each value is for and what showed it", () => {
    const quirks = quirkGroups(profile).flatMap((group) => eachQuirk(group.quirks));
    const terse = quirks.filter(({ quirk: { why, evidence } }) => Math.min(why.length, evidence.source.length) <= 20);
    expect(terse.map(({ name }) => name)).toEqual([]);
  });

  test("says what most of it rests on", () => {
    expect(profile.confidence !== undefined || unweighed.has(id)).toBe(true);
  });
});
