// PyYAML, by which cloud-init reads YAML: each scalar of an operator's own document is to it what we write, or is refused.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDocument } from "../../src/configdrive/look/documents.ts";
import type { Json } from "../../src/core/driver.ts";
import { askCloudInit, cloudInitCommands, judgeNetworkConfig, readScalars } from "../tools/cloud-init.ts";
import { lacksPeer } from "../tools/peers.ts";

const words = "yes no on off true false null y n inf nan".split(" ");
const spelled = words.flatMap((word) => [word, word.toUpperCase(), word[0]?.toUpperCase() + word.slice(1), `${word}s`]);

const written = [
  "",
  "~",
  "text",
  "two words",
  "<<",
  "=",
  ".inf",
  "-.INF",
  "+.Inf",
  ".nan",
  ".NaN",
  ".NAN",
  "-.nan",
  "1 000",
  "1_000",
  "_1",
  "1e3",
  "1.5e3",
  "1.5e+3",
  "1.E-2",
  ".5e+1",
  "+.5",
  "1e400",
  "1.0e+400",
  "1.0e-9",
  "0.0000001",
  "12345678901234567890",
  "9007199254740991",
  "-9007199254740993",
  "1.0",
  "-0",
  "-0.0",
  "+12",
  "22.10",
  "0x1F",
  "-0x1F",
  "0x_f",
  "0o14",
  "0b101",
  "0b2",
  "010",
  "-007",
  "08",
  "00.5",
  "1__0",
  "0xg",
  "12:30:45",
  "12:60",
  "1:2:3.5",
  "-1:30",
  "0:30",
  "52:54:00:12:34:56",
  "52:54:00:aa:bb:01",
  "::1",
  "10.0.0.5/24",
  "2001-12-14",
  "2001-1-4",
  "2001-12-14T21:59:43.10-05:00",
  "2001-12-14 21:59:43",
  "2001-12-14\n  21:59:43 Z",
  "'no'",
  '"1_000"',
  "!!str no",
  "!!str 010",
  "!!int 5",
  "!other x",
  "! no",
  "|\n  no",
  ">-\n  1_000",
];

/** All that can be made of the characters that numbers consist of. */
const short = (length: number): readonly string[] =>
  length === 0 ? [""] : short(length - 1).flatMap((begun) => "0158:_.+-eExob".split("").map((next) => begun + next));

const scalars: readonly string[] = [...spelled, ...written, ...short(1), ...short(2), ...short(3)];

type Read = readonly [string, string] | null;

const asJson = (read: Read): Json | undefined => {
  if (read === null) return undefined;
  const [type, text] = read;
  if (type === "NoneType") return null;
  if (type === "bool") return text === "True";
  if (type === "str") return text;
  if (type !== "int" && type !== "float") return undefined;
  const value = Number(text);
  const isExact = type === "float" ? Number.isFinite(value) : Number.isSafeInteger(value);
  return isExact ? value + 0 : undefined;
};

const valueOf = (text: string, options = {}): Json | undefined => {
  const given = readDocument(Buffer.from(`v: ${text}\n`), options);
  return given.fault === undefined ? (given.value as { readonly v: Json }).v : undefined;
};

describe.skipIf(lacksPeer(...cloudInitCommands))("a scalar of YAML", () => {
  let folder: string;
  let reads: readonly Read[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mediabay-yaml-"));
    const file = join(folder, "scalars.json");
    await writeFile(file, JSON.stringify(scalars));
    reads = (await askCloudInit(readScalars, file)) as readonly Read[];
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const readable = (): readonly (readonly [string, Read])[] =>
    scalars.map((text, index) => [text, reads[index] ?? null] as const).filter(([, read]) => read !== null);

  it.each([false, true])("is what PyYAML takes it for, or is refused (yes and no are taken: %s)", (takesYesAndNo) => {
    const taken = readable().flatMap(([text, read]) => {
      const value = valueOf(text, { toBeWritten: true, takesYesAndNo });
      return value === undefined ? [] : [[text, value, asJson(read)] as const];
    });
    expect(taken.filter(([, ours, theirs]) => ours !== theirs)).toEqual([]);
    expect(taken.length).toBeGreaterThan(1000);
  });

  it("is refused only where the two differ, or where it begins with zeros, has a tag, or is too small or large for JSON", () => {
    const refused = readable().filter(
      ([text]) => valueOf(text, { toBeWritten: true, takesYesAndNo: true }) === undefined,
    );
    const needless = refused.filter(([text, read]) => asJson(read) === valueOf(text));
    expect(needless.map(([text]) => text).filter((text) => !/^[-+]?0\d/.test(text))).toEqual([
      "1.0e-9",
      "0.0000001",
      "!!int 5",
    ]);
    expect(refused.length).toBeGreaterThan(100);
  });

  it.each([
    ["version: 2\nethernets:\n  a:\n    match: {macaddress: 52:54:00:12:34:56}\n", "fails"],
    ["version: 2\nethernets:\n  a:\n    match: {macaddress: '52:54:00:12:34:56'}\n", "whole"],
    ["version: 2\nethernets:\n  a:\n    match: {macaddress: 52:54:00:12:34:5a}\n", "whole"],
    ["version: 2\nethernets:\n  a:\n    match: {macaddress: 02:54:00:12:34:56}\n", "whole"],
    ["version: 1\nconfig:\n- {type: physical, name: eth0, mac_address: 52:54:00:12:34:56}\n", "fails"],
  ])("is told of as a MAC address that cloud-init takes for a number: %j", async (text, outcome) => {
    expect(await askCloudInit(judgeNetworkConfig, text)).toBe(outcome);
    expect(readDocument(Buffer.from(text))).toHaveProperty("value");
    expect("numericMac" in readDocument(Buffer.from(text))).toBe(outcome === "fails");
  });
});
