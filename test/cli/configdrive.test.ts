// `configdrive build` and `image inspect`: without a gateway, from files to images and from images to what may be shown of them.
import { execFileSync } from "node:child_process";
import { open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildDriveImage } from "../../src/configdrive/build.ts";
import { writeIso9660 } from "../../src/configdrive/iso9660/writer.ts";
import type { BuiltImage, ImageInspection } from "../../src/core/configdrive.ts";
import { fullContent, nocloudContent, userDataText } from "../configdrive/drives.ts";
import { startImageOrigin, whole } from "../tools/image-origin.ts";
import { run, start, temporaryFolder } from "./run.ts";

const drive = buildDriveImage({ content: fullContent });

const withFiles = async (files: Readonly<Record<string, string | Buffer>>): Promise<(name: string) => string> => {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return (name) => join(folder, name);
};

describe("configdrive build", () => {
  test("builds from one JSON file what a configdrive source is", async () => {
    const at = await withFiles({ "drive.json": JSON.stringify(fullContent) });
    const { code, stdout, stderr } = await run([
      "configdrive",
      "build",
      "--json-file",
      at("drive.json"),
      "-o",
      at("drive.iso"),
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/label +config-2\n/);
    expect(stdout).not.toContain("canary");
    expect((await readFile(at("drive.iso"))).equals(drive)).toBe(true);
    expect((await stat(at("drive.iso"))).mode & 0o777).toBe(0o600);
    expect((await readdir(at("."))).toSorted()).toEqual(["drive.iso", "drive.json"]);
  });

  test("builds the same from four files, in JSON or YAML", async () => {
    const at = await withFiles({
      meta: JSON.stringify(fullContent.meta_data),
      network:
        'links:\n- {id: l0, type: phy, ethernet_mac_address: "52:54:00:AA:BB:01"}\nnetworks: [{id: n0, type: ipv4_dhcp, link: l0}]\nservices: [{type: dns, address: 192.0.2.53}]\n',
      user: userDataText,
      vendor: JSON.stringify(fullContent.vendor_data),
    });
    const files = ["--meta-data", at("meta"), "--network-data", at("network"), "--user-data", at("user")];
    const argv = ["configdrive", "build", ...files, "--vendor-data", "-", "-o", at("drive.iso"), "--json"];
    const { code, stdout } = await run(argv, { stdin: JSON.stringify(fullContent.vendor_data) });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      file: at("drive.iso"),
      format: "iso9660",
      label: "config-2",
      warnings: [],
    });
    expect((await readFile(at("drive.iso"))).equals(drive)).toBe(true);
  });

  test("writes to standard output, compressed and as base64 as Ironic takes it", async () => {
    const argv = ["configdrive", "build", "--json-file", "-", "-o", "-", "--gzip", "--base64"];
    const { code, stdout } = await run(argv, { stdin: JSON.stringify(fullContent) });
    expect(code).toBe(0);
    expect(gunzipSync(Buffer.from(stdout, "base64")).equals(drive)).toBe(true);
  });

  test("writes raw bytes to standard output of a process of its own", async () => {
    const at = await withFiles({ "drive.json": JSON.stringify(fullContent) });
    const { child, outcome } = start(["configdrive", "build", "--json-file", at("drive.json"), "-o", "-"]);
    const pieces: Buffer[] = [];
    child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
    expect((await outcome).code).toBe(0);
    expect(Buffer.concat(pieces).equals(drive)).toBe(true);
  });

  test("makes FAT of a size, with large sectors, for NoCloud and with ec2", async () => {
    const at = await withFiles({ "a.json": JSON.stringify(fullContent), "n.json": JSON.stringify(nocloudContent) });
    const build = async (name: string, ...more: readonly string[]): Promise<BuiltImage> => {
      const argv = ["configdrive", "build", "--json-file", at(name), "-o", at("image"), "--force", "--json", ...more];
      const { code, stdout, stderr } = await run(argv);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return JSON.parse(stdout) as BuiltImage;
    };
    await build("a.json", "--format", "fat");
    expect((await stat(at("image"))).size).toBe(1_474_560);
    await build("a.json", "--format", "fat", "--size", "4MiB", "--sector-size", "4096");
    const fat = await readFile(at("image"));
    expect([fat.length, fat.readUInt16LE(11)]).toEqual([4 << 20, 4096]);
    expect((await build("a.json", "--ec2")).files.map(({ path }) => path)).toContain("ec2/latest/meta-data.json");
    expect(await build("n.json", "--layout", "nocloud")).toMatchObject({ label: "CIDATA" });
    expect(await build("a.json", "--label", "OTHER")).toMatchObject({
      warnings: ['cloud-init would not find this config drive: its label is "OTHER", not config-2.'],
    });
  });

  test("says the label that the image has, without the spaces around it", async () => {
    const at = await withFiles({ "a.json": JSON.stringify(fullContent) });
    for (const [format, given, label] of [
      ["fat", " config-2 ", "config-2"],
      ["iso9660", "config-2 ", "config-2"],
      ["iso9660", " config-2", " config-2"],
    ] as const) {
      const words = ["--format", format, "--label", given, "-o", at("image"), "--force", "--json"];
      const { stdout } = await run(["configdrive", "build", "--json-file", at("a.json"), ...words]);
      const shown = await run(["image", "inspect", at("image"), "--json"]);
      expect(JSON.parse(stdout)).toMatchObject({ label });
      expect(JSON.parse(shown.stdout)).toMatchObject({ label, warnings: JSON.parse(stdout).warnings });
    }
  });

  test("tells its warnings on stderr", async () => {
    const at = await withFiles({ user: "no header\n" });
    const { code, stderr } = await run(["configdrive", "build", "--user-data", at("user"), "-o", at("drive.iso")]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: meta_data has no uuid: .*\nwarning: user_data has no header/);
  });

  test("overwrites a file only when it is told to", async () => {
    const at = await withFiles({ "drive.json": JSON.stringify(fullContent), there: "precious" });
    const argv = ["configdrive", "build", "--json-file", at("drive.json"), "-o", at("there")];
    const { code, stderr } = await run(argv);
    expect(code).toBe(2);
    expect(stderr).toContain("--force");
    expect(await readFile(at("there"), "utf8")).toBe("precious");
    expect((await run([...argv, "--force"])).code).toBe(0);
    expect((await readFile(at("there"))).equals(drive)).toBe(true);
    expect((await stat(at("there"))).mode & 0o777).toBe(0o600);
    expect((await readdir(at("."))).toSorted()).toEqual(["drive.json", "there"]);
  });

  test.each<readonly [string, readonly string[], number]>([
    ["nothing to build from", ["-o", "x"], 2],
    ["no output", ["--json-file", "good"], 2],
    ["both kinds of input", ["--json-file", "good", "--user-data", "good", "-o", "x"], 2],
    ["a file that is not there", ["--json-file", "nowhere", "-o", "x"], 2],
    ["JSON on the stdout that the image goes to", ["--json-file", "good", "-o", "-", "--json"], 2],
    ["a folder that is not there", ["--json-file", "good", "-o", "nowhere/x"], 2],
    ["another key", ["--json-file", "key", "-o", "x"], 3],
    ["what is neither JSON nor YAML", ["--json-file", "broken", "-o", "x"], 3],
    ["JSON that is no UTF-8", ["--json-file", "latin1", "-o", "x"], 3],
    ["a number that would change", ["--meta-data", "number", "-o", "x"], 3],
    ["user data that is no text", ["--user-data", "binary", "-o", "x"], 3],
    ["a size that is too small", ["--json-file", "good", "-o", "x", "--size", "20k"], 3],
    ["a size that is too large", ["--json-file", "good", "-o", "x", "--format", "fat", "--size", "3GiB"], 3],
    ["sectors that ISO 9660 has not", ["--json-file", "good", "-o", "x", "--sector-size", "4096"], 3],
    ["OpenStack's network_data for NoCloud", ["--json-file", "good", "-o", "x", "--layout", "nocloud"], 3],
  ])("refuses %s, and writes nothing", async (_name, words, expected) => {
    const at = await withFiles({
      good: JSON.stringify(fullContent),
      key: '{"metadata": "hunter2"}',
      broken: '{"user_data": "hunter2\n: [',
      latin1: Buffer.from('{"user_data": "caf\u00e9"}', "latin1"),
      number: '{"n": 12345678901234567890}',
      binary: Buffer.from([0xff, 0xfe, 0x00]),
    });
    const before = await readdir(at("."));
    const argv = words.map((word) => (/^(?:-|\d|nocloud|fat)/.test(word) ? word : at(word)));
    const { code, stdout, stderr } = await run(["configdrive", "build", ...argv]);
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
    expect(stderr).not.toMatch(/hunter2|canary/);
    expect(await readdir(at("."))).toEqual(before);
  });
});

describe("image inspect", () => {
  const inspect = async (argument: string, options: Parameters<typeof run>[1] = {}): Promise<ImageInspection> => {
    const { code, stdout, stderr } = await run(["image", "inspect", argument, "--json"], options);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toMatch(/canary|person@example/);
    return JSON.parse(stdout) as ImageInspection;
  };

  test("shows the same of a file, a URI, and standard input, however it is wrapped", async () => {
    const wrapped = gzipSync(drive).toString("base64");
    const at = await withFiles({ "drive.iso": drive, "drive.gz": gzipSync(drive), "drive.b64": wrapped });
    const origin = await startImageOrigin(whole(drive));
    onTestFinished(() => origin.close());
    const shown = await inspect(at("drive.iso"));
    expect(shown).toMatchObject({
      format: "iso9660",
      label: "config-2",
      layout: "openstack",
      metaData: { admin_pass: "******", name: "node-7" },
      userData: { kind: "cloud-config" },
      macAddresses: ["52:54:00:aa:bb:01"],
      warnings: [],
    });
    for (const argument of [
      `@${at("drive.iso")}`,
      at("drive.gz"),
      at("drive.b64"),
      pathToFileURL(at("drive.iso")).href,
      `${origin.url}/drive`,
      `data:;base64,${drive.toString("base64")}`,
    ])
      expect(await inspect(argument)).toEqual(shown);
    expect(await inspect("-", { stdin: wrapped })).toEqual(shown);
    await writeFile(at("uri"), `${origin.url}/drive\n`);
    const { stdout } = await run(["image", "inspect", "--uri-file", at("uri"), "--json"]);
    expect(JSON.parse(stdout)).toEqual(shown);
  });

  test("takes what a shell hands over as a pipe, and does not wait where nobody writes", async () => {
    // Larger than a pipe is: whoever has written it knows that somebody reads.
    const large = Buffer.concat([drive, Buffer.alloc(1 << 20)]);
    const at = await withFiles({ "drive.iso": large });
    const shown = await inspect(at("drive.iso"));
    execFileSync("mkfifo", [at("pipe")]);
    // Opened for both, it needs nobody on the other side, and is there before the reader looks.
    const writer = await open(at("pipe"), "r+");
    const reading = inspect(at("pipe"));
    await writer.writeFile(large);
    await writer.close();
    expect(await reading).toEqual(shown);
    const { stderr } = await run(["image", "inspect", at("pipe"), "--json"]);
    expect(JSON.parse(stderr)).toMatchObject({
      code: "USAGE",
      detail: `Nobody writes to the pipe ${at("pipe")}.`,
    });
  });

  test("follows no redirect to where only the gateway's settings let it", async () => {
    const inner = await startImageOrigin(whole(drive));
    onTestFinished(() => inner.close());
    const outer = await startImageOrigin((_request, response) => {
      response.writeHead(302, { location: `${inner.url}/drive` }).end();
    });
    onTestFinished(() => outer.close());
    const { code, stderr } = await run(["image", "inspect", `${outer.url}/drive`, "--json"]);
    expect(JSON.parse(stderr)).toMatchObject({
      code: "SOURCE_FORBIDDEN",
      detail: expect.stringContaining("127.0.0.1"),
    });
    expect({ code, connections: inner.connections() }).toEqual({ code: 3, connections: 0 });
    const env = { MEDIABAY_SOURCES_ALLOW: "127.0.0.0/8" };
    expect(await inspect(`${outer.url}/drive`, { env })).toMatchObject({ label: "config-2" });
  });

  test("refuses a redirect to a cloud's metadata without a connection, and names who answered instead", async () => {
    const outer = await startImageOrigin((request, response) => {
      const isGone = request.url === "/gone";
      response.writeHead(302, { location: isGone ? `${inner.url}/` : "http://169.254.169.254/latest/user-data" }).end();
    });
    onTestFinished(() => outer.close());
    const inner = await startImageOrigin((_request, response) => void response.writeHead(404).end());
    onTestFinished(() => inner.close());
    const metadata = await run(["image", "inspect", `${outer.url}/drive`, "--json"]);
    expect(JSON.parse(metadata.stderr)).toMatchObject({
      code: "SOURCE_FORBIDDEN",
      detail: "The address policy refuses 169.254.169.254: it is a cloud's metadata address.",
    });
    const env = { MEDIABAY_SOURCES_ALLOW: "127.0.0.0/8" };
    const gone = await run(["image", "inspect", `${outer.url}/gone`, "--json"], { env });
    expect(JSON.parse(gone.stderr)).toMatchObject({
      detail: `The origin ${new URL(outer.url).host} redirects to ${new URL(inner.url).host}, which answered 404.`,
    });
  });

  test("shows it to people, with the warnings on stderr", async () => {
    const at = await withFiles({
      "drive.iso": writeIso9660(
        [{ kind: "file", path: "openstack/latest/meta_data.json", bytes: Buffer.from('{"admin_pass": "canary"}') }],
        { label: "DRIVE" },
      ),
    });
    const { code, stdout, stderr } = await run(["image", "inspect", at("drive.iso")]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^digest +[0-9a-f]{64}\nformat +iso9660\nlabel +DRIVE\n/);
    expect(stdout).toMatch(/\nlayout +openstack, as in openstack\/latest\n/);
    expect(stdout).toMatch(/openstack\/latest\/meta_data\.json +24\n/);
    expect(stdout).toContain('"admin_pass": "******"');
    expect(stdout).not.toContain("canary");
    expect(stderr).toMatch(/^warning: cloud-init would not find this config drive/m);
    expect(stderr).toMatch(/^warning: meta_data has no uuid/m);
  });

  test("says what keeps the files from another form", async () => {
    const names = ["Readme", "README"];
    const twins = writeIso9660(names.map((path) => ({ kind: "file", path, bytes: Buffer.alloc(0) })));
    const at = await withFiles({ "twins.iso": twins });
    const { stdout } = await run(["image", "inspect", at("twins.iso")]);
    expect(stdout).toMatch(/\ncan be +iso9660, .*as it is\)\n/);
    expect(stdout).toMatch(/\ncannot be +fat: .*"README": it differs from "Readme" only in upper and lower case\.\n/);
  });

  test("reads a plain file of any size, and limits everything else", async () => {
    const at = await withFiles({ "drive.iso": drive, "drive.gz": gzipSync(drive) });
    const env = { MEDIABAY_IMAGES_LIMITS_CONFIGDRIVE_BYTES: "16KiB" };
    expect(await inspect(at("drive.iso"), { env })).toMatchObject({ label: "config-2" });
    const { code, stderr } = await run(["image", "inspect", at("drive.gz"), "--json"], { env });
    expect(code).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({ code: "IMAGE_TOO_LARGE" });
  });

  test.each<readonly [string, readonly string[], number, string]>([
    ["nothing", [], 2, "USAGE"],
    ["an image of the store", [`image:${"0".repeat(64)}`], 2, "USAGE"],
    ["a file that is not there", ["/nonexistent/drive"], 2, "USAGE"],
    ["a scheme that there is not", ["gopher://x/"], 3, "SOURCE_UNSUPPORTED"],
    ["what is no image", ["/etc/passwd"], 3, "IMAGE_INVALID"],
  ])("refuses %s", async (_name, words, expected, name) => {
    const { code, stdout, stderr } = await run(["image", "inspect", ...words, "--json"]);
    expect(JSON.parse(stderr)).toMatchObject({ code: name });
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
  });
});
