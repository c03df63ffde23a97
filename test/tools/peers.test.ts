import { afterEach, expect, test, vi } from "vitest";
import { lacksPeer, peersAreRequired } from "./peers.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test("a peer that is there is not missed, in CI neither", () => {
  vi.stubEnv("CI", "true");
  expect(lacksPeer("sh", "node")).toBe(false);
});

test("a missing peer skips its tests with a line that says what to do", () => {
  vi.stubEnv("CI", "");
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  expect(lacksPeer("sh", "no-such-program")).toBe(true);
  expect(write).toHaveBeenCalledWith(expect.stringMatching(/^Missing: no-such-program\. .*npm test/u));
});

test("a missing peer fails in CI", () => {
  vi.stubEnv("CI", "1");
  expect(() => lacksPeer("no-such-program")).toThrow(/Missing: no-such-program/u);
});

test("CI is what says so, and not false or 0", () => {
  expect([undefined, "", "0", "false", "1", "true"].map((value) => peersAreRequired({ CI: value }))).toEqual([
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
});
