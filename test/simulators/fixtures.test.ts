// The fixtures themselves: complete, linked, invented, and the sample config drive is what it says it is.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { lacksPeer } from "../tools/peers.ts";
import { simulate } from "./redfish-client.ts";

const fixtures = join(import.meta.dirname, "../../fixtures");
const drive = join(fixtures, "configdrive");
const services = readdirSync(fixtures, { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && entry.name === "resources.json")
  .map((entry) => entry.parentPath.slice(fixtures.length + 1));

const linksIn = (text: string): readonly string[] =>
  [...text.matchAll(/"(?:@odata\.id|target)":\s*"([^"#]+)"/gu)].map((match) => match[1] ?? "");

describe.each(services)("the service %s", (fixture) => {
  test("has a personality and says where it comes from", () => {
    for (const name of ["personality.json", "PROVENANCE.md"])
      expect(existsSync(join(fixtures, fixture, name))).toBe(true);
  });

  test("links to nothing that is missing, and every collection counts its members", async () => {
    const { call } = await simulate({ fixture });
    const seen = new Set(["/redfish/v1"]);
    for (const uri of seen) {
      const { status, body, text } = await call("GET", uri);
      expect([uri, status]).toEqual([uri, uri.includes("/Actions/") ? 405 : 200]);
      const members = Array.isArray(body["Members"]) ? body["Members"] : [];
      expect([uri, body["Members@odata.count"] ?? 0]).toEqual([uri, members.length]);
      if (status === 200) for (const link of linksIn(text)) seen.add(link.replace(/(?<=.)\/$/u, ""));
    }
    expect(seen.size).toBeGreaterThan(15);
  });

  test("names every resource's type and itself", async () => {
    const resources: object = JSON.parse(readFileSync(join(fixtures, fixture, "resources.json"), "utf8"));
    for (const [uri, resource] of Object.entries(resources)) {
      if (uri === "/redfish") continue;
      expect(resource).toMatchObject({
        "@odata.type": expect.stringMatching(/^#\w+\.(v\d+_\d+_\d+\.)?\w+$/u),
        Name: expect.any(String),
      });
    }
  });
});

const files = ["meta_data.json", "network_data.json", "user_data", "vendor_data.json"];
const original = (name: string): string => readFileSync(join(drive, "tree/openstack/latest", name), "utf8");

describe("the sample config drive", () => {
  test("its ISO 9660 image is labelled config-2 and has Joliet and Rock Ridge", () => {
    const iso = readFileSync(join(drive, "config-2.iso"));
    expect(iso.toString("latin1", 32_769, 32_774)).toBe("CD001");
    expect(iso.toString("latin1", 32_808, 32_840).trim()).toBe("config-2");
    const joliet = [...Array(8).keys()].map((index) => 32_768 + index * 2048).find((at) => iso[at] === 2);
    expect(iso.toString("latin1", (joliet ?? 0) + 88, (joliet ?? 0) + 91)).toBe("%/E");
    expect(iso.includes("RRIP_1991A")).toBe(true);
    expect(iso.byteLength % 2048).toBe(0);
  });

  test("its FAT image is labelled CONFIG-2 and has no partition table", () => {
    const vfat = readFileSync(join(drive, "config-2.vfat"));
    expect([
      vfat.readUInt16BE(510).toString(16),
      vfat.toString("latin1", 43, 54),
      vfat.toString("latin1", 54, 59),
    ]).toEqual(["55aa", "CONFIG-2   ", "FAT12"]);
  });

  test("PROVENANCE.md names both images by their digests", () => {
    const text = readFileSync(join(drive, "PROVENANCE.md"), "utf8");
    for (const name of ["config-2.iso", "config-2.vfat"]) {
      expect(text).toContain(
        createHash("sha256")
          .update(readFileSync(join(drive, name)))
          .digest("hex"),
      );
    }
  });

  test("its metadata is JSON and user data is for cloud-init", () => {
    expect(JSON.parse(original("meta_data.json"))).toMatchObject({
      uuid: expect.any(String),
      hostname: "node-1.example.org",
    });
    expect(JSON.parse(original("network_data.json"))).toMatchObject({ links: [{ id: "link0" }] });
    expect(original("user_data").startsWith("#cloud-config\n")).toBe(true);
  });
});

describe.skipIf(lacksPeer("xorriso", "mcopy"))("both images, taken apart by other software,", () => {
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), "configdrive-"));
    onTestFinished(() => rmSync(path, { recursive: true, force: true }));
    return path;
  };

  test("hold the tree: ISO 9660", () => {
    const out = folder();
    execFileSync(
      "xorriso",
      ["-osirrox", "on", "-indev", join(drive, "config-2.iso"), "-extract", "/openstack/latest", join(out, "x")],
      { stdio: "pipe" },
    );
    for (const name of files) expect(readFileSync(join(out, "x", name), "utf8")).toBe(original(name));
    expect(readdirSync(join(out, "x")).length).toBe(files.length);
  });

  test("hold the tree: FAT", () => {
    for (const name of files) {
      const text = execFileSync("mcopy", ["-i", join(drive, "config-2.vfat"), `::/openstack/latest/${name}`, "-"], {
        stdio: "pipe",
      });
      expect(text.toString("utf8")).toBe(original(name));
    }
  });
});
