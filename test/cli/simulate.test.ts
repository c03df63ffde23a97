// simulate: as a process of its own, since it runs until it is told to stop.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import { faultNames } from "../../src/simulators/redfish/index.ts";
import { fixtureOf, standardResources } from "../simulators/redfish-fixture.ts";
import { freePort } from "../tools/free-port.ts";
import { run, start, temporaryFolder } from "./run.ts";

interface Line {
  readonly url: string;
  readonly fixture: string;
  readonly username: string;
  readonly passwordSource: string;
  readonly fingerprint?: string;
}

/** The first `count` lines that the command prints as JSON, and how it ends when told to. */
const simulated = async (argv: readonly string[], count: number) => {
  const { child, outcome } = start(["simulate", ...argv, "--json"]);
  const lines: Line[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    lines.push(JSON.parse(text) as Line);
    if (lines.length === count) break;
  }
  if (lines.length < count) throw new Error((await outcome).stderr);
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<readonly unknown[]> => {
    const ended = once(child, "exit");
    child.kill(signal);
    return ended;
  };
  return { lines, stop };
};

const get = (url: string, user = "admin:simulated"): Promise<Response> =>
  fetch(`${url}/redfish/v1/Systems`, { headers: { authorization: `Basic ${Buffer.from(user).toString("base64")}` } });

describe("simulate", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "runs BMCs over the families in turn and ends cleanly at %s",
    async (signal) => {
      const { lines, stop } = await simulated(["dmtf/two-slot-1.0", "dmtf/two-slot-manager", "--count", "3"], 3);
      expect(lines.map(({ fixture }) => fixture)).toEqual([
        "dmtf/two-slot-1.0",
        "dmtf/two-slot-manager-1.0",
        "dmtf/two-slot-1.0",
      ]);
      expect(new Set(lines.map(({ url }) => url)).size).toBe(3);
      expect(lines[0]).toMatchObject({ username: "admin", passwordSource: "default simulated" });
      for (const { url } of lines) expect((await get(url)).status).toBe(200);
      expect(await stop(signal)).toEqual([0, null]);
      await expect(get(lines[0]?.url ?? "")).rejects.toThrow("fetch failed");
    },
  );

  test("takes a port, an account of its own and a folder", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "password"), "s3cret\n");
    const port = await freePort();
    const fixture = fixtureOf(standardResources(), { title: "mine" });
    const account = ["--username", "joe", "--password-file", join(folder, "password")];
    const { lines, stop } = await simulated([fixture, "--port", String(port), ...account], 1);
    expect(lines).toEqual([
      { url: `http://127.0.0.1:${port}`, fixture, username: "joe", passwordSource: `file ${join(folder, "password")}` },
    ]);
    expect((await get(lines[0]?.url ?? "", "joe:s3cret")).status).toBe(200);
    expect((await get(lines[0]?.url ?? "")).status).toBe(401);
    await stop();
  });

  test("has the faults that were asked for, where they were asked for", async () => {
    const fault = ["--fault", "busy:retryAfterSeconds=7,path=Systems,count=1", "--fault", "html:path=Managers"];
    const { lines, stop } = await simulated(["dmtf/two-slot-1.0", ...fault], 1);
    const [{ url } = { url: "" }] = lines;
    const busy = await get(url);
    expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "7"]);
    expect((await get(url)).status).toBe(200);
    expect((await fetch(`${url}/redfish/v1/Managers`)).headers.get("content-type")).toBe("text/html");
    await stop();
  });

  test("can refuse connections, and still ends cleanly", async () => {
    const { lines, stop } = await simulated(["dmtf/two-slot-1.0", "--fault", "refuse"], 1);
    await expect(get(lines[0]?.url ?? "")).rejects.toThrow("fetch failed");
    expect(await stop()).toEqual([0, null]);
  });

  test.each([
    ["https", "--tls", false],
    ["an expired certificate", "--fault=expired-certificate", true],
  ])("speaks %s with the certificate that it names", async (_what, flag, expired) => {
    const { lines, stop } = await simulated(["dmtf/two-slot-1.0", flag], 1);
    const [{ url, fingerprint } = { url: "", fingerprint: "" }] = lines;
    const asked = request(`${url}/redfish/v1`, { rejectUnauthorized: false, agent: false }).end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    const certificate = (answer.socket as TLSSocket).getPeerCertificate();
    expect(certificate.fingerprint256).toBe(fingerprint);
    expect(Date.parse(certificate.valid_to) < Date.now()).toBe(expired);
    answer.destroy();
    await stop();
  });

  test("--latency makes every reply wait", async () => {
    const { lines, stop } = await simulated(["dmtf/two-slot-1.0", "--latency", "40"], 1);
    const startedAt = performance.now();
    await get(lines[0]?.url ?? "");
    expect(performance.now() - startedAt).toBeGreaterThan(35);
    await stop();
  });

  test("prints a line a BMC for people, and what ends it", async () => {
    const { child, outcome } = start(["simulate", "dmtf/two-slot-1.0"]);
    await once(child.stderr, "readable");
    child.kill("SIGTERM");
    const { stdout, stderr, code } = await outcome;
    expect(stdout).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+ {2}dmtf\/two-slot-1\.0 {2}admin {2}password: default simulated\n$/u,
    );
    expect([code, stderr]).toEqual([0, "1 simulated BMC is up; Ctrl-C or SIGTERM ends.\n"]);
  });
});

describe("without starting anything", () => {
  test("--list names each with what it is known for", async () => {
    const { stdout } = await run(["simulate", "--list", "--json"]);
    expect(JSON.parse(stdout)).toContainEqual({
      name: "dmtf/two-slot-1.0",
      title: expect.stringContaining("standard Redfish service"),
    });
  });

  test.each([
    [["simulate", "dmtf/three-slot"], "no simulated BMC named dmtf/three-slot. There are: ", "dmtf/two-slot-1.0"],
    [["simulate"], "A family is needed", "--list"],
    [["simulate", "./nowhere"], "The folder ./nowhere cannot be read as a fixture: ENOENT.", ""],
    [["simulate", "dmtf", "--fault", "smoke"], "There is no such fault. There are: refuse, ", "redirect"],
    [["simulate", "dmtf", "--fault", "drip:size=1"], "its options are chunkBytes, intervalMs, method, path, ", "skip"],
    [
      ["simulate", "dmtf", "--fault", "busy:count=x"],
      "The fault busy is not written well: count is a whole number.",
      "",
    ],
    [["simulate", "dmtf", "--host", "0.0.0.0"], "Beyond the loopback a password of your own is needed.", ""],
    [["simulate", "dmtf", "--count", "0"], "A number from 1 on is needed.", ""],
    [["simulate", "dmtf", "--port", "70000"], "A port is 1 to 65535.", ""],
    [
      ["simulate", "dmtf", "--host", "192.0.2.99", "--username", "u", "--password-env", "PW"],
      "cannot listen on",
      "192.0.2.99",
    ],
  ])("%j says what is wrong and what there is", async (argv, said, also) => {
    const { code, stdout, stderr } = await run(argv, { env: { PW: "x" } });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(said);
    expect(stderr).toContain(also);
  });

  test("--help names every fault", async () => {
    const { stdout } = await run(["simulate", "--help"]);
    expect(faultNames.filter((name) => !new RegExp(`^ {2}${name} {2,}`, "mu").test(stdout))).toEqual([]);
  });
});
