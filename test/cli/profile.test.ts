// mediabay profile: list, show and explain ask the gateway; check works on this host alone.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { get } from "./rest-stub.ts";
import { run, runAgainst, temporaryFolder } from "./run.ts";
import { problem } from "./samples.ts";

const summary = { id: "acme/one", title: "Acme One", confidence: "report", origins: ["shipped", "site"] };
const quirk = {
  protocol: "redfish",
  section: "insert",
  key: "always",
  value: ["Inserted"],
  why: "Nothing is attached without it.",
  evidence: { source: "an issue", date: "2026-01", firmwareSeen: "1.5", confidence: "report" },
  profile: "acme/one",
  origin: "shipped",
  firmware: "below 2 (dotted)",
};

const shownQuirk = [
  'redfish.insert.always = ["Inserted"]',
  "  Nothing is attached without it.",
  "  report, 2026-01, firmware 1.5: an issue",
  "  in acme/one.json (shipped, firmware below 2 (dotted))",
].join("\n");

describe("what the gateway knows", () => {
  test("is listed", async () => {
    const { stdout } = await runAgainst([get("/v1/profiles?limit=1000", { items: [summary] })], ["profile", "list"]);
    expect(stdout).toMatch(/^acme\/one +Acme One +report +shipped site$/m);
  });

  test("is shown with rules, notes, quirks and their evidence", async () => {
    const view = { ...summary, priority: 1, rules: ['vendor equals "Acme"'], notes: ["A note."], quirks: [quirk] };
    const path = "/v1/profiles/acme%2Fone";
    const { stdout } = await runAgainst([get(path, view)], ["profile", "show", "acme/one"]);
    expect(stdout).toMatch(/^matches +vendor equals "Acme"$/m);
    expect(stdout).toMatch(/^note +A note\.$/m);
    expect(stdout).toContain(shownQuirk);
    const json = await runAgainst([get(path, view)], ["profile", "show", "acme/one", "--json"]);
    expect(JSON.parse(json.stdout)).toEqual(view);
  });

  test("is explained for a machine", async () => {
    const identity = { protocol: "redfish", vendor: "Acme", oem: [], managerModel: "M", firmwareVersion: "1.5" };
    const found = { ...summary, machine: "web1", identity, rule: 'vendor equals "Acme"', notes: [], quirks: [quirk] };
    const path = "/v1/machines/web1/profile";
    const { stdout } = await runAgainst([get(path, found)], ["profile", "explain", "web1"]);
    expect(stdout).toMatch(/^profile +acme\/one, Acme One$/m);
    expect(stdout).toMatch(/^because +vendor equals "Acme"$/m);
    expect(stdout).toMatch(/^bmc +M 1\.5$/m);
    expect(stdout).toContain(shownQuirk);
    const { rule: _rule, ...generic } = { ...found, quirks: [] };
    const unknown = await runAgainst([get(path, generic)], ["profile", "explain", "web1"]);
    expect(unknown.stdout).toMatch(/^because +no family matches$/m);
    expect(unknown.stdout).toContain("No quirk acts");
  });

  test("a profile that is not there ends with 4", async () => {
    const json = problem("NOT_FOUND", 404, "There is no such profile.");
    const answer = { method: "GET", path: "/v1/profiles/acme%2Ftwo", status: 404, json };
    expect((await runAgainst([answer], ["profile", "show", "acme/two"])).code).toBe(4);
  });
});

describe("check", () => {
  const fileOf = async (profile: object): Promise<string> => {
    const folder = join(await temporaryFolder(), "acme");
    await mkdir(folder);
    const file = join(folder, "one.json");
    await writeFile(file, JSON.stringify({ schemaVersion: 1, id: "acme/one", title: "Acme One", ...profile }));
    return file;
  };
  const match = [{ systemManufacturer: { equals: "Acme of this test" } }];
  const evidence = { source: "a test", date: "2026-01", firmwareSeen: "1.0", confidence: "measured" };
  const insert = (key: string, value: unknown) => ({
    protocols: { redfish: { insert: { [key]: { value, why: "a reason", evidence } } } },
  });

  test("ends with 0 and says what the file would do", async () => {
    const file = await fileOf({ match, ...insert("always", ["Inserted"]) });
    const { code, stdout } = await run(["profile", "check", file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^The profile is right\.$/m);
    expect(stdout).toMatch(/^effect +adds a family$/m);
    expect(stdout).toMatch(/^quirks +1$/m);
    const json = await run(["profile", "check", file, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, id: "acme/one", effect: "adds", quirks: 1 });
  });

  test("ends with 78 and every problem, each with its key", async () => {
    const file = await fileOf(insert("alwais", ["Inserted"]));
    const { code, stdout, stderr } = await run(["profile", "check", file]);
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toContain("error: 2 keys of the profile are wrong:\n");
    expect(stderr).toContain(
      `\n  protocols.redfish.insert.alwais Quirk redfish.insert.alwais is unknown [file ${file}]\n`,
    );
    expect(stderr).toContain(`\n  match needs at least one rule [file ${file}]\n`);
    const json = await run(["profile", "check", file, "--json"]);
    expect(JSON.parse(json.stderr)).toMatchObject({ code: "SETTINGS_INVALID", context: { problems: [{}, {}] } });
  });

  test("ends with 78 where the file cannot be read", async () => {
    const { code, stderr } = await run(["profile", "check", "/nonexistent/acme/one.json"]);
    expect(code).toBe(78);
    expect(stderr).toContain("/nonexistent/acme/one.json: cannot be read");
  });

  test("takes a shipped profile in its own place", async () => {
    const { code } = await run([
      "profile",
      "check",
      join(import.meta.dirname, "../../vendors/openstack/sushy-tools.json"),
    ]);
    expect(code).toBe(0);
  });

  test("describes the form in its help", async () => {
    const { stdout } = await run(["profile", "check", "--help"]);
    for (const word of ["schemaVersion", "model-generation", "evidence", "profilesDir", "78"])
      expect(stdout).toContain(word);
  });
});
