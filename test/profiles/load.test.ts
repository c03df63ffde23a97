import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import { createProfiles } from "../../src/profiles/index.ts";
import { profileFolder, quirk, redfish } from "./folder.ts";

const acme = { match: [{ vendor: { equals: "Acme" } }] };

const refusal = async (vendorsDir: string): Promise<MediabayError> => {
  const error: unknown = await createProfiles({ vendorsDir }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MediabayError)) throw new Error("was not refused", { cause: error });
  expect(error.code).toBe("SETTINGS_INVALID");
  return error;
};

describe("a malformed file is refused by name and key", () => {
  const quirkWithout = (part: "why" | "evidence") => {
    const { [part]: _left, ...rest } = quirk(1);
    return { ...acme, protocols: { redfish: { http: { maxInFlight: rest } } } };
  };

  test.each<[string, object, string]>([
    ["an unknown key", { ...acme, titel: "x" }, "titel"],
    ["another version of the format", { ...acme, schemaVersion: 2 }, "schemaVersion"],
    ["an id that is not its path", { ...acme, id: "acme/two" }, "id: acme/two is not its path"],
    ["an id of another form", { ...acme, id: "Acme" }, "id: "],
    ["no rule", {}, "match: needs at least one rule"],
    ["a rule that tests nothing", { match: [{ score: 2 }] }, "match.0: needs at least one test"],
    ["an unknown operator", { match: [{ vendor: { like: "x" } }] }, "match.0.vendor"],
    ["two operators", { match: [{ vendor: { equals: "x", matches: "y" } }] }, "match.0.vendor"],
    ["a broken expression", { match: [{ vendor: { matches: "(" } }] }, "match.0.vendor"],
    [
      "an unknown scheme",
      { match: [{ firmwareVersion: { scheme: "lunar", from: "1" } }] },
      "match.0.firmwareVersion.scheme",
    ],
    [
      "a bound of another scheme",
      { match: [{ firmwareVersion: { scheme: "dotted", from: "x" } }] },
      "firmwareVersion.from",
    ],
    [
      "a range without bounds",
      { match: [{ firmwareVersion: { scheme: "dotted" } }] },
      "match.0.firmwareVersion: needs from",
    ],
    ["an unknown protocol", { ...acme, protocols: { gopher: {} } }, "protocols"],
    ["a quirk without a reason", quirkWithout("why"), "protocols.redfish.http.maxInFlight.why"],
    ["a quirk without evidence", quirkWithout("evidence"), "protocols.redfish.http.maxInFlight.evidence"],
  ])("%s", async (_what, profile, words) => {
    const folder = await profileFolder({ "acme/one": profile });
    const { message } = await refusal(folder);
    expect(message).toContain(join(folder, "acme/one.json"));
    expect(message).toContain(words);
  });

  test("what is not JSON", async () => {
    const folder = await profileFolder({});
    await mkdir(join(folder, "acme"));
    await writeFile(join(folder, "acme/one.json"), '{ "id": ');
    expect((await refusal(folder)).message).toMatch(/acme\/one\.json: is not JSON/u);
  });

  test("a file that is not a profile, but not a hidden one", async () => {
    const folder = await profileFolder({ "acme/one": acme });
    await writeFile(join(folder, ".keep"), "");
    await expect(createProfiles({ vendorsDir: folder })).resolves.toBeDefined();
    await writeFile(join(folder, "acme/one.yaml"), "");
    expect((await refusal(folder)).message).toMatch(/one\.yaml: is not a \.json file/u);
  });

  test("a folder that is not there", async () => {
    expect((await refusal("/nonexistent/vendors")).message).toContain("cannot be read as a folder");
  });

  test("a generic profile that asks for a match", async () => {
    expect((await refusal(await profileFolder({ generic: acme }))).message).toContain("holds for every BMC");
  });
});

describe("quirks are shown to the driver's own check", () => {
  const validators = {
    redfish: (sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => {
      for (const [key, value] of Object.values(sections).flatMap((section) => Object.entries(section))) {
        if (key === "defect") throw new TypeError("a defect of the check");
        if (value === 13) throw new MediabayError("SETTINGS_INVALID", "Quirk must not be 13.");
      }
    },
  };

  const load = async (profile: object) =>
    createProfiles({ vendorsDir: await profileFolder({ "acme/one": { ...acme, ...profile } }), validators });

  test("a value that it refuses is named with its file", async () => {
    const protocols = redfish({ http: { fine: 12, bad: 13 } });
    await expect(load({ protocols })).rejects.toThrow(
      /acme\/one\.json: protocols\.redfish\.http\.bad: .* not be 13\.$/u,
    );
  });

  test("also inside a firmware range", async () => {
    const firmware = [{ when: { scheme: "dotted", from: "1" }, protocols: redfish({ http: { bad: 13 } }) }];
    await expect(load({ firmware })).rejects.toThrow(/protocols\.redfish\.http\.bad/u);
  });

  test("a value that means something only beside others is shown with those of its section, also the shipped ones", async () => {
    const pair = {
      redfish: ({ a = {} }: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => {
        if (a["kind"] === "path" && a["path"] === undefined) throw new MediabayError("SETTINGS_INVALID", "No path.");
      },
    };
    const kind = { ...acme, protocols: redfish({ a: { kind: "path" } }) };
    const withPath = { ...acme, protocols: redfish({ a: { path: "/x" } }) };
    const folder = await profileFolder({ "acme/one": kind });
    await expect(createProfiles({ vendorsDir: folder, validators: pair })).rejects.toThrow(/a\.kind: No path/u);
    const vendorsDir = await profileFolder({ "acme/one": withPath });
    await expect(createProfiles({ vendorsDir, siteDir: folder, validators: pair })).resolves.toBeDefined();
    const range = { ...withPath, firmware: [{ when: { scheme: "dotted", from: "1" }, protocols: kind.protocols }] };
    const ranged = await profileFolder({ "acme/one": range });
    await expect(createProfiles({ vendorsDir: ranged, validators: pair })).resolves.toBeDefined();
  });

  test("a defect of the check is not taken for a refusal", async () => {
    await expect(load({ protocols: redfish({ http: { defect: 1 } }) })).rejects.toThrow(TypeError);
  });
});

describe("ambiguity is refused", () => {
  test.each<[string, object, object]>([
    ["one value", { vendor: { equals: "Acme" } }, { vendor: { oneOf: ["Other", "ACME"] } }],
    ["a start", { vendor: { startsWith: ["Ac"] } }, { vendor: { startsWith: ["acme", "Other"] } }],
    ["an expression that fits", { vendor: { equals: "Acme" } }, { vendor: { matches: "^A" } }],
    ["expressions of which nothing is known", { vendor: { matches: "x" } }, { vendor: { matches: "y" } }],
    ["an alternative behind the start", { vendor: { matches: "^a|b" } }, { vendor: { matches: "^c" } }],
    ["an optional letter", { vendor: { matches: "^ab?" } }, { vendor: { matches: "^ac" } }],
    ["different fields", { vendor: { equals: "Acme" } }, { product: { equals: "One" } }],
    ["OEM keys, of which there may be several", { oem: { equals: "A" } }, { oem: { equals: "B" } }],
    [
      "firmware ranges that share a version",
      { firmwareVersion: { scheme: "dotted", below: "2.1" } },
      { firmwareVersion: { scheme: "dotted", from: "2" } },
    ],
  ])("between rules of equal rank that may meet: %s", async (_what, one, other) => {
    const folder = await profileFolder({ "acme/one": { match: [one] }, "acme/two": { match: [other] } });
    expect((await refusal(folder)).message).toMatch(/acme\/two\.json: match: a rule of equal rank in acme\/one/u);
    const ranked = await profileFolder({ "acme/one": { match: [one] }, "acme/two": { match: [other], priority: 1 } });
    await expect(createProfiles({ vendorsDir: ranked })).resolves.toBeDefined();
  });

  test.each<[string, object, object]>([
    ["different values", { vendor: { equals: "Acme" } }, { vendor: { oneOf: ["Other"] } }],
    ["different starts", { vendor: { startsWith: ["Ac"] } }, { vendor: { startsWith: ["Am"] } }],
    ["an expression that does not fit", { vendor: { equals: "Acme" } }, { vendor: { matches: "^B" } }],
    ["expressions that start otherwise", { vendor: { matches: "^iB 5" } }, { vendor: { matches: "^iB 6" } }],
    [
      "one field of several",
      { vendor: { equals: "A" }, oem: { equals: "X" } },
      { vendor: { equals: "B" }, oem: { equals: "X" } },
    ],
    ["different scores", { vendor: { equals: "Acme" }, score: 2 }, { vendor: { equals: "Acme" } }],
    [
      "protocol versions one behind the other",
      { protocolVersion: { scheme: "dotted", below: "1.11" } },
      { protocolVersion: { scheme: "dotted", from: "1.11" } },
    ],
    [
      "firmware ranges one behind the other",
      { firmwareVersion: { scheme: "dotted", below: "2.0" } },
      { firmwareVersion: { scheme: "dotted", from: "2" } },
    ],
  ])("but not between rules that never meet: %s", async (_what, one, other) => {
    const folder = await profileFolder({ "acme/one": { match: [one] }, "acme/two": { match: [other] } });
    await expect(createProfiles({ vendorsDir: folder })).resolves.toBeDefined();
  });

  test("between a site's family and a shipped one", async () => {
    const vendorsDir = await profileFolder({ "acme/one": acme });
    const siteDir = await profileFolder({ "our/own": acme });
    await expect(createProfiles({ vendorsDir, siteDir })).rejects.toThrow(/our\/own\.json: match/u);
  });

  test("between firmware ranges of one file that set the same quirk", async () => {
    const ranges = (below: string, otherKey: string) => ({
      ...acme,
      firmware: [
        { when: { scheme: "dotted", below }, protocols: redfish({ http: { key: 1 } }) },
        { when: { scheme: "dotted", from: "2" }, protocols: redfish({ http: { [otherKey]: 2 } }) },
      ],
    });
    const { message } = await refusal(await profileFolder({ "acme/one": ranges("2.5", "key") }));
    expect(message).toContain("firmware: two ranges that may meet both set redfish.http.key");
    for (const fine of [ranges("2", "key"), ranges("2.5", "other")])
      await expect(createProfiles({ vendorsDir: await profileFolder({ "acme/one": fine }) })).resolves.toBeDefined();
  });
});
