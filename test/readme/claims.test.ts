// What the README says of commands, options, scripts, settings and files is there.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { attachBody } from "../../src/rest/schemas/requests.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { settingKeys } from "../../src/settings/tree.ts";
import { allOptions, ownVariables, parse } from "./command-line.ts";
import { readReadme } from "./document.ts";
import { blocksOf, commandLines, commandsInSentences, flagsInSentences, inlineCode } from "./quoted.ts";

const text = readReadme();
const root = join(import.meta.dirname, "../..");

describe("the command line", () => {
  test.each(commandLines(text).map((words) => [words.join(" "), words] as const))("takes %s", async (_line, words) => {
    await expect(parse(words)).resolves.toBeUndefined();
  });

  test.each(commandsInSentences(text).map((words) => [words.join(" "), words] as const))(
    "knows the command %s",
    async (_line, words) => {
      const problem: unknown = await parse(words).catch((error: unknown) => error);
      expect([undefined, "commander.missingArgument"]).toContain(
        problem instanceof CommanderError ? problem.code : problem,
      );
    },
  );

  test.each(flagsInSentences(text))("knows the option $name $values", async ({ name, values }) => {
    const known = (await allOptions()).filter((option) => option.long === name);
    const fitting = known.filter(
      ({ argChoices, required, optional }) =>
        values.length === 0 ||
        (argChoices === undefined ? required || optional : values.every((value) => argChoices.includes(value))),
    );
    expect(name === "--help" || fitting.length > 0).toBe(true);
  });

  test.each([
    ["an unknown option", "commander.unknownOption", ["attach", "node-17", "--weight"]],
    ["an unknown command", "commander.unknownCommand", ["attech", "node-17"]],
    ["a machine without an address", "commander.missingArgument", ["machine", "add", "node-17"]],
    ["a setting that is none", "SETTINGS_INVALID", ["serve", "--set", "control.prt=1"]],
  ])("refuses %s with %s", async (_what, code, words) => {
    await expect(parse(words)).rejects.toMatchObject({ code });
  });
});

describe("npm", () => {
  const manifest = z.object({ scripts: z.record(z.string(), z.string()) });
  const { scripts } = manifest.parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  const code = [...blocksOf(text, "sh"), ...inlineCode(text)].join("\n");
  const named = new Set([...code.matchAll(/\bnpm (?:run )?([a-z-]+)/gu)].map(([, name = ""]) => name));

  test.each([...named].filter((name) => name !== "ci"))("has the script %s", (name) => {
    expect(Object.keys(scripts)).toContain(name);
  });

  test.each(Object.entries(scripts))("finds the file that %s runs: %s", (_name, script) => {
    const files = script.match(/\S+\.(ts|mjs)\b/gu) ?? [];
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});

describe("settings", () => {
  const sections = new Set(settingKeys.map(({ path }) => path.split(".")[0]));
  const isKeyOrSection = (name: string): boolean =>
    settingKeys.some(({ path }) => path === name || path.startsWith(`${name}.`));

  test("that are named by key are there", () => {
    const named = inlineCode(text).filter((code) => /^[a-zA-Z]+(\.[a-zA-Z]+)+$/u.test(code));
    const ours = named.filter((code) => sections.has(code.split(".")[0]));
    expect(ours.filter((code) => !isKeyOrSection(code))).toEqual([]);
    expect(ours.length).toBeGreaterThan(settingKeys.length);
  });

  test("that are named by variable are there", async () => {
    const known = [...settingKeys.map((key) => key.environment), ...(await ownVariables())];
    const named = text.match(/MEDIABAY_[A-Z_]+/gu) ?? [];
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  test.each(blocksOf(text, "yaml"))("are right in the example\n%s", (example) => {
    expect(() => loadSettings({ env: {}, flags: { config: "x" }, readFile: () => example })).not.toThrow();
  });
});

test("every field of an attach is in the table of its options", () => {
  const schema = z.looseObject({
    $ref: z.string().optional(),
    properties: z.record(z.string(), z.unknown()).default({}),
    oneOf: z.array(z.unknown()).default([]),
  });
  const defined = z.object({ $defs: z.record(z.string(), z.unknown()) });
  const { $defs } = defined.parse(z.toJSONSchema(attachBody, { io: "input" }));
  const membersOf = (value: unknown): readonly [string, unknown][] => {
    const { $ref, properties, oneOf } = schema.parse(value);
    if ($ref !== undefined) return membersOf($defs[$ref.replace("#/$defs/", "")]);
    return [...Object.entries(properties), ...oneOf.flatMap(membersOf)];
  };
  const fields = membersOf($defs["AttachRequest"]).flatMap(([name, value]) => {
    const inner = membersOf(value).map(([member]) => `${name}.${member}`);
    return inner.length === 0 ? [name] : inner;
  });
  expect(fields).toEqual(expect.arrayContaining(["role", "source.uri", "terms.fullReads", "detachOn.afterMs"]));
  const named = new Set(inlineCode(text));
  expect(fields.filter((field) => !named.has(field))).toEqual([]);
});

test("every file and folder of ours that it names is there", () => {
  const named = text.match(/\b(src|test|vendors|fixtures)\/[\w./-]*/gu) ?? [];
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
