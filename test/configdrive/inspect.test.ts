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
      sizeBytes: image.length,
      metaData: { uuid: fullContent.meta_data?.["uuid"], admin_pass: "******" },
      networkData: fullContent.network_data,
      userData: { sizeBytes: userDataText.length, kind: "cloud-config" },
      vendorData: [{ name: "openstack/latest/vendor_data2.json", kind: "JSON with 1 members" }],
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
  ])("hides the member %s, whatever it holds", (name) => {
    for (const value of ["canary", ["canary"], { deep: "canary" }, 4] satisfies readonly Json[])
      expect(masked({ meta: { [name]: value } })).toEqual({ meta: { [name]: "******" } });
  });

  it("shows what is no secret", () => {
    const value = { uuid: "u", keys: [1, null, true], passthrough: "x", compass: "y", bypass_checks: false };
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
    expect(JSON.stringify(masked({ url: "https://user:canary@host/path?sig=canary" }))).not.toContain("canary");
  });
});
