// Documents that were made to harm whoever looks at them: each is passed over in bounded time.
import { setImmediate } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { formsOf } from "../../src/configdrive/forms.ts";
import { loadTree } from "../../src/configdrive/image.ts";
import { parseJson, parseYamlDocument, readDocument } from "../../src/configdrive/look/documents.ts";
import { findDrive, viewOfFound } from "../../src/configdrive/look/found-drive.ts";
import { warningsOfTree } from "../../src/configdrive/look/look.ts";
import { kindOfUserData } from "../../src/configdrive/look/user-data.ts";
import { type FoundTree, readFileBytes, type Tree } from "../../src/configdrive/tree.ts";

const file = (path: string, content: string): Tree[number] => ({ kind: "file", path, bytes: Buffer.from(content) });
const drive = (metaData: string, networkData?: string): Tree => [
  file("openstack/latest/meta_data.json", metaData),
  ...(networkData === undefined ? [] : [file("openstack/latest/network_data.json", networkData)]),
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

  it("of YAML costs no more than its length, however it is made", () => {
    const names = Array.from({ length: 16_000 }, (_, index) => `k${index}`);
    const startedAt = performance.now();
    expect(parseYamlDocument(Buffer.from(`{${names.join(",")}}`))).toMatchObject({ k0: null });
    expect(parseYamlDocument(Buffer.from(names.map((name) => `${name}:\n`).join("")))).toMatchObject({ k0: null });
    // The square of either takes ten times as long, so do aliases in a chain; mappings as keys of mappings take a minute.
    expect(parseYamlDocument(Buffer.from(`${"{".repeat(500)}${"}".repeat(500)}`))).toBeUndefined();
    const chain = names
      .slice(0, 3000)
      .map((name, index) => `${name}: &${name} [${index === 0 ? "" : `*k${index - 1}`}]`);
    expect(parseYamlDocument(Buffer.from(chain.join("\n")))).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });

  it("of YAML may name a key twice: the last one counts", async () => {
    const text = "instance-id: i\nhostname: x\nhostname: y\n";
    expect(await warningsOfTree([file("meta-data", text), file("user-data", "")], "cidata")).toEqual([]);
    expect(parseYamlDocument(Buffer.from(text))).toEqual({ "instance-id": "i", hostname: "y" });
  });

  it("of YAML is told to nobody by the parser", async () => {
    const told: Error[] = [];
    const listen = (warning: Error): unknown => told.push(warning);
    process.on("warning", listen);
    onTestFinished(() => void process.off("warning", listen));
    expect(parseYamlDocument(Buffer.from("password: !canary secret\n"))).toEqual({ password: "secret" });
    await setImmediate();
    expect(told).toEqual([]);
  });

  it.each(["meta-data", "network-config"])("of YAML that is long is not parsed as %s", async (path) => {
    const text = `a: 1\n${"# \n".repeat(30_000)}`;
    const others = [file("meta-data", "instance-id: i\n"), file("user-data", "")].filter((one) => one.path !== path);
    expect(await warningsOfTree([file(path, text), ...others], "cidata")).toEqual([
      `${path} is not JSON, and with more than 65536 bytes not read as YAML: it was not looked into.`,
    ]);
    expect(readDocument(Buffer.from(text))).toEqual({ value: { a: 1 } });
  });

  it.each([
    ["aliases", Buffer.from("a: &a [x, x]\nb: *c\n"), /^has aliases/],
    ["depth", Buffer.from(`${"[".repeat(70)}${"]".repeat(70)}`), /^nests deeper than 64 levels$/],
    ["depth in YAML", Buffer.from(`${"{a: ".repeat(70)}1${"}".repeat(70)}`), /^nests deeper than 64 levels$/],
    ["bytes", Buffer.from([0x22, 0xe9, 0x22]), /^is not UTF-8 text$/],
    ["form", Buffer.from("a: [\n"), /^is neither JSON nor YAML$/],
    ["keys", Buffer.from("{[a]: b}\n"), /^is neither JSON nor YAML$/],
    ["length", Buffer.from(`a: ${"x".repeat(300_000)}`), /^is not JSON, and with more than 262144 bytes/],
  ])("is told by what is wrong with it: its %s", (_name, bytes, fault) => {
    expect(readDocument(bytes).fault).toMatch(fault);
  });

  it("is no document, whatever its bytes", () => {
    for (const bytes of [Buffer.from([0xff, 0xfe, 0]), Buffer.alloc(1000), Buffer.from("\ufeff{}")])
      expect(parseJson(bytes)).toBeUndefined();
  });

  it("with thousands of wrong links earns a few warnings, not thousands", async () => {
    const links = Array.from({ length: 40_000 }, () => '{"id": "x", "type": "phy", "ethernet_mac_address": "y"}');
    const networkData = `{"links": [${links.join(",")}], "networks": [{"type": "ipv4_dhcp", "link": "x"}]}`;
    const warnings = await warningsOfTree(drive('{"uuid": "u"}', networkData), "config-2");
    expect(warnings).toHaveLength(51);
    expect(warnings.at(-1)).toBe("There are 39950 warnings more.");
  });

  it("that is long is told by its beginning alone", () => {
    expect(kindOfUserData(Buffer.alloc(5 << 20, "["))).toBe("JSON without a header");
    expect(kindOfUserData(Buffer.alloc(64 << 20, " "))).toBe("text without a header");
  });

  it("of 5 MiB is not parsed", async () => {
    const blanks = " ".repeat(5 << 20);
    expect(await warningsOfTree(drive(`${blanks}{"uuid": "u"}`), "config-2")).toEqual([
      "openstack/latest/meta_data.json has more than 4194304 bytes: it was not looked into.",
    ]);
  });
});

describe("a file in thousands of pieces", () => {
  const image = Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 251));
  const extents = Array.from({ length: 4000 }, (_, index) => {
    const from = (index * 1031) % 4090;
    return { from, to: from + 1 + (index % 6) };
  });
  const wanted = Buffer.concat(extents.map(({ from, to }) => image.subarray(from, to)));
  const entry = { kind: "file", path: "user-data", sizeBytes: wanted.length, extents } as const;

  it("is read in a few, and put together in its own order", async () => {
    let reads = 0;
    const readAt = async (offset: number, length: number): Promise<Buffer> => {
      reads += 1;
      return image.subarray(offset, offset + length);
    };
    expect((await readFileBytes(readAt, entry)).equals(wanted)).toBe(true);
    expect(reads).toBe(1);
  });

  it("is refused where one lies past the end", async () => {
    const readAt = async (offset: number, length: number): Promise<Buffer> => image.subarray(offset, offset + length);
    const damaged = { ...entry, extents: [...extents, { from: 4090, to: 4097 }] };
    await expect(readFileBytes(readAt, damaged)).rejects.toMatchObject({ code: "IMAGE_INVALID" });
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
