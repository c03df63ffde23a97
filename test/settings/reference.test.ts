// The reference is rendered from the schema: every key is explained, and its default is the one that holds.
import { expect, test } from "vitest";
import { loadSettings } from "../../src/settings/load.ts";
import { renderReference, settingKeys } from "../../src/settings/tree.ts";

const leaves = (value: object, prefix = ""): readonly string[] =>
  Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? leaves(inner, `${prefix}${name}.`)
      : [`${prefix}${name}`],
  );

test("every key has a meaning, a kind, a default and a variable of its own", () => {
  const unexplained = settingKeys.filter(
    ({ description, kind, fallback }) => !/^[A-Z`].*[.]$/.test(description) || kind === "" || fallback === "",
  );
  expect(unexplained).toEqual([]);
  expect(new Set(settingKeys.map((key) => key.environment)).size).toBe(settingKeys.length);
});

test("every key of the loaded settings is in it", () => {
  const paths = settingKeys.map((key) => key.path);
  const loaded = leaves(loadSettings({ env: {}, readFile: () => "" }));
  expect(loaded.filter((path) => !paths.includes(path))).toEqual([]);
  expect(loaded.length).toBeGreaterThan(20);
});

test("the default that it shows is the default that holds", () => {
  const shown = settingKeys.filter(({ fallback }) => fallback !== "none" && !fallback.includes(" "));
  const set = shown.map(({ path, fallback }) => ({ path, value: fallback, flag: "" }));
  expect(loadSettings({ env: {}, readFile: () => "", flags: { set } })).toEqual(
    loadSettings({ env: {}, readFile: () => "" }),
  );
});

test("it is a Markdown table with one row a key", () => {
  const rows = renderReference().trim().split("\n");
  expect(rows).toHaveLength(settingKeys.length + 2);
  expect(rows).toContain(
    "| `control.port` | `MEDIABAY_CONTROL_PORT` | port | 8480 | Its port; 0 lets the system choose. |",
  );
  for (const row of rows) expect(row.match(/\|/g)).toHaveLength(6);
});
