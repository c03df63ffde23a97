// A FAT drive in capitals: a kernel's lookups there ignore case, so that cloud-init finds it, and so must everyone who asks what is in it.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFat } from "../../../src/configdrive/fat/writer.ts";
import { writeForm } from "../../../src/configdrive/forms.ts";
import { loadTree, readImage } from "../../../src/configdrive/image.ts";
import { inspect } from "../../../src/configdrive/look/inspect.ts";
import { lookInto } from "../../../src/configdrive/look/look.ts";
import type { ReadAt, Tree } from "../../../src/configdrive/tree.ts";
import { lacksPeer } from "../../tools/peers.ts";
import { readBack } from "../iso9660/trees.ts";
import { imageOf } from "./peers.ts";

const mostBytes = 64 << 20;
const meta = JSON.stringify({ uuid: "u" });
const network = JSON.stringify({
  links: [{ id: "l0", type: "phy", ethernet_mac_address: "52:54:00:aa:bb:01" }],
  networks: [{ id: "n0", type: "ipv4_dhcp", link: "l0" }],
  services: [],
});

const treeOf = (texts: Readonly<Record<string, string>>): Tree =>
  Object.entries(texts).map(([path, text]) => ({ kind: "file", path, bytes: Buffer.from(text) }));

const openstack = treeOf({
  "OPENSTACK/LATEST/META_DATA.JSON": meta,
  "OPENSTACK/LATEST/NETWORK_DATA.JSON": network,
  "OPENSTACK/LATEST/User_Data": "#!/bin/sh\n",
  "OPENSTACK/CONTENT/0000": "content",
  "OPENSTACK/README.TXT": "a file that nobody looks for",
  "README.TXT": "another",
});
const openstackPaths = [
  "README.TXT",
  "openstack/README.TXT",
  "openstack/content/0000",
  "openstack/latest/meta_data.json",
  "openstack/latest/network_data.json",
  "openstack/latest/user_data",
];
const nocloud = treeOf({ "META-DATA": "instance-id: i", "USER-DATA": "#!/bin/sh\n", "SUB/META-DATA": "" });

const readFatOf = async (image: Buffer) => {
  const readAt: ReadAt = async (offset, length) => image.subarray(offset, offset + length);
  const found = await readImage("fat", readAt, image.length);
  return { found, readAt, shown: await inspect(found, readAt, image.length, mostBytes) };
};

describe("a FAT drive in capitals", () => {
  it("is the config drive that cloud-init finds, with the names that it looks for", async () => {
    const image = writeFat(openstack, { label: "config-2" });
    const { found, readAt, shown } = await readFatOf(image);
    expect(shown).toMatchObject({ layout: "openstack", metaData: { uuid: "u" }, warnings: [] });
    const look = await lookInto(found, readAt, image.length, mostBytes);
    expect(look.files.map(({ path }) => path).toSorted()).toEqual(openstackPaths);
    expect(look.macAddresses).toEqual(["52:54:00:aa:bb:01"]);
  });

  it("is a NoCloud drive as well", async () => {
    const { shown } = await readFatOf(writeFat(nocloud, { label: "CIDATA" }));
    expect(shown).toMatchObject({ layout: "nocloud", metaData: { "instance-id": "i" }, warnings: [] });
    expect(shown.entries.map(({ path }) => path)).toContain("SUB/META-DATA");
  });

  it("is found where it is given as ISO 9660, whose lookups mind the case", async () => {
    const { found, readAt } = await readFatOf(writeFat(openstack, { label: "config-2" }));
    const image = writeForm(await loadTree(found, readAt, mostBytes), { format: "iso9660", mostBytes });
    const { shape } = await readBack(image);
    expect(Object.keys(shape)).toEqual(expect.arrayContaining(openstackPaths));
  });

  it("has the first of two names that differ in case only, as a kernel finds it", async () => {
    const image = writeFat(treeOf({ "OPENSTACK/LATEST/USER_DATA": "first", "OPENSTACK/LATEST/USER_DATB": "second" }));
    image.write("a", image.indexOf(Buffer.from("DATB", "utf16le")) + 6, "latin1");
    const { found, readAt } = await readFatOf(image);
    const tree = await loadTree(found, readAt, mostBytes);
    expect(tree.flatMap((entry) => (entry.kind === "file" ? [Buffer.from(entry.bytes).toString()] : []))).toEqual([
      "first",
    ]);
    expect(found.warnings).toEqual([expect.stringContaining("its name is there twice")]);
  });
});

describe.skipIf(lacksPeer("mkfs.vfat", "mcopy"))("a drive in capitals that mtools wrote", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mediabay-case-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("is the same config drive", async () => {
    const image = await readFile(await imageOf(openstack, join(folder, "drive"), 2 << 20, ["mkfs.vfat"]));
    const { shown } = await readFatOf(image);
    expect(shown.layout).toBe("openstack");
    expect(shown.entries.flatMap(({ kind, path }) => (kind === "file" ? [path] : [])).toSorted()).toEqual(
      openstackPaths,
    );
  });
});
