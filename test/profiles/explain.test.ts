import { describe, expect, test } from "vitest";
import type { Identity } from "../../src/core/driver.ts";
import { MediabayError } from "../../src/core/errors.ts";
import { createProfiles } from "../../src/profiles/index.ts";
import { profileFolder, redfish } from "./folder.ts";

const bmc = (says: Partial<Identity>): Identity => ({ protocol: "redfish", oem: [], ...says });
const rule = { match: [{ vendor: { equals: "Acme" } }] };
const older = { scheme: "dotted", below: "2" };

const profiles = async () =>
  createProfiles({
    vendorsDir: await profileFolder({
      generic: { title: "Any", protocols: redfish({ a: { w: 1, x: 1 } }) },
      "acme/one": {
        ...rule,
        title: "Acme One",
        confidence: "report",
        notes: ["Two issues contradict each other."],
        protocols: redfish({ a: { x: 2, y: 2 } }),
        firmware: [
          { when: older, protocols: redfish({ a: { y: 3 } }) },
          {
            when: { scheme: "dotted", below: "3" },
            only: { systemModel: { equals: "B" } },
            protocols: redfish({ a: { z: 4 } }),
          },
        ],
      },
    }),
    siteDir: await profileFolder({ "acme/one": { title: "Ours", protocols: redfish({ a: { w: 5 } }) } }),
  });

describe("a profile is explained", () => {
  test("by the rule that held and by each quirk that acts, with the file and the firmware it is from", async () => {
    const found = (await profiles()).explain(bmc({ vendor: "Acme", firmwareVersion: "1.5", systemModel: "B" }));
    expect(found).toMatchObject({
      id: "acme/one",
      title: "Ours",
      confidence: "report",
      origins: ["shipped", "site"],
      rule: 'vendor equals "Acme"',
      notes: ["Two issues contradict each other."],
    });
    expect(
      found.quirks.map(({ key, value, profile, origin, firmware }) => [key, value, profile, origin, firmware]),
    ).toEqual([
      ["w", 5, "acme/one", "site", undefined],
      ["x", 2, "acme/one", "shipped", undefined],
      ["y", 3, "acme/one", "shipped", "below 2 (dotted)"],
      ["z", 4, "acme/one", "shipped", 'below 3 (dotted) and systemModel equals "B"'],
    ]);
    expect(found.quirks[0]).toMatchObject({ why: "a reason", evidence: { source: "a test", confidence: "measured" } });
  });

  test("as the generic one where no rule holds", async () => {
    const found = (await profiles()).explain(bmc({ vendor: "Other" }));
    expect(found).toMatchObject({ id: "generic", title: "Any", origins: ["shipped"], notes: [] });
    expect(found).not.toHaveProperty("rule");
    expect(found.quirks.map(({ key }) => key)).toEqual(["w", "x"]);
  });

  test("by the very quirks that act", async () => {
    const both = await profiles();
    const identity = bmc({ vendor: "Acme", firmwareVersion: "2.5", systemModel: "B" });
    const sections: Record<string, unknown> = {};
    for (const { key, value } of both.explain(identity).quirks) sections[key] = value;
    expect(both.match(identity).quirks).toEqual({ redfish: { a: sections } });
    expect(sections).toEqual({ w: 5, x: 2, y: 2, z: 4 });
  });
});

describe("a profile is shown", () => {
  test("with the quirks of every firmware", async () => {
    const shown = (await profiles()).get("acme/one");
    expect(shown).toMatchObject({ id: "acme/one", priority: 0, rules: ['vendor equals "Acme"'] });
    expect(shown.quirks).toHaveLength(5);
  });

  test("only if there is one", async () => {
    const all = await profiles();
    expect(() => all.get("acme/two")).toThrow(MediabayError);
    expect(all.list().map(({ id }) => id)).toEqual(["acme/one", "generic"]);
  });
});
