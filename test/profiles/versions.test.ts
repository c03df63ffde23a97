import { describe, expect, test } from "vitest";
import type { Identity } from "../../src/core/driver.ts";
import { compareVersions, inRange, rangesMayMeet, schemes } from "../../src/profiles/versions.ts";

const bmc = (managerModel?: string): Identity => ({
  protocol: "redfish",
  oem: [],
  ...(managerModel !== undefined && { managerModel }),
});

describe("a scheme", () => {
  test.each<[string, string, readonly number[] | undefined]>([
    ["dotted", "7.00.30.00", [7, 0, 30, 0]],
    ["dotted", " v2.72 May 2025", [2, 72]],
    ["dotted", "11.01.01", [11, 1, 1]],
    ["dotted", "2.", undefined],
    ["dotted", "build 5", undefined],
    ["dotted", "", undefined],
    ["labelled", "iLO 5 v2.72", [2, 72]],
    ["labelled", "TGBT42S 2.83", [2, 83]],
    ["labelled", "2.72", [2, 72]],
    ["labelled", "iLO 5", undefined],
    ["labelled", "V5.70A", [5, 70]],
    ["dashed", "1.10-13", [1, 10, 13]],
    ["dashed", "2.14.0-dev", [2, 14, 0]],
    ["dashed", "gb200-1.10", undefined],
    ["model-generation", "17/1.20.50", [17, 1, 20, 50]],
    ["model-generation", "1.20.50", undefined],
    ["model-generation", "17/new", undefined],
  ])("%s reads %j as %j", (scheme, text, version) => {
    expect(schemes[scheme]?.parse(text)).toEqual(version);
  });

  test("of a generation reads it from the Manager's model, so that a version that began again is not an old one", () => {
    const tenth = { scheme: "model-generation", from: "17/0" };
    const ninth = { scheme: "model-generation", from: "14/0", below: "17/0" };
    expect(inRange("1.20.50.50", tenth, bmc("17G Monolithic"))).toBe(true);
    expect(inRange("7.10.30.00", tenth, bmc("16G Monolithic"))).toBe(false);
    expect(inRange("7.10.30.00", ninth, bmc("16G Monolithic"))).toBe(true);
    expect(inRange("1.20.50.50", ninth, bmc())).toBe(false);
    expect(inRange("1.20.50.50", tenth, bmc("Model 17G"))).toBe(false);
  });
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
