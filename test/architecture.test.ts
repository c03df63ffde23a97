// The repository's own laws, and for each a sample that breaks it: a law that cannot fail holds nothing.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cycles, importViolations, registryViolations } from "./architecture/rooms.ts";
import { parseSource, readSources } from "./architecture/source.ts";
import {
  anyViolations,
  emptyCatchViolations,
  escapeViolations,
  lengthViolations,
  profileReaders,
  skipViolations,
  topLevelViolations,
  vendorViolations,
} from "./architecture/texts.ts";

const root = join(import.meta.dirname, "..");
const sources = readSources(root, "src");
const all = [...sources, ...readSources(root, "test")];
const sample = (path: string, ...lines: readonly string[]) => parseSource(path, lines.join("\n"));

describe("imports", () => {
  test("every room imports only what the design allows it", () => {
    expect(importViolations(sources)).toEqual([]);
  });

  test.each([
    ["src/core/a.ts", 'import { got } from "got";'],
    ["src/core/a.ts", 'import { readFile } from "node:fs";'],
    ["src/core/a.ts", 'import type { X } from "../wire/x.ts";'],
    ["src/wire/a.ts", 'export * from "../store/x.ts";'],
    ["src/wire/a.ts", 'export { x } from "../store/x.ts";'],
    ["src/gateway/a.ts", 'const x = await import("../drivers/redfish/index.ts");'],
    ["src/gateway/a.ts", 'type X = import("../wire/x.ts").X;'],
    ["src/drivers/redfish/a.ts", 'import { x } from "../ribcl/x.ts";'],
    ["src/drivers/redfish/deep/a.ts", 'import { x } from "../../../profiles/index.ts";'],
    ["src/drivers/redfish/a.ts", 'import { x } from "../registry.ts";'],
    ["src/drivers/registry.ts", 'import { x } from "../wire/x.ts";'],
    ["src/simulators/a.ts", 'import type { X } from "../core/x.ts";'],
    ["src/simulators/a.ts", 'import x from "../../vendors/generic.json" with { type: "json" };'],
    ["src/cli/a.ts", 'import x from "../../package.json" with { type: "json" };'],
    ["src/cli/a.ts", 'import { x } from "../main.ts";'],
    ["src/rest/a.ts", "const x = await import(name);"],
    ["src/attic/a.ts", 'import { x } from "node:fs";'],
  ])("refuses, in %s, %s", (path, line) => {
    expect(importViolations([sample(path, "// opening", line)])).toEqual([expect.stringContaining(`${path}:2 `)]);
  });

  test.each([
    ["src/core/a.ts", 'import { x } from "./x.ts"; // import { got } from "got";'],
    ["src/drivers/registry.ts", 'import { x } from "./redfish/index.ts";'],
    ["src/drivers/redfish/deep/a.ts", 'import { x } from "../errors.ts"; import y from "got";'],
    ["src/simulators/a.ts", 'import x from "../../fixtures/dmtf/x.json" with { type: "json" };'],
    ["src/gateway/a.ts", 'const text = "import x from ../wire/x.ts";'],
    ["src/main.ts", 'import { x } from "./store/x.ts"; import y from "../package.json" with { type: "json" };'],
  ])("allows, in %s, %s", (path, line) => {
    expect(importViolations([sample(path, line)])).toEqual([]);
  });

  test("no files import each other in a circle", () => {
    expect(cycles(sources)).toEqual([]);
  });

  test("a circle is found, but neither types nor late imports make one", () => {
    const circle = (back: string) => [
      sample("src/core/a.ts", 'import { b } from "./b.ts";'),
      sample("src/core/b.ts", 'export { c } from "./deep/c.ts";'),
      sample("src/core/deep/c.ts", back),
      sample("src/core/d.ts", 'import { a } from "./a.ts";'),
    ];
    expect(cycles(circle('import { a } from "../a.ts";'))).toEqual([
      "src/core/a.ts → src/core/b.ts → src/core/deep/c.ts → src/core/a.ts",
    ]);
    expect(cycles(circle('import type { A } from "../a.ts"; const a = () => import("../a.ts");'))).toEqual([]);
  });
});

describe("registries", () => {
  const registry = (path: string) => parseSource(path, readFileSync(join(root, path), "utf8"));

  test("the registry of drivers lists exactly its sibling folders", () => {
    const folders = readdirSync(join(root, "src/drivers"), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const indexes = folders.map(({ name }) => `./${name}/index.ts`);
    expect(registryViolations(registry("src/drivers/registry.ts"), indexes)).toEqual([]);
  });

  test("the registry of image sources lists exactly its sibling files", () => {
    const files = readdirSync(join(root, "src/images/sources")).filter((name) => name !== "registry.ts");
    const siblings = files.map((name) => `./${name}`);
    expect(registryViolations(registry("src/images/sources/registry.ts"), siblings)).toEqual([]);
  });

  test("what a registry lacks and what it names too much is found", () => {
    const two = sample("src/x/registry.ts", 'import { a } from "./a/index.ts";', 'import { b } from "./b.ts";');
    expect(registryViolations(two, ["./a/index.ts", "./c/index.ts"])).toEqual([
      "src/x/registry.ts lacks ./c/index.ts",
      "src/x/registry.ts names ./b.ts",
    ]);
  });
});

describe("texts", () => {
  test("no vendor is named in src outside comments", () => {
    expect(vendorViolations(sources)).toEqual([]);
  });

  test.each([
    'const x = "iDRAC.Embedded.1";',
    "const dellQuirk = 1;",
    "const x = { isHPE: true };",
    "const x = /^iLO \\d/;",
    "const iLO5 = `a`;",
    "const x = `the ${y} of OpenBMC`;",
    "import { x } from './supermicro.ts';",
    "class A { #xccSlots = 1; }",
  ])("a vendor's name is found in %s", (line) => {
    expect(vendorViolations([sample("src/wire/a.ts", line)])).toEqual([
      expect.stringMatching(/^src\/wire\/a\.ts:1 names /u),
    ]);
  });

  test("a vendor's name is found in a file's name", () => {
    expect(vendorViolations([sample("src/wire/dell-slots.ts", "const x = 1;")])).toHaveLength(1);
  });

  test.each([
    "const x = 1; // Dell iDRAC 9 answers 503 (RAC0218)",
    "/** iLO 5 */ const x = 1;",
    "const modellist = pilot(dynamic, confirmCode, intelligent, silo);",
    "const url = 'https://host/a//b';",
    "const isBroken = code.startsWith('HPE_INVALID_');",
  ])("no vendor's name is seen in %s", (line) => {
    expect(vendorViolations([sample("src/wire/a.ts", line)])).toEqual([]);
  });

  test("no simulator reads a profile", () => {
    const simulators = sources.filter(({ path }) => path.startsWith("src/simulators/"));
    expect(profileReaders(simulators)).toEqual([]);
    expect(profileReaders([sample("src/simulators/a.ts", 'const x = "../../vendors/generic.json";')])).toHaveLength(1);
  });

  test("no type is any", () => {
    expect(anyViolations(all)).toEqual([]);
    expect(anyViolations([sample("a.ts", "const x: any = 1; // any", "const y = z as any;")])).toHaveLength(2);
  });

  test("no error is swallowed by an empty catch", () => {
    expect(emptyCatchViolations(all)).toEqual([]);
    expect(emptyCatchViolations([sample("a.ts", "try { x(); } catch { /* fine */ }")])).toHaveLength(1);
  });

  test("nothing silences a check or is left to do", () => {
    expect(escapeViolations(all)).toEqual([]);
    const words = [
      ["oxlint", "disable"],
      ["biome", "ignore"],
      ["@ts", "expect-error"],
    ].map((word) => word.join("-"));
    for (const mark of [...words, ["TO", "DO"].join("")])
      expect(escapeViolations([sample("a.ts", `// ${mark}`)])).toHaveLength(1);
  });

  test("no test is skipped or singled out", () => {
    expect(skipViolations(all)).toEqual([]);
    const skips = [
      "test.skip('x', f);",
      "describe.only('x', f);",
      "it['todo']('x');",
      "xit('x', f);",
      "test.each(x).only('x', f);",
      "test.concurrent.skip('x', f);",
    ];
    for (const skip of skips) expect(skipViolations([sample("a.test.ts", skip)])).toHaveLength(1);
    expect(skipViolations([sample("a.test.ts", "describe.skipIf(lacksPeer('curl'))('x', f);")])).toEqual([]);
  });

  /** Each with its reason. */
  const longFiles = {
    "src/core/errors.ts": "one table of all errors, and the class that carries them",
    "src/core/ports.ts": "what the gateway needs, to be read in one place",
  };

  test("no file of src is longer than 250 lines", () => {
    expect(lengthViolations(sources, 250, longFiles)).toEqual([]);
  });

  test("a long file and a needless exception are found", () => {
    const files = [sample("src/a.ts", ..."x;".repeat(3).split("")), sample("src/b.ts", "x;")];
    expect(lengthViolations(files, 5, { "src/b.ts": "no reason" })).toEqual([
      "src/a.ts has 6 lines",
      "src/b.ts needs no exception",
    ]);
  });
});

test("the repository's top holds what the design names, and no more", () => {
  const ignored = readFileSync(join(root, ".gitignore"), "utf8")
    .split("\n")
    .map((line) => line.replace(/\/$/u, ""));
  expect(topLevelViolations(readdirSync(root), ignored)).toEqual([]);
  expect(topLevelViolations(["src", ".ci", "node_modules", "docs"], ignored)).toEqual([
    expect.stringContaining("docs"),
  ]);
});
