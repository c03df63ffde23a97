// Sizes and durations as people write and read them.
import { expect, test } from "vitest";
import { formatDuration, formatSize, parseDurationMs, parseSizeBytes } from "../../src/core/units.ts";

test.each([
  ["0", 0],
  ["512", 512],
  ["64MiB", 67_108_864],
  ["64 mib", 67_108_864],
  ["1.5G", 1_610_612_736],
  ["2kB", 2000],
  ["1TB", 1_000_000_000_000],
])("%s is a size", (text, bytes) => {
  expect(parseSizeBytes(text)).toBe(bytes);
});

test.each([
  ["250ms", 250],
  ["90000", 90_000],
  ["30s", 30_000],
  ["1.5h", 5_400_000],
  ["2d", 172_800_000],
])("%s is a duration", (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});

test.each([
  "",
  "MiB",
  "-1MiB",
  "1e3",
  "1,5G",
  "5QiB",
  "10 parsecs",
  "9999999999TiB",
  "1 2",
  "constructor",
  "1constructor",
])("%j is neither", (text) => {
  expect([parseSizeBytes(text), parseDurationMs(text)]).toEqual([undefined, undefined]);
});

test("sizes are shown in binary units with at most one decimal", () => {
  expect([0, 1023, 1024, 1536, 67_108_864, 16 * 1024 ** 3, 5 * 1024 ** 5].map(formatSize)).toEqual([
    "0 B",
    "1023 B",
    "1 KiB",
    "1.5 KiB",
    "64 MiB",
    "16 GiB",
    "5120 TiB",
  ]);
});

test("durations are shown in the two largest units", () => {
  expect([12, 3200, 125_000, 3_780_000].map(formatDuration)).toEqual(["12 ms", "3.2 s", "2 min 5 s", "1 h 3 min"]);
});
