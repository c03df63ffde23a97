// A law over all switches of a personality: each is turned by a test of the simulator, and an empty personality is the schema-true one.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPersonality } from "../../src/simulators/redfish/personality/index.ts";
import { standardResources } from "./redfish-fixture.ts";

const groups = ["auth", "http", "media", "boot", "power", "bmc", "oem", "errors"] as const;
/** Without a default, so that an empty personality does not have them. */
const optional = ["expand", "shownImage", "bootFlag", "certificateParameter", "enabledStays"];

const tests = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".test.ts") && name !== "redfish-switches.test.ts")
  .map((name) => readFileSync(join(import.meta.dirname, name), "utf8"))
  .join("\n");

const empty = readPersonality({});
const switches = [...groups.flatMap((group) => Object.keys(empty[group])), ...optional];

test.each(switches)("the switch %s is turned by a test", (name) => {
  expect(new RegExp(`\\b${name}\\b[:,\\s}\\]]`, "u").test(tests)).toBe(true);
});

test("the standard fixture deviates in nothing", () => {
  const personality = join(import.meta.dirname, "../../fixtures/dmtf/two-slot-1.0/personality.json");
  const { title: _title, ...own } = readPersonality(JSON.parse(readFileSync(personality, "utf8")));
  const { title: _none, ...standard } = empty;
  expect(own).toEqual(standard);
  expect(Object.keys(standardResources()).length).toBeGreaterThan(10);
});
