import { describe, expect, test } from "vitest";
import type { Identity } from "../../src/core/driver.ts";
import { createProfiles } from "../../src/profiles/index.ts";
import { profileFolder, redfish } from "./folder.ts";

const bmc = (says: Partial<Identity>): Identity => ({ protocol: "redfish", oem: [], ...says });

const profilesOf = async (vendors: Readonly<Record<string, object>>, site?: Readonly<Record<string, object>>) =>
  createProfiles({
    vendorsDir: await profileFolder(vendors),
    ...(site && { siteDir: await profileFolder(site) }),
  });

describe("matching", () => {
  test("a BMC that no family knows gets the generic profile", async () => {
    const profiles = await profilesOf({
      generic: { protocols: redfish({ http: { maxInFlight: 1 } }) },
      "acme/one": { match: [{ vendor: { equals: "Acme" } }] },
    });
    expect(profiles.match(bmc({ vendor: "Other" }))).toEqual({
      id: "generic",
      why: ["no family matches", "redfish.http.maxInFlight = 1: a reason (generic)"],
      quirks: { redfish: { http: { maxInFlight: 1 } } },
    });
  });

  test("without any file a BMC gets no quirks", async () => {
    const profiles = await profilesOf({});
    expect(profiles.match(bmc({}))).toEqual({ id: "generic", why: ["no family matches"], quirks: {} });
  });

  test.each<[string, object, Partial<Identity>, Partial<Identity>]>([
    ["equals, whatever the case", { vendor: { equals: "ACME" } }, { vendor: "Acme " }, { vendor: "Acme 2" }],
    ["one of", { product: { oneOf: ["A1", "A2"] } }, { product: "a2" }, { product: "A3" }],
    ["starts with", { systemModel: { startsWith: ["X1", "X2"] } }, { systemModel: "x2-9" }, { systemModel: "AX1" }],
    ["matches", { managerModel: { matches: "^1[45]G" } }, { managerModel: "15G Mono" }, { managerModel: "16G" }],
    ["one of several OEM keys", { oem: { equals: "Acme" } }, { oem: ["Other", "Acme"] }, { oem: ["Other"] }],
    ["the firmware's name", { firmwareText: { startsWith: ["ab"] } }, { firmwareVersion: "AB-1.0" }, { product: "ab" }],
    [
      "all tests of a rule",
      { vendor: { equals: "Acme" }, systemManufacturer: { equals: "Maker" } },
      { vendor: "Acme", systemManufacturer: "Maker" },
      { vendor: "Acme" },
    ],
    [
      "a firmware range, from inclusive, below exclusive",
      { firmwareVersion: { scheme: "dotted", from: "6.00", below: "7" } },
      { firmwareVersion: "6.0.0" },
      { firmwareVersion: "7.00.00" },
    ],
    [
      "numbers as numbers",
      { firmwareVersion: { scheme: "dotted", from: "6.9" } },
      { firmwareVersion: "v6.10.30-rc1" },
      { firmwareVersion: "6.8.99" },
    ],
    [
      "a range of the protocol's version",
      { protocolVersion: { scheme: "dotted", from: "1.11" } },
      { protocolVersion: "1.11.0", firmwareVersion: "1.0" },
      { protocolVersion: "1.9.0", firmwareVersion: "11.0" },
    ],
    [
      "only what tells its version",
      { firmwareVersion: { scheme: "dotted", below: "2" } },
      { firmwareVersion: "1" },
      {},
    ],
    [
      "only a version that it can read",
      { firmwareVersion: { scheme: "dotted", below: "2" } },
      { firmwareVersion: "1.5 (2024)" },
      { firmwareVersion: "build 1" },
    ],
  ])("a rule holds for %s", async (_what, rule, fits, fitsNot) => {
    const profiles = await profilesOf({ "acme/one": { match: [rule] } });
    expect(profiles.match(bmc(fits)).id).toBe("acme/one");
    expect(profiles.match(bmc(fitsNot)).id).toBe("generic");
  });

  test("any rule of a family is enough, and the answer says which", async () => {
    const profiles = await profilesOf({
      "acme/one": { match: [{ vendor: { equals: "Acme" } }, { oem: { equals: "Acme" } }] },
    });
    expect(profiles.match(bmc({ oem: ["Acme"] })).why).toEqual(['oem equals "Acme"']);
  });

  test("the family with more tests wins, a higher score wins over it, a priority over any score", async () => {
    const vendor = { vendor: { equals: "Acme" } };
    const both = { ...vendor, product: { equals: "One" } };
    const identity = bmc({ vendor: "Acme", product: "One" });
    const families = { "acme/any": { match: [vendor] }, "acme/one": { match: [both] } };
    expect((await profilesOf(families)).match(identity).id).toBe("acme/one");
    const scored = { ...families, "acme/any": { match: [{ ...vendor, score: 3 }] } };
    expect((await profilesOf(scored)).match(identity).id).toBe("acme/any");
    const ranked = { ...scored, "acme/one": { match: [both], priority: 1 } };
    expect((await profilesOf(ranked)).match(identity).id).toBe("acme/one");
  });
});

describe("merging", () => {
  const rule = { match: [{ vendor: { equals: "Acme" } }] };
  const newer = { scheme: "dotted", from: "2" };

  test("family wins over generic, firmware over family, key by key", async () => {
    const profiles = await profilesOf({
      generic: { protocols: redfish({ a: { generic: 1, family: 1, firmware: 1 }, b: { generic: 1 } }) },
      "acme/one": {
        ...rule,
        protocols: redfish({ a: { family: 2, firmware: 2 } }),
        firmware: [{ when: newer, protocols: redfish({ a: { firmware: 3 } }) }],
      },
    });
    const acme = (firmwareVersion: string) => profiles.match(bmc({ vendor: "Acme", firmwareVersion }));
    expect(acme("2.1").quirks).toEqual({ redfish: { a: { generic: 1, family: 2, firmware: 3 }, b: { generic: 1 } } });
    expect(acme("1.9").quirks).toEqual({ redfish: { a: { generic: 1, family: 2, firmware: 2 }, b: { generic: 1 } } });
    expect(acme("2.1").why).toContain("redfish.a.firmware = 3: a reason (acme/one, firmware from 2 (dotted))");
    expect(acme("2.1").why).toHaveLength(5);
  });

  test("a value is replaced whole, never mixed", async () => {
    const profiles = await profilesOf({
      generic: { protocols: redfish({ a: { poll: { intervalMs: 1, timeoutMs: 2 } } }) },
      "acme/one": { ...rule, protocols: redfish({ a: { poll: { intervalMs: 3 } } }) },
    });
    expect(profiles.match(bmc({ vendor: "Acme" })).quirks).toEqual({ redfish: { a: { poll: { intervalMs: 3 } } } });
  });

  test("the site wins over all that is shipped, also over a firmware range", async () => {
    const profiles = await profilesOf(
      {
        "acme/one": {
          ...rule,
          protocols: redfish({ a: { x: 1, y: 1, z: 1 } }),
          firmware: [{ when: newer, protocols: redfish({ a: { x: 2, y: 2 } }) }],
        },
      },
      { generic: { protocols: redfish({ a: { x: 3, w: 3 } }) }, "acme/one": { protocols: redfish({ a: { w: 4 } }) } },
    );
    const { quirks } = profiles.match(bmc({ vendor: "Acme", firmwareVersion: "2" }));
    expect(quirks).toEqual({ redfish: { a: { x: 3, y: 2, z: 1, w: 4 } } });
    expect(profiles.match(bmc({})).quirks).toEqual({ redfish: { a: { x: 3, w: 3 } } });
  });

  test("a site adds families and may match shipped ones otherwise", async () => {
    const profiles = await profilesOf(
      { "acme/one": { ...rule, priority: 1 } },
      {
        "acme/one": { title: "Ours", match: [{ vendor: { equals: "Rebranded" } }] },
        "our/own": { match: [{ product: { equals: "Own" } }] },
      },
    );
    expect(profiles.match(bmc({ vendor: "Rebranded", product: "Own" })).id).toBe("acme/one");
    expect(profiles.match(bmc({ vendor: "Acme" })).id).toBe("generic");
    expect(profiles.match(bmc({ product: "Own" })).id).toBe("our/own");
    expect(profiles.list()).toEqual([
      { id: "acme/one", title: "Ours", origins: ["shipped", "site"] },
      { id: "our/own", title: "our/own", origins: ["site"] },
    ]);
  });
});
