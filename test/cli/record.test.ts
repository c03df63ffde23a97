// record: the request it sends, the progress it shows, and the only files that it ever writes.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Expected, streams } from "./rest-stub.ts";
import { run, runAgainst, temporaryFolder } from "./run.ts";
import { problem } from "./samples.ts";

const files = { "resources.json": "{}\n", "personality.json": "{}\n", "PROVENANCE.md": "# x\n" };
const recorded = { files: { ...files, "../evil": "x" }, resources: 12, notes: ["/redfish/v1/Managers/2 answers 404."] };

const frames = (events: readonly (readonly [string, unknown])[], after: "end" | "cut" = "end"): Expected["answer"] => {
  const text = events.map(([type, data]) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`).join("");
  return (response) => {
    streams([], "open")(response);
    response.write(text, () => (after === "end" ? response.end() : response.destroy()));
  };
};

const ask = (body: object, answer: Expected["answer"]): Expected => ({
  method: "POST",
  path: "/v1/record",
  body,
  headers: { accept: "text/event-stream" },
  ...(answer === undefined ? {} : { answer }),
});

describe("record", () => {
  test("writes the three files of a fixture, says what was not read and how to replay it", async () => {
    const folder = join(await temporaryFolder(), "new");
    const answer = frames([
      ["progress", { read: 1, left: 11 }],
      ["recorded", recorded],
    ]);
    const { code, stdout, stderr } = await runAgainst([ask({ machine: "web1" }, answer)], ["record", "web1", folder]);
    expect([code, stderr]).toEqual([0, "...     Read what the BMC shows\ndone    Read what the BMC shows\n"]);
    expect((await readdir(folder)).sort()).toEqual(Object.keys(files).sort());
    expect(await readFile(join(folder, "PROVENANCE.md"), "utf8")).toBe("# x\n");
    expect(stdout).toContain("not read   /redfish/v1/Managers/2 answers 404.\n");
    expect(stdout).toContain(`mediabay simulate ${folder}\n`);
  });

  test("takes an address with its own credentials", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "password"), "s3cret\n");
    const endpoint = { address: "192.0.2.7", credentials: { username: "root", password: "s3cret" } };
    const answer = frames([["recorded", recorded]]);
    const argv = [
      "record",
      "--address",
      "192.0.2.7",
      "--username",
      "root",
      "--password-file",
      join(folder, "password"),
    ];
    const { code, stdout } = await runAgainst([ask({ endpoint }, answer)], [...argv, join(folder, "out"), "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      folder: join(folder, "out"),
      files: Object.keys(files),
      resources: 12,
      notes: recorded.notes,
    });
  });

  test.each([
    [["record", "web1"]],
    [["record", "a", "b", "c"]],
    [["record", "--address", "h", "a", "b"]],
    [["record"]],
  ])("%j is refused", async (argv) => {
    expect((await run(argv)).code).toBe(2);
  });

  test("never mixes with what is in the folder, and asks the BMC nothing before", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "old"));
    expect(await run(["record", "web1", folder])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("is not empty"),
    });
  });

  test("ends with the BMC's failure, before and after it began", async () => {
    const failed = problem("BMC_TIMEOUT", 504, "Too late.");
    const early: Expected = { ...ask({ machine: "web1" }, undefined), status: 504, json: failed };
    const late = ask(
      { machine: "web1" },
      frames([
        ["progress", { read: 1, left: 1 }],
        ["problem", failed],
      ]),
    );
    for (const [index, expected] of [early, late].entries()) {
      const folder = join(await temporaryFolder(), String(index));
      const { code, stderr } = await runAgainst([expected], ["record", "web1", folder]);
      expect([code, stderr]).toEqual([6, expect.stringContaining("error: Too late.")]);
      expect(await readdir(folder)).toEqual([]);
    }
  });

  test("that breaks off is no recording", async () => {
    const folder = await temporaryFolder();
    for (const after of ["end", "cut"] as const) {
      const answer = frames([["progress", { read: 1, left: 1 }]], after);
      const { code } = await runAgainst([ask({ machine: "web1" }, answer)], ["record", "web1", join(folder, "x")]);
      expect([after, code]).toEqual([after, 9]);
    }
  });
});
