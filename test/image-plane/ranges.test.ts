// Ranges of RFC 9110 §14, and the policy for several of them.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRange } from "../../src/images/ranges.ts";

const size = 10_000;
const part = (from: number, to: number) => ({ kind: "part", from, to });
const whole = { kind: "whole" };
const unsatisfiable = { kind: "unsatisfiable" };

describe("a range header", () => {
  it.each([
    ["bytes=0-0", part(0, 1)],
    ["bytes=0-499", part(0, 500)],
    ["bytes=500-999", part(500, 1000)],
    ["bytes=9500-", part(9500, size)],
    ["bytes=-500", part(9500, size)],
    ["bytes=-20000", part(0, size)],
    ["bytes=0-99999999999999999999999999", part(0, size)],
    ["bytes=9999-9999", part(9999, size)],
    ["BYTES=0-1", part(0, 2)],
    ["bytes= 0-1 ", part(0, 2)],
  ])("%s gives one run of bytes", (header, outcome) => {
    expect(parseRange(header, size)).toEqual(outcome);
  });

  it.each([
    ["bytes=10000-"],
    ["bytes=10000-10001"],
    ["bytes=-0"],
    ["bytes=99999999999999999999-"],
    ["bytes=20000-,10000-10001"],
  ])("%s lies outside and is unsatisfiable", (header) => {
    expect(parseRange(header, size)).toEqual(unsatisfiable);
  });

  it.each([
    [undefined],
    [""],
    ["bytes"],
    ["bytes="],
    ["bytes=-"],
    ["bytes=a-b"],
    ["bytes=5-4"],
    ["bytes=0-1;2"],
    ["bytes=+1-2"],
    ["bytes=0x10-20"],
    ["bytes 0-1"],
    ["items=0-1"],
    ["bytes=0-1,x"],
    ["bytes=0--1"],
  ])("%s breaks the grammar and is ignored", (header) => {
    expect(parseRange(header, size)).toEqual(whole);
  });

  it("with several ranges gives the first that can be satisfied", () => {
    expect(parseRange("bytes=100-199,300-399", size)).toEqual(part(100, 200));
    expect(parseRange("bytes=20000-,300-399, -1", size)).toEqual(part(300, 400));
    expect(parseRange("bytes=,0-1,,2-3", size)).toEqual(part(0, 2));
  });

  it("cannot be satisfied by an empty image", () => {
    expect(parseRange("bytes=0-", 0)).toEqual(unsatisfiable);
    expect(parseRange("bytes=-1", 0)).toEqual(unsatisfiable);
  });

  it("never yields bytes outside the image, whatever its text", () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^bytes=[-0-9, ]{0,40}$/));
    fc.assert(
      fc.property(texts, fc.nat(100_000), (header, sizeBytes) => {
        const outcome = parseRange(header, sizeBytes);
        if (outcome.kind !== "part") return;
        expect(outcome.from).toBeGreaterThanOrEqual(0);
        expect(outcome.to).toBeGreaterThan(outcome.from);
        expect(outcome.to).toBeLessThanOrEqual(sizeBytes);
      }),
    );
  });
});
