import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import { checkProfile } from "../../src/profiles/index.ts";
import { profileFolder, quirk, redfish } from "./folder.ts";

const acme = { match: [{ vendor: { equals: "Acme" } }] };
const newer = { scheme: "dotted", from: "2" };

/** A driver with the quirks `a.x` and `a.y`, numbers, 1 by default. */
const validators = {
  redfish: (sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => {
    const { a = {} } = sections;
    const wrong = Object.entries(a).find(([key, value]) => !["x", "y"].includes(key) || typeof value !== "number");
    if (wrong !== undefined) throw new MediabayError("SETTINGS_INVALID", `Quirk redfish.a.${wrong[0]} is unknown.`);
    return { x: 1, y: 1, ...a };
  },
};

const shipped = {
  generic: { protocols: redfish({ a: { y: 2 } }) },
  "acme/one": {
    ...acme,
    protocols: redfish({ a: { x: 5 } }),
    firmware: [{ when: newer, protocols: redfish({ a: { x: 1 } }) }],
  },
};

/** Checks `profile` as a site's file, or as the shipped file of that id. */
const check = async (id: string, profile: object, place: "site" | "shipped" = "site") => {
  const vendorsDir = await profileFolder(place === "shipped" ? { ...shipped, [id]: profile } : shipped);
  const folder = place === "shipped" ? vendorsDir : await profileFolder({ [id]: profile });
  return checkProfile({ file: join(folder, `${id}.json`), vendorsDir, validators });
};

const problems = async (checked: Promise<unknown>): Promise<readonly string[]> => {
  const error: unknown = await checked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MediabayError)) throw new Error("was not refused", { cause: error });
  expect(error.code).toBe("SETTINGS_INVALID");
  const listed = error.context["problems"] as readonly { readonly key: string; readonly problem: string }[];
  return listed.map(({ key, problem }) => `${key}: ${problem}`);
};

describe("a right file", () => {
  test("adds a family", async () => {
    const match = [{ vendor: { equals: "Other" } }];
    const file = { title: "Two", match, protocols: redfish({ a: { x: 2 } }) };
    expect(await check("other/two", file)).toMatchObject({
      id: "other/two",
      title: "Two",
      effect: "adds",
      rules: ['vendor equals "Other"'],
      quirks: 1,
    });
  });

  test("changes a shipped family, also without a rule of its own", async () => {
    expect(await check("acme/one", { protocols: redfish({ a: { x: 6 } }) })).toMatchObject({ effect: "changes" });
  });

  test("is a shipped one in its own place", async () => {
    expect(await check("acme/one", shipped["acme/one"], "shipped")).toMatchObject({ effect: "adds", quirks: 2 });
  });
});

describe("a wrong file is refused with every problem", () => {
  test("of its form", async () => {
    const { evidence: _left, ...rest } = quirk(1);
    const file = { titel: "x", match: [{ vendor: { like: "x" } }], protocols: { redfish: { a: { x: rest } } } };
    expect(await problems(check("other/two", file))).toEqual([
      "match.0.vendor: needs exactly one of equals, oneOf, startsWith, matches",
      "protocols.redfish.a.x.evidence: Invalid input: expected object, received undefined",
      '(whole file): Unrecognized key: "titel"',
    ]);
  });

  test("of its dates and ranges", async () => {
    const dated = (date: string) => ({ ...quirk(2), evidence: { ...quirk(2).evidence, date } });
    const dates = { p: "2025-13", q: "2025-00-01", r: "2025-12-32", x: "2025-12-31", y: "2025-01" };
    const a = Object.fromEntries(Object.entries(dates).map(([key, date]) => [key, dated(date)]));
    const when = { scheme: "dotted", from: "2.0", below: "2" };
    const file = {
      match: [{ vendor: { equals: "Other" } }],
      protocols: { redfish: { a } },
      firmware: [{ when, protocols: {} }],
    };
    expect(await problems(check("other/two", file))).toEqual([
      "protocols.redfish.a.p.evidence.date: must be YYYY-MM or YYYY-MM-DD",
      "protocols.redfish.a.q.evidence.date: must be YYYY-MM or YYYY-MM-DD",
      "protocols.redfish.a.r.evidence.date: must be YYYY-MM or YYYY-MM-DD",
      "firmware.0.when.below: is not above from",
    ]);
  });

  test("that rivals another file of its site", async () => {
    const match = [{ vendor: { equals: "Other" } }];
    const folder = await profileFolder({ "other/two": { match }, "other/three": { match } });
    await writeFile(join(folder, "other/no-profile.json"), "{");
    const vendorsDir = await profileFolder(shipped);
    const checked = checkProfile({ file: join(folder, "other/two.json"), vendorsDir, validators });
    expect(await problems(checked)).toEqual([
      "match: a rule of equal rank in other/three may hold for the same BMC; give one of them a priority or a score",
    ]);
  });

  test("of its content", async () => {
    const file = {
      ...acme,
      protocols: redfish({ a: { z: 1 }, b: { x: 1 } }),
      firmware: [{ when: newer, protocols: redfish({ a: { y: "2" } }) }],
    };
    expect(await problems(check("other/two", file))).toEqual([
      "protocols.redfish.a.z: Quirk redfish.a.z is unknown",
      "firmware.0.protocols.redfish.a.y: Quirk redfish.a.y is unknown",
      "match: a rule of equal rank in acme/one may hold for the same BMC; give one of them a priority or a score",
      "protocols.redfish.b.x: changes nothing: leave it out",
    ]);
  });

  test("that is not at its place", async () => {
    const folder = await profileFolder({ "other/two": { ...acme, id: "other/three", priority: 1 } });
    const vendorsDir = await profileFolder(shipped);
    const checked = checkProfile({ file: join(folder, "other/two.json"), vendorsDir, validators });
    expect(await problems(checked)).toEqual([
      "id: other/three is not its path: the file must be <folder>/other/three.json",
    ]);
  });

  test("without a rule where it adds a family", async () => {
    expect(await problems(check("other/two", {}))).toEqual(["match: needs at least one rule"]);
  });

  test("that is not JSON, or not there", async () => {
    const folder = await profileFolder({});
    await writeFile(join(folder, "x.json"), "{");
    const vendorsDir = await profileFolder(shipped);
    await expect(checkProfile({ file: join(folder, "x.json"), vendorsDir, validators })).rejects.toThrow(/not JSON/u);
    await expect(checkProfile({ file: join(folder, "y.json"), vendorsDir, validators })).rejects.toThrow(/be read/u);
  });
});

describe("a quirk changes nothing", () => {
  const idle = "changes nothing: leave it out";
  const match = [{ vendor: { equals: "Other" } }];

  test("where the driver does so by itself", async () => {
    const file = { match, protocols: redfish({ a: { x: 1, y: 1 } }) };
    // `y` is 2 in the generic profile, so 1 says something.
    expect(await problems(check("other/two", file))).toEqual([`protocols.redfish.a.x: ${idle}`]);
  });

  test("where the generic profile says so", async () => {
    expect(await problems(check("other/two", { match, protocols: redfish({ a: { y: 2 } }) }))).toEqual([
      `protocols.redfish.a.y: ${idle}`,
    ]);
  });

  test("where the family says so for all firmware", async () => {
    const firmware = [{ when: newer, protocols: redfish({ a: { x: 3 } }) }];
    const file = { match, protocols: redfish({ a: { x: 3 } }), firmware };
    expect(await problems(check("other/two", file))).toEqual([`firmware.0.protocols.redfish.a.x: ${idle}`]);
  });

  test("but it may set back a default, for some firmware or where the shipped file differs by firmware", async () => {
    const firmware = [{ when: newer, protocols: redfish({ a: { x: 1 } }) }];
    await expect(check("other/two", { match, protocols: redfish({ a: { x: 3 } }), firmware })).resolves.toBeDefined();
    await expect(check("acme/one", { protocols: redfish({ a: { x: 5 } }) })).resolves.toBeDefined();
  });
});
