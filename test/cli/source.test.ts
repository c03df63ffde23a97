// Sources on the command line: which body each makes, for attach and for image add alike.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Expected } from "./rest-stub.ts";
import { type Outcome, type RunOptions, run, runAgainst, temporaryFolder } from "./run.ts";
import { accepted, image } from "./samples.ts";

const canary = "c4nary-Tr0ub4dor";
const drive = { meta_data: { uuid: "a" }, user_data: `#cloud-config\npassword: ${canary}\n` };

const attachSends = (source: unknown, argv: readonly string[], options: RunOptions = {}): Promise<Outcome> => {
  const path = "/v1/machines/web1/attachments";
  const expected: Expected = { method: "POST", path, body: { source }, status: 202, json: accepted };
  return runAgainst([expected], ["attach", "web1", ...argv], options);
};

const addSends = (source: unknown, argv: readonly string[], options: RunOptions = {}): Promise<Outcome> => {
  const expected: Expected = { method: "POST", path: "/v1/images", body: { source }, status: 201, json: image };
  return runAgainst([expected], ["image", "add", ...argv], options);
};

const driveFile = async (name = "drive.json", text = JSON.stringify(drive)): Promise<string> => {
  const file = join(await temporaryFolder(), name);
  await writeFile(file, text);
  return file;
};

describe.each([
  ["attach", attachSends],
  ["image add", addSends],
])("%s", (_command, sends) => {
  test.each(["swift://container/a/b", "s3://bucket/key", "http://h/x", "data:,x"])("passes %s on", async (uri) => {
    expect(await sends({ uri }, [uri])).toMatchObject({ code: 0 });
  });

  test("names a credential beside the URI", async () => {
    const uri = "swift://container/object";
    expect((await sends({ uri, credential: "mirror" }, [uri, "--credential", "mirror"])).code).toBe(0);
    const file = await driveFile("uri", `${uri}\n`);
    const argv = ["--uri-file", file, "--credential", "mirror"];
    expect((await sends({ uri, credential: "mirror" }, argv)).code).toBe(0);
  });

  test("sends the JSON of a config drive from a file or from standard input", async () => {
    const file = await driveFile();
    expect((await sends({ configdrive: drive }, ["--configdrive", file])).code).toBe(0);
    expect((await sends({ configdrive: drive }, [`@${file}`])).code).toBe(0);
    const stdin = JSON.stringify(drive);
    const argv = ["--configdrive", "-", "--layout", "nocloud", "--ec2"];
    expect((await sends({ configdrive: drive, layout: "nocloud", ec2: true }, argv, { stdin })).code).toBe(0);
  });

  test("says that a data: URI is seen in the arguments, unless it comes from a file", async () => {
    expect((await sends({ uri: "data:,x" }, ["data:,x"])).stderr).toContain("visible to everyone");
    const file = await driveFile("uri", "data:,x");
    expect((await sends({ uri: "data:,x" }, ["--uri-file", file])).stderr).toBe("");
    expect((await sends({ uri: "s3://b/k" }, ["s3://b/k"])).stderr).toBe("");
  });
});

describe("a source is refused", () => {
  test.each([
    ["http://h/x --uri-file /x", "exclude each other"],
    ["http://h/x --configdrive /x", "exclude each other"],
    ["--uri-file /x --configdrive /x", "exclude each other"],
    ["", "A URI is missing"],
    ["@drive.iso --credential c", "--credential goes with a URI"],
    ["@drive.json --credential c", "--credential goes with a URI"],
    ["- --credential c", "--credential goes with a URI"],
    [`image:${"a".repeat(64)} --credential c`, "--credential goes with a URI"],
    ["--configdrive /x --credential c", "--credential goes with a URI"],
    ["http://h/x --layout nocloud", "--layout and --ec2 go with a config drive's JSON"],
    ["@drive.iso --ec2", "--layout and --ec2 go with a config drive's JSON"],
    ["@drive.json --layout other", "Allowed choices are openstack, nocloud"],
    ["--configdrive /nonexistent/x", "cannot be read (ENOENT)"],
    ["/srv/c.iso", "Write @FILE for a local file"],
  ])("for %j", async (line, why) => {
    const { code, stderr } = await run(["attach", "web1", ...line.split(" ").filter((word) => word !== "")]);
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });

  test.each([
    [`{"user_data": "${canary}"`, "is not valid JSON"],
    [`["${canary}"]`, "is not an object"],
  ])("for %j in the file, without repeating it", async (text, why) => {
    const { code, stdout, stderr } = await run(["attach", "web1", "--configdrive", await driveFile("d", text)]);
    expect(code).toBe(2);
    expect(stderr).toContain(why);
    expect(`${stdout}${stderr}`).not.toContain(canary);
  });
});
