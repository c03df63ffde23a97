import { expect, test } from "vitest";
import { redfishQuirks } from "../../../src/drivers/redfish/quirks.ts";

test("nothing said is the defaults", () => {
  expect(redfishQuirks.parse({})).toEqual(redfishQuirks.defaults);
});

test("what is said replaces the default, and the rest of its section stays", () => {
  const quirks = redfishQuirks.parse({ verify: { poll: { timeoutMs: 5 } }, insert: { checkFirst: true } });
  expect(quirks.verify.poll).toEqual({ intervalMs: 1000, timeoutMs: 5 });
  expect(quirks.insert).toEqual({ ...redfishQuirks.defaults.insert, checkFirst: true });
});

test.each([
  [{ insert: { retry: 3 } }, "redfish.insert.retry", "unknown"],
  [{ sparkle: {} }, "redfish.sparkle", "unknown"],
  [{ verify: { poll: { every: 1 } } }, "redfish.verify.poll.every", "unknown"],
  [{ insert: { settleMs: "soon" } }, "redfish.insert.settleMs", "malformed"],
  [{ auth: { mode: "digest" } }, "redfish.auth.mode", "malformed"],
  [{ slots: { exclude: "(" } }, "redfish.slots.exclude", "malformed"],
  [{ insert: { recipe: [{ method: "POST", path: "{slots}" }] } }, "redfish.insert.recipe.0.path", "malformed"],
  [{ insert: { recipe: [{ method: "POST", path: "{slot}/{x}" }] } }, "redfish.insert.recipe.0.path", "malformed"],
  [
    { insert: { recipe: [{ method: "POST", path: "/x", body: { Url: ["{imgae}"] } }] } },
    "redfish.insert.recipe.0.body",
    "malformed",
  ],
  [{ errors: { list: [{ match: {}, code: "BMC_BUSY" }] } }, "redfish.errors.list.0.match", "malformed"],
  [{ errors: { list: [{ match: { id: "X" }, code: "OOPS" }] } }, "redfish.errors.list.0.code", "malformed"],
])("%j is refused, naming the quirk", (raw, field, why) => {
  expect(() => redfishQuirks.parse(raw)).toThrow(
    expect.objectContaining({
      code: "SETTINGS_INVALID",
      context: { field },
      message: expect.stringMatching(new RegExp(`Quirk ${field} is ${why}`)),
    }),
  );
});
