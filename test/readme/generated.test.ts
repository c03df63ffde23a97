// The README's generated parts are what the code says.
import { describe, expect, test } from "vitest";
import { lacksPeer } from "../tools/peers.ts";
import { generatedParts, readReadme, withParts } from "./document.ts";
import { renderSection, sectionNames } from "./sections.ts";
import { markdownTable } from "./table.ts";

describe("the README", () => {
  const parts = generatedParts(readReadme());

  test("has a place for every section, and for no other", () => {
    expect([...parts.keys()].sort()).toEqual(sectionNames);
  });

  /** One of them compares with a peer. */
  const rendered = lacksPeer(".venv") ? sectionNames.filter((name) => name !== "support") : sectionNames;

  test.each(rendered)(
    "says of %s what the code says; `npm run readme` writes it anew",
    async (name) => {
      expect(parts.get(name)).toBe((await renderSection(name)).trim());
    },
    120_000,
  );

  test("has no placeholder left in a generated part", () => {
    for (const part of parts.values()) expect(part).toMatch(/^\|---/mu);
  });
});

describe("a generated part", () => {
  const document = "a\n<!-- generated: x -->\nold\n<!-- /generated -->\nb\n";

  test("is found by its name and replaced alone", () => {
    expect(generatedParts(document)).toEqual(new Map([["x", "old"]]));
    const replaced = withParts(document, new Map([["x", "| $& |"]]));
    expect(replaced).toBe("a\n<!-- generated: x -->\n\n| $& |\n\n<!-- /generated -->\nb\n");
    expect(withParts(replaced, generatedParts(replaced))).toBe(replaced);
    expect(withParts(document, new Map([["y", "new"]]))).toBe(document);
  });

  test.each([
    document.replace("<!-- /generated -->", ""),
    document.replace("generated: x", "generated: X"),
    document + document,
  ])("that is not marked well is refused: %j", (text) => {
    expect(() => generatedParts(text)).toThrow("misspelt, unclosed or there twice");
  });

  test("keeps its columns when a cell holds a bar", () => {
    expect(markdownTable(["a", "b"], [["1|2", "3"]])).toBe("| a | b |\n|---|---|\n| 1\\|2 | 3 |\n");
  });
});
