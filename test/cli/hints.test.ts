// What the commands that need no gateway say of a mistake: whose it is, and what would help here, where no request was sent and no slot chosen.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildDriveImage } from "../../src/configdrive/build.ts";
import { fullContent, nocloudContent } from "../configdrive/drives.ts";
import { startImageOrigin, status } from "../tools/image-origin.ts";
import { run, temporaryFolder } from "./run.ts";

interface Told {
  readonly exit: number;
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
}

const refusal = async (...argv: readonly string[]): Promise<Told> => {
  const { code: exit, stdout, stderr } = await run([...argv, "--json"]);
  expect(stdout).toBe("");
  return { exit, ...(JSON.parse(stderr) as Omit<Told, "exit">) };
};

const withFiles = async (files: Readonly<Record<string, string | Buffer>>): Promise<(name: string) => string> => {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return (name) => join(folder, name);
};

describe("image inspect", () => {
  test("lays a file that cannot be read to the command line, and to no origin", async () => {
    const at = await withFiles({});
    await mkdir(at("folder"));
    for (const [path, said] of [
      [at("missing"), `The file ${at("missing")} does not exist.`],
      [`@${at("missing")}`, `The file ${at("missing")} does not exist.`],
      [at("folder"), `${at("folder")} is neither a file nor a pipe.`],
      ["/dev/null", "/dev/null is neither a file nor a pipe."],
    ] as const) {
      const told = await refusal("image", "inspect", path);
      expect(told).toMatchObject({ exit: 2, code: "USAGE", detail: said });
      expect(told.hint).toContain("this host");
    }
  });

  test("sends who names a file by URI to the file, not to credentials", async () => {
    const at = await withFiles({});
    const told = await refusal("image", "inspect", pathToFileURL(at("missing")).href);
    expect(told).toMatchObject({
      exit: 7,
      code: "SOURCE_REFUSED",
      detail: `The file ${at("missing")} does not exist.`,
    });
    expect(told.hint).toMatch(/path/);
    expect(told.hint).not.toMatch(/credential/);
  });

  test.each(["swift", "S3"])("does not ask for a credential of %s that it could not be given", async (scheme) => {
    const at = await withFiles({ uri: `${scheme}://drives/node-17.iso\n` });
    for (const words of [[`${scheme}://drives/node-17.iso`], ["--uri-file", at("uri")]]) {
      const told = await refusal("image", "inspect", ...words);
      expect(told).toMatchObject({ exit: 3, code: "SOURCE_UNSUPPORTED" });
      expect(told.detail).toBe(
        `A URI of the scheme ${scheme.toLowerCase()} cannot be looked into here; data, file, http and https can.`,
      );
      expect(told.hint).toMatch(/pre-signed/);
      expect(told.hint).not.toMatch(/credential set/);
    }
  });

  test("tells how a file is written whose name looks like a URI", async () => {
    for (const word of ["weird:name.iso", "gopher://x/"]) {
      const told = await refusal("image", "inspect", word);
      expect(told).toMatchObject({ exit: 3, code: "SOURCE_UNSUPPORTED" });
      expect(told.detail).toMatch(/; data, file, http and https can\.$/);
      expect(told.hint).toMatch(/\.\/.* or @/);
    }
    const at = await withFiles({ "weird:name.iso": buildDriveImage({ content: fullContent }) });
    expect((await run(["image", "inspect", `@${at("weird:name.iso")}`])).code).toBe(0);
    const told = await refusal("image", "inspect", "--uri-file", (await withFiles({ uri: "nothing" }))("uri"));
    expect(told).toMatchObject({ exit: 3, code: "SOURCE_UNSUPPORTED" });
  });

  test("does not send who is redirected out of http to the address policy", async () => {
    const origin = await startImageOrigin(status(302, { location: "file:///etc/passwd" }));
    onTestFinished(() => origin.close());
    const told = await refusal("image", "inspect", `${origin.url}/drive`);
    expect(told).toMatchObject({ exit: 3, code: "SOURCE_FORBIDDEN" });
    expect(told.hint).toMatch(/http or https/);
    expect(told.hint).not.toMatch(/sources\.allow/);
  });
});

describe("configdrive build", () => {
  const build = (at: (name: string) => string, ...words: readonly string[]): Promise<Told> =>
    refusal("configdrive", "build", ...words, "-o", at("out"));

  test("has no other slot to offer to what is larger than its --size", async () => {
    const large = { ...fullContent, user_data: `#cloud-config\n#${"x".repeat(2 << 20)}\n` };
    const at = await withFiles({ drive: JSON.stringify(fullContent), large: JSON.stringify(large) });
    for (const words of [
      ["--json-file", at("drive"), "--size", "60KiB"],
      ["--json-file", at("large"), "--format", "fat", "--size", "1474560"],
    ]) {
      const told = await build(at, ...words);
      expect(told).toMatchObject({ exit: 3, code: "IMAGE_DOES_NOT_FIT" });
      expect(told.hint).toMatch(/--size/);
      expect(told.hint).not.toMatch(/slot/);
    }
  });

  test("speaks of no request", async () => {
    const at = await withFiles({ key: '{"metadata": {}}', network: JSON.stringify(fullContent.network_data) });
    for (const words of [
      ["--json-file", at("key")],
      ["--network-data", at("network"), "--layout", "nocloud"],
      ["--meta-data", at("key"), "--format", "fat", "--size", "60KiB"],
    ]) {
      const told = await build(at, ...words);
      expect(told).toMatchObject({ exit: 3, code: "INVALID_REQUEST" });
      expect(told.hint).not.toMatch(/request/);
    }
  });

  test("takes NoCloud's vendor data as cloud-init reads it, or in the member that OpenStack's has", async () => {
    const text = "#cloud-config\npackages: [chrony]\n";
    const inMember = JSON.stringify({ "cloud-init": text });
    const mime = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n--x--\n';
    const at = await withFiles({
      meta: JSON.stringify(nocloudContent.meta_data),
      text,
      inMember,
      bare: "#cloud-config\n",
      mime,
      mimeInMember: JSON.stringify({ "cloud-init": mime }),
      likeMember: "#cloud-config\ncloud-init: x\n",
    });
    const made = async (name: string): Promise<Buffer> => {
      const words = ["--layout", "nocloud", "--meta-data", at("meta"), "--vendor-data", at(name)];
      const { code, stderr } = await run(["configdrive", "build", ...words, "-o", at("out"), "--force"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return readFile(at("out"));
    };
    expect((await made("text")).equals(await made("inMember"))).toBe(true);
    expect((await made("mime")).equals(await made("mimeInMember"))).toBe(true);
    expect((await made("bare")).includes("#cloud-config\n")).toBe(true);
    expect((await made("likeMember")).includes("#cloud-config\ncloud-init: x\n")).toBe(true);
    const refused = async (content: string | Buffer): Promise<string> => {
      await writeFile(at("bad"), content);
      return (await build(at, "--layout", "nocloud", "--vendor-data", at("bad"))).detail;
    };
    for (const dropped of ["packages: [chrony]\n", "{}\n", "[]\n", "# mine\n#cloud-config\n{}\n", "# mine\n", ""])
      expect(await refused(dropped)).toContain("the member cloud-init");
    for (const rest of ["#cloud-config\n{}\n", "#!/bin/sh\n"])
      expect(await refused(`\ufeff${rest}`)).toContain("begins with a byte order mark");
    expect(await refused(Buffer.from("#cloud-config\n# caf\u00e9\n", "latin1"))).toBe(
      "The vendor_data given is not UTF-8 text.",
    );
    const { stdout } = await run(["configdrive", "build", "--help"]);
    expect(stdout.replaceAll(/\s+/g, " ")).toMatch(/--vendor-data <file> [^-]*cloud-init/);
  });

  test.each([
    ["hostname: 0123\n", 1],
    ["a: 1\nlist:\n- [x, -007]\n", 3],
    ["a: 1\n010: x\n", 2],
    ["a: 00.5\n", 1],
  ])("refuses YAML's %j, which is another number or none to whom one asks", async (text, line) => {
    const at = await withFiles({ meta: text });
    const told = await build(at, "--meta-data", at("meta"));
    expect(told).toMatchObject({ exit: 3, code: "INVALID_REQUEST" });
    expect(told.detail).toBe(
      `The meta_data given has a number that begins with zeros in line ${line}: give it as text, in quotation marks.`,
    );
  });

  test("takes yes and no for true and false in network data, and nowhere else", async () => {
    const network = "version: 2\nethernets:\n  eno1:\n    dhcp4: no\n    addresses: [10.0.0.5/24]\n";
    const at = await withFiles({ network, meta: "instance-id: i\nanswer: no\n", twice: "uuid: u\nuuid: v\n" });
    const words = ["--layout", "nocloud", "--network-data", at("network"), "-o", at("out")];
    expect(await run(["configdrive", "build", ...words])).toMatchObject({ code: 0 });
    expect((await readFile(at("out"))).includes('"dhcp4":false')).toBe(true);
    expect((await build(at, "--meta-data", at("meta"))).detail).toMatch(/ in line 2 .* true or false for yes or no\.$/);
    expect((await build(at, "--meta-data", at("twice"))).detail).toBe(
      "The meta_data given names a key a second time in line 2: only one of them would count.",
    );
  });

  test("takes zeros that are text, and numbers that are none but themselves", async () => {
    const meta = "uuid: '0123'\na: 0\nb: 0.5\nc: 0x1F\nd: 01ab\ne: |\n  0123\nf: !!str 0123\n";
    const at = await withFiles({ meta });
    const { code } = await run(["configdrive", "build", "--meta-data", at("meta"), "-o", at("out")]);
    expect(code).toBe(0);
    const image = (await readFile(at("out"))).toString("latin1");
    for (const said of ['"uuid": "0123"', '"a": 0', '"b": 0.5', '"c": 31', '"d": "01ab"', '"f": "0123"'])
      expect(image.replaceAll('":', '": ').replaceAll(":  ", ": ")).toContain(said);
  });
});
