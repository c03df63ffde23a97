// An operator's own YAML, which becomes JSON in a drive: what cloud-init would have taken for something else is refused by its line.
import { describe, expect, it } from "vitest";
import { readDocument } from "../../src/configdrive/look/documents.ts";
import { warningsOfTree } from "../../src/configdrive/look/look.ts";
import type { Tree } from "../../src/configdrive/tree.ts";
import type { Json } from "../../src/core/driver.ts";

const own = (text: string, takesYesAndNo = false) =>
  readDocument(Buffer.from(text), { toBeWritten: true, takesYesAndNo });
const ambiguous =
  /^has a value or key in line 2 that YAML 1\.1.*quotation marks, and write true or false for yes or no$/;

describe("an operator's own YAML", () => {
  it.each(["no", "On", "12:30:45", "1_000", "1e3", ".inf", "2026-01-01", "0o14", "!other x", "12345678901234567890"])(
    "with %s, which means two things, is refused by its line",
    (scalar) => {
      expect(own(`a: 1\nb: ${scalar}\n`).fault).toMatch(ambiguous);
      expect(own(`a: 1\nb: ["x", ${scalar}]\n`).fault).toMatch(ambiguous);
      expect(own(`a: 1\nb: ${scalar}\n`).fault).not.toContain(` ${scalar}:`);
    },
  );

  it.each(["no: 1", "12:30: 1", "<<: {c: 1}"])("with the key of %s is refused, be yes and no taken or not", (pair) => {
    for (const taken of [true, false]) expect(own(`a: 1\n${pair}\n`, taken).fault).toMatch(ambiguous);
  });

  it.each<readonly [string, Json]>([
    ["dhcp4: no\ndhcp6: Yes\nc: [ON, off]\n", { dhcp4: false, dhcp6: true, c: [true, false] }],
    ["a: &a no\nb: *a\n", { a: false, b: false }],
    ["a: 'no'\nb: |\n  no\nc: !!str no\n", { a: "no", b: "no\n", c: "no" }],
  ])("has true and false in network data, where %j is written", (text, value) => {
    expect(own(text, true)).toEqual({ value });
  });

  it.each([
    ["uuid: u\nuuid: v\n", 2],
    ["a:\n  b: {c: 1,\n    'c': 2}\n", 3],
    ["a: &k x\nx: 1\n*k : 2\n", 3],
    ["1: a\n'1': b\n", 2],
  ])("that names a key twice is refused by its line: %j", (text, line) => {
    expect(own(text).fault).toBe(`names a key a second time in line ${line}: only one of them would count`);
    expect(readDocument(Buffer.from(text))).toHaveProperty("value");
  });

  it("may name a key in several mappings", () => {
    expect(own("- {a: 1}\n- {a: 2}\n")).toEqual({ value: [{ a: 1 }, { a: 2 }] });
  });

  it("with sixteen thousand keys is looked through in no time", () => {
    const text = Array.from({ length: 16_000 }, (_, index) => `k${index}: x\n`).join("");
    const startedAt = performance.now();
    expect(own(text)).toHaveProperty("value.k0", "x");
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

describe("an image's network-config", () => {
  const drive = (config: string): Tree =>
    Object.entries({ "meta-data": "instance-id: i\n", "user-data": "", "network-config": config }).map(
      ([path, text]) => ({ kind: "file", path, bytes: Buffer.from(text) }),
    );
  const withMac = (mac: string): Tree => drive(`version: 2\nethernets:\n  a:\n    match:\n      macaddress: ${mac}\n`);

  it("with a MAC address that cloud-init takes for a number is warned about", async () => {
    expect(await warningsOfTree(withMac("52:54:00:12:34:56"), "cidata")).toEqual([
      "network-config has a MAC address without quotation marks in line 5: cloud-init would take it for a number and configure no network with it.",
    ]);
    for (const mac of ["'52:54:00:12:34:56'", "52:54:00:12:34:5a", "52:54:00:12:34:61", "00:54:00:12:34:56"])
      expect(await warningsOfTree(withMac(mac), "cidata")).toEqual([]);
  });
});
