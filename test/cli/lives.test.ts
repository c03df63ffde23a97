// What an attachment's life is asked for on the command line, and `configdrive replace`: the requests they send, exactly, and what they show.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Expected, streams } from "./rest-stub.ts";
import { runAgainst, temporaryFolder } from "./run.ts";
import { accepted, attached, machine, operation, succeeded } from "./samples.ts";

const source = { uri: "http://192.0.2.1/c.iso" };
const attachWith = (body: object): Expected => ({
  method: "POST",
  path: "/v1/machines/web1/attachments",
  body: { source, ...body },
  json: accepted,
  status: 202,
});
const attach = (options: string) => ["attach", "web1", source.uri, ...options.split(/\s+/)];

describe("attach", () => {
  test.each<[string, object]>([
    ["--expires 2h", { terms: { expiresInMs: 7_200_000 } }],
    ["--full-reads 3 --only-bmc", { terms: { fullReads: 3, onlyBmc: true } }],
    ["--one-time", { terms: { fullReads: 1 } }],
    ["--detach-on boot", { detachOn: { at: "boot" } }],
    ["--detach-on never", { detachOn: { at: "never" } }],
    ["--detach-on read --detach-after 1m", { detachOn: { at: "read", afterMs: 60_000 } }],
    ["--detach-on timer --detach-after 1h", { detachOn: { at: "timer", afterMs: 3_600_000 } }],
    ["--expect-agent", { expectAgent: true }],
  ])("sends %s", async (options, body) => {
    expect((await runAgainst([attachWith(body)], attach(options))).code).toBe(0);
  });

  test.each([
    "--one-time --full-reads 2",
    "--detach-on timer",
    "--detach-after 1h",
    "--detach-on boot --detach-after 1h",
    "--detach-on sometimes",
    "--full-reads 0",
  ])("refuses %s before anything is sent", async (options) => {
    expect((await runAgainst([], attach(options))).code).toBe(2);
  });

  test("shows the terms, the rule and what was left in", async () => {
    const shown = {
      ...attached,
      terms: { expiresAt: "2026-01-02T03:04:05.000Z", fullReads: 1, onlyBmc: true },
      detachOn: { at: "read", afterMs: 45_000 },
      leftIn: "Cd",
    };
    const { stdout } = await runAgainst(
      [
        attachWith({}),
        { method: "GET", path: "/v1/operations/op-1/events", answer: streams([{ type: "end", data: {} }]) },
        { method: "GET", path: "/v1/operations/op-1", json: succeeded },
        { method: "GET", path: "/v1/attachments/a-1", json: shown },
      ],
      ["attach", "web1", source.uri, "--wait"],
    );
    expect(stdout).toMatch(/served +until .*, once, to this BMC only/);
    expect(stdout).toMatch(/detached +when the machine has read it \(45 s\)/);
    expect(stdout).toMatch(/left in +Cd/);
  });
});

describe("configdrive replace", () => {
  const getMachine: Expected = { method: "GET", path: "/v1/machines/web1", json: machine };
  const listed = (...items: object[]): Expected => ({
    method: "GET",
    path: "/v1/machines/web1/attachments?state=attached&limit=1000",
    json: { items },
  });
  const replaced = (id: string, body: object): Expected => ({
    method: "POST",
    path: `/v1/attachments/${id}/replace`,
    body,
    json: { ...accepted, operation: { ...operation, kind: "replace" } },
    status: 202,
  });
  const replace = (...words: string[]) => ["configdrive", "replace", "web1", ...words];

  test("replaces the machine's config drive, not its boot image", async () => {
    const boot = { ...attached, id: "at-0", role: "boot" };
    const script = [getMachine, listed(boot, attached), replaced(attached.id, { source })];
    const { code, stdout } = await runAgainst(script, replace(source.uri));
    expect({ code, stdout }).toEqual({ code: 0, stdout: "op-1\n" });
  });

  test("takes a config drive's JSON, a digest, a deadline and an idempotency key", async () => {
    const file = join(await temporaryFolder(), "drive.json");
    await writeFile(file, JSON.stringify({ user_data: "#cloud-config\n" }));
    const digest = "a".repeat(64);
    const body = {
      source: { configdrive: { user_data: "#cloud-config\n" } },
      digest,
      expectAgent: true,
      deadlineMs: 60_000,
    };
    const post = { ...replaced(attached.id, body), headers: { "idempotency-key": "k-1" } };
    const words = [
      "--configdrive",
      file,
      "--digest",
      digest,
      "--expect-agent",
      "--deadline",
      "1m",
      "--idempotency-key",
      "k-1",
    ];
    expect((await runAgainst([getMachine, listed(attached), post], replace(...words))).code).toBe(0);
  });

  test("takes an attachment by its id, if it is of that machine", async () => {
    const get = (json: object): Expected => ({ method: "GET", path: "/v1/attachments/at-7", json });
    const own = { ...attached, id: "at-7", machineId: machine.id };
    const words = replace(source.uri, "--attachment", "at-7");
    expect((await runAgainst([getMachine, get(own), replaced("at-7", { source })], words)).code).toBe(0);
    const { code, stderr } = await runAgainst(
      [getMachine, get({ ...own, machineId: "m-other", machineName: "web2" })],
      words,
    );
    expect(code).toBe(2);
    expect(stderr).toContain("belongs to web2");
  });

  test("says so where none is attached", async () => {
    const { code, stderr } = await runAgainst([getMachine, listed()], replace(source.uri));
    expect(code).toBe(2);
    expect(stderr).toContain("No config drive is attached to web1");
  });
});

test("media of ours that were left in are marked", async () => {
  const slots = [
    { id: "Cd", mediaTypes: ["CD"], urlCapable: true, state: { inserted: true, image: "http://x" }, leftover: true },
  ];
  const { stdout } = await runAgainst(
    [{ method: "GET", path: "/v1/machines/web1/media", json: { slots } }],
    ["media", "web1"],
  );
  expect(stdout).toMatch(/Cd .*leftover/);
});
