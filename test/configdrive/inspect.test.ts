// What an inspection shows of an image, and what it never shows.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { buildDrive } from "../../src/configdrive/build.ts";
import { writeFat } from "../../src/configdrive/fat/writer.ts";
import { readImage } from "../../src/configdrive/image.ts";
import { writeIso9660 } from "../../src/configdrive/iso9660/writer.ts";
import { inspect } from "../../src/configdrive/look/inspect.ts";
import { lookInto } from "../../src/configdrive/look/look.ts";
import { masked } from "../../src/configdrive/look/masked.ts";
import type { ReadAt, Tree } from "../../src/configdrive/tree.ts";
import type { Json } from "../../src/core/driver.ts";
import { imageFormats, type ImageFormat } from "../../src/core/vocabulary.ts";
import { fullContent, nocloudContent, userDataText } from "./drives.ts";

const mostBytes = 64 << 20;

const read = async (format: ImageFormat, tree: Tree, label: string) => {
  const image = format === "fat" ? writeFat(tree, { label }) : writeIso9660(tree, { label });
  const readAt: ReadAt = async (offset, length) => image.subarray(offset, offset + length);
  return { image, readAt, found: await readImage(format, readAt, image.length) };
};

describe.each(imageFormats)("a look into a drive in the format %s", (format) => {
  it("shows its files, where they lie, and the MAC addresses", async () => {
    const { tree, label } = buildDrive({ content: fullContent });
    const { image, readAt, found } = await read(format, tree, label);
    const look = await lookInto(found, readAt, image.length, mostBytes);
    expect(look.warnings).toEqual([]);
    expect(look.macAddresses).toEqual(["52:54:00:aa:bb:01"]);
    expect(look.files.map(({ path }) => path).toSorted()).toEqual(tree.map(({ path }) => path).toSorted());
    for (const entry of tree) {
      const file = look.files.find(({ path }) => path === entry.path);
      const bytes = Buffer.concat(file?.extents.map(({ from, to }) => image.subarray(from, to)) ?? []);
      expect(bytes.equals(entry.kind === "file" ? entry.bytes : Buffer.alloc(0))).toBe(true);
    }
    expect(look.forms[0]).toEqual({ format, sizeBytes: image.length, stored: true });
  });

  it("shows all there is to know and no secret", async () => {
    const { tree, label } = buildDrive({ content: fullContent, ec2: true });
    const { image, readAt, found } = await read(format, tree, label);
    const shown = await inspect(found, readAt, image.length, mostBytes);
    expect(shown).toMatchObject({
      format,
      label: "config-2",
      layout: "openstack",
      folder: "openstack/2012-08-10",
      sizeBytes: image.length,
      metaData: { uuid: fullContent.meta_data?.["uuid"], admin_pass: "******" },
      networkData: fullContent.network_data,
      userData: { sizeBytes: userDataText.length, kind: "cloud-config" },
      vendorData: [{ name: "openstack/2012-08-10/vendor_data2.json", kind: "JSON with 1 members" }],
      warnings: [],
    });
    const files = shown.entries.filter(({ kind }) => kind === "file").map(({ path }) => path);
    expect(files.toSorted()).toEqual(tree.map(({ path }) => path).toSorted());
    expect(JSON.stringify(shown)).not.toMatch(/canary|person@example/);
  });

  it("understands a NoCloud drive as well", async () => {
    const { tree, label } = buildDrive({ content: nocloudContent, layout: "nocloud" });
    const { image, readAt, found } = await read(format, tree, label);
    const shown = await inspect(found, readAt, image.length, mostBytes);
    expect(shown).toMatchObject({
      label: "CIDATA",
      layout: "nocloud",
      metaData: { "instance-id": fullContent.meta_data?.["uuid"] },
      networkData: { version: 2 },
      vendorData: [{ name: "vendor-data", kind: "cloud-config" }],
      macAddresses: ["52:54:00:aa:bb:02"],
      warnings: [],
    });
    expect(JSON.stringify(shown)).not.toContain("canary");
  });

  it("shows an image that is no config drive, and says so", async () => {
    const { image, readAt, found } = await read(format, [{ kind: "directory", path: "boot" }], "BOOT");
    const shown = await inspect(found, readAt, image.length, mostBytes);
    expect(shown).toMatchObject({ entries: [{ kind: "directory", path: "boot" }], vendorData: [] });
    expect(shown).not.toHaveProperty("layout");
    expect(shown.warnings).toEqual(["This is no config drive that cloud-init knows."]);
  });
});

describe("masking", () => {
  it.each([
    "password",
    "admin_pass",
    "adminPass",
    "root-password",
    "PASSWD",
    "passphrase",
    "client_secret",
    "api.token",
    "privateKey",
    "private_key",
    "tls-private-key",
    "random_seed",
    "credentials",
    "user_data",
    "auth",
  ])("hides the member %s, whatever it holds", (name) => {
    for (const value of ["canary", ["canary"], { deep: "canary" }, 4] satisfies readonly Json[])
      expect(masked({ meta: { [name]: value } })).toEqual({ meta: { [name]: "******" } });
  });

  it.each([
    "api_key",
    "apikey",
    "psk",
    "wpa-psk",
    "pwd",
    "root-pw",
    "encryption_key",
    "bearer",
    "chap",
    "unlock",
    "eap_key",
    "whatever else people call it",
  ])("hides the texts and numbers below %s, which it does not know", (name) => {
    const value = { meta: { [name]: "canary" }, links: [{ id: "l0", [name]: ["canary", { deep: 4711 }] }] };
    expect(masked(value)).toEqual({
      meta: { [name]: "******" },
      links: [{ id: "l0", [name]: ["******", { deep: "******" }] }],
    });
  });

  it("shows which machine and which network it is", () => {
    const value = {
      uuid: "u",
      "instance-id": "i",
      launch_index: 0,
      feature: [null, true],
      links: [{ id: "l0", type: "bond", bond_links: ["a", "b"], mtu: 1500 }],
      networks: [{ network_id: "n", ip_address: "192.0.2.2", routes: [{ network: "0.0.0.0", gateway: "192.0.2.1" }] }],
      services: [{ type: "dns", address: "192.0.2.53" }],
      ethernets: { one: { match: { macaddress: "52:54:00:aa:bb:02" }, nameservers: { addresses: ["192.0.2.53"] } } },
    };
    expect(masked(value)).toEqual(value);
  });

  it("shows a public key as ssh-keygen names it, and a private one not at all", () => {
    const base64 = Buffer.from("a public key of some length").toString("base64");
    const digest = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64").replace(/=+$/, "");
    expect(masked({ keys: [{ data: `ssh-rsa ${base64} person@example` }] })).toEqual({
      keys: [{ data: `ssh-rsa SHA256:${digest}` }],
    });
    expect(masked({ note: "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary" })).toEqual({ note: "******" });
  });

  it("hides the credentials of URIs", () => {
    expect(masked({ name: "https://user:canary@host/path?sig=canary" })).toEqual({
      name: "https://******@host/path?******",
    });
  });
});

describe("what an ISO 9660 image's files cannot be given as", () => {
  const unfitOf = async (paths: readonly string[], most = mostBytes) => {
    const tree: Tree = paths.map((path) => ({ kind: "file", path, bytes: Buffer.alloc(100_000) }));
    const { image, readAt, found } = await read("iso9660", tree, "config-2");
    const look = await lookInto(found, readAt, image.length, most);
    expect(await inspect(found, readAt, image.length, most)).toMatchObject({ forms: look.forms, unfit: look.unfit });
    return look.unfit;
  };

  it.each([
    [["Readme", "README"], /"README": it differs from "Readme" only in upper and lower case/],
    [["a:b"], /"a:b": ":" is not allowed in a name/],
    [["dot."], /"dot\.": a name ends with a dot or a space/],
  ])("%j as FAT, and it says why", async (paths, why) => {
    expect(await unfitOf(paths)).toEqual([{ format: "fat", why: expect.stringMatching(why) }]);
  });

  it("more than there may be, and it says how much", async () => {
    expect(await unfitOf(["a", "b"], 150_000)).toEqual([{ format: "fat", why: expect.stringContaining("150000") }]);
  });

  it("nothing, where there is another form", async () => {
    expect(await unfitOf(["a", "b"])).toEqual([]);
  });
});
