import { expect, test } from "vitest";
import { compareVersions, rangesMayMeet, schemes } from "../../src/profiles/versions.ts";

test("a dotted version is its leading numbers, and nothing else is one", () => {
  const read = (text: string) => schemes["dotted"]?.parse(text);
  expect(read("7.00.30.00")).toEqual([7, 0, 30, 0]);
  expect(read(" v2.72 May 2025")).toEqual([2, 72]);
  expect([read("2."), read("build 5"), read("")]).toEqual([undefined, undefined, undefined]);
});

test("missing numbers count as 0", () => {
  expect(compareVersions([6], [6, 0, 0])).toBe(0);
  expect(compareVersions([6, 9], [6, 10])).toBeLessThan(0);
});

test("ranges of different schemes may always meet", () => {
  const [older, newer] = [
    { scheme: "dotted", below: "1" },
    { scheme: "dotted", from: "2" },
  ];
  expect(rangesMayMeet(older, newer)).toBe(false);
  expect(rangesMayMeet(older, { ...newer, scheme: "another" })).toBe(true);
});
