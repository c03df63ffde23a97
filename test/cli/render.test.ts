// What tables make of texts that others wrote: every row stays one line, in its columns.
import { describe, expect, test } from "vitest";
import { fields, plain, table } from "../../src/cli/render.ts";

describe("a table", () => {
  test("has its columns under their titles, and nothing behind the last", () => {
    const rows = [
      ["a", 10, true],
      ["longer", undefined, false],
    ];
    expect(table(["name", "bytes", "in"], rows, "none")).toBe(
      "NAME    BYTES  IN\na       10     yes\nlonger         no\n",
    );
    expect(table(["name"], [], "none")).toBe("none\n");
  });

  test("shows line feeds and turns of the writing's direction for what they are", () => {
    const rows = [["x  1\nuser_data", 33], ["\u202egnp.exe", 5], ["a\tb\u2028c\u001b[2Jd", 6], ["e\u0007f"]];
    expect(table(["path", "bytes"], rows, "none").split("\n")).toEqual([
      "PATH                 BYTES",
      "x  1\\u000auser_data  33",
      "\\u202egnp.exe        5",
      "a\\u0009b\\u2028cd     6",
      "ef",
      "",
    ]);
    expect(fields([["label", "a\nformat  fat"]])).toBe("label  a\\u000aformat  fat\n");
  });

  test("knows that some characters are two columns wide, and some none", () => {
    expect(
      table(
        ["a", "b"],
        [
          ["日本", 1],
          ["e\u0301é", 2],
          ["👩‍🔧", 3],
        ],
        "none",
      ).split("\n"),
    ).toEqual(["A     B", "日本  1", "e\u0301é    2", "👩‍🔧    3", ""]);
  });

  test("of as many rows as an image has entries is drawn line by line", () => {
    const rows = Array.from({ length: 50_000 }, (_, index) => [`f${index}`, index]);
    expect(table(["path", "bytes"], rows, "none").split("\n")).toHaveLength(50_002);
  });
});

test("a text keeps its lines and loses what a terminal would obey", () => {
  expect(plain("a\n\tb\u001b[2Jc\u202ed\u0007")).toBe("a\n\tbcd");
});
