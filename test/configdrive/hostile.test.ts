// Documents that were made to harm whoever looks at them: each is passed over in bounded time.
import { describe, expect, it } from "vitest";
import { formsOf } from "../../src/configdrive/forms.ts";
import { loadTree } from "../../src/configdrive/image.ts";
import { parseJson, parseYamlDocument, readDocument } from "../../src/configdrive/look/documents.ts";
import { findDrive, viewOfFound } from "../../src/configdrive/look/found-drive.ts";
import { warningsOfTree } from "../../src/configdrive/look/look.ts";
import { kindOfUserData } from "../../src/configdrive/look/user-data.ts";
import type { FoundTree, Tree } from "../../src/configdrive/tree.ts";

const file = (path: string, content: string): Tree[number] => ({ kind: "file", path, bytes: Buffer.from(content) });
const drive = (metaData: string, networkData = '{"links": []}'): Tree => [
  file("openstack/latest/meta_data.json", metaData),
  file("openstack/latest/network_data.json", networkData),
];

describe("a hostile document", () => {
  it.each([
    ["brackets in brackets", `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
    ["brackets that never close", "[".repeat(100_000)],
    ["nothing", ""],
    ["another type", '"text"'],
  ])("of %s is passed over with a warning", async (_name, text) => {
    expect(await warningsOfTree(drive(text), "config-2")).toHaveLength(1);
    expect(await warningsOfTree(drive('{"uuid": "u"}', text), "config-2")).toHaveLength(1);
  });

  it("of YAML cannot grow by its aliases", () => {
    const lines = Array.from(
      "bcdefgh",
      (name, index) => `${name}: &${name} [${"*".concat("abcdefg"[index] ?? "", ", ").repeat(9)}]`,
    );
    expect(parseYamlDocument(Buffer.from(`a: &a [x, x, x, x, x, x, x, x, x]\n${lines.join("\n")}\n`))).toBeUndefined();
    expect(parseYamlDocument(Buffer.from("{a: ".repeat(50_000)))).toBeUndefined();
    expect(parseYamlDocument(Buffer.from("a: &a 1\nb: *a\n"))).toEqual({ a: 1, b: 1 });
  });

  it.each([
    ["aliases", Buffer.from("a: &a [x, x]\nb: *c\n"), /^has aliases/],
    ["depth", Buffer.from(`${"[".repeat(70)}${"]".repeat(70)}`), /^nests deeper than 64 levels$/],
    ["depth in YAML", Buffer.from(`${"{a: ".repeat(70)}1${"}".repeat(70)}`), /^nests deeper than 64 levels$/],
    ["bytes", Buffer.from([0x22, 0xe9, 0x22]), /^is not UTF-8 text$/],
    ["form", Buffer.from("a: [\n"), /^is neither JSON nor YAML$/],
    ["length", Buffer.from(`a: ${"x".repeat(300_000)}`), /^is not JSON, and with more than 262144 bytes/],
  ])("is told by what is wrong with it: its %s", (_name, bytes, fault) => {
    expect(readDocument(bytes).fault).toMatch(fault);
  });

  it("is no document, whatever its bytes", () => {
    for (const bytes of [Buffer.from([0xff, 0xfe, 0]), Buffer.alloc(1000), Buffer.from("\ufeff{}")])
      expect(parseJson(bytes)).toBeUndefined();
  });

  it("with thousands of wrong links earns a few warnings, not thousands", async () => {
    const links = Array.from({ length: 80_000 }, () => '{"id": "x", "ethernet_mac_address": "y"}');
    const warnings = await warningsOfTree(drive('{"uuid": "u"}', `{"links": [${links.join(",")}]}`), "config-2");
    expect(warnings).toHaveLength(51);
    expect(warnings.at(-1)).toBe("There are 79950 warnings more.");
  });

  it("that is long is told by its beginning alone", () => {
    expect(kindOfUserData(Buffer.alloc(5 << 20, "["))).toBe("JSON without a header");
    expect(kindOfUserData(Buffer.alloc(64 << 20, " "))).toBe("text without a header");
  });

  it("of 5 MiB is not parsed", async () => {
    const blanks = " ".repeat(5 << 20);
    expect(await warningsOfTree(drive(`${blanks}{"uuid": "u"}`), "config-2")).toHaveLength(1);
  });
});

describe("an image whose files are larger than it", () => {
  const path = "openstack/latest/meta_data.json";
  const sizeBytes = 2 ** 40;
  const found: FoundTree = {
    format: "iso9660",
    sectorBytes: 2048,
    entries: [{ kind: "file", path, sizeBytes, extents: [{ from: 0, to: sizeBytes }] }],
    warnings: [],
  };
  const readAt = (): never => {
    throw new Error("it was read");
  };

  it("is refused before any of them is read", async () => {
    await expect(findDrive(viewOfFound(found, readAt))).rejects.toMatchObject({ code: "IMAGE_INVALID" });
    await expect(loadTree(found, readAt, 64 << 20)).rejects.toMatchObject({ code: "IMAGE_DOES_NOT_FIT" });
  });

  it("has no form but its own", () => {
    expect(formsOf(found, 400_000, 64 << 20)).toEqual({
      forms: [{ format: "iso9660", sizeBytes: 400_000, stored: true }],
      unfit: [{ format: "fat", why: expect.stringContaining(JSON.stringify(path)) }],
    });
  });
});
