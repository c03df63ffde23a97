// attach and detach: the requests they send, exactly, and what they show.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { get, post, remove } from "./rest-stub.ts";
import { runAgainst, temporaryFolder } from "./run.ts";
import { accepted, attached, machine, operation } from "./samples.ts";

const attachPath = "/v1/machines/web1/attachments";

describe("attach", () => {
  test("sends every option and prints the operation's id alone", async () => {
    const body = {
      source: { uri: "http://192.0.2.1/c.iso" },
      role: "boot",
      boot: "continuous",
      reset: "PowerCycle",
      digest: "a".repeat(64),
      slot: "Cd",
      force: true,
      readWithinMs: 300_000,
      deadlineMs: 5_400_000,
    };
    const { code, stdout, stderr } = await runAgainst(
      [
        {
          ...post(attachPath, body, accepted),
          headers: { "idempotency-key": "k-1", "content-type": "application/json" },
        },
      ],
      `attach web1 http://192.0.2.1/c.iso --as boot --boot continuous --reset=PowerCycle --digest SHA256:${"A".repeat(64)}
       --slot Cd --force --read-within 5m --deadline 1.5h --idempotency-key k-1`.split(/\s+/),
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "op-1\n", stderr: "" });
  });

  test("sends nothing that was not asked for", async () => {
    expect(
      (
        await runAgainst(
          [post(attachPath, { source: { uri: "file:///srv/c.iso" } }, accepted)],
          ["attach", "web1", "file:///srv/c.iso"],
        )
      ).code,
    ).toBe(0);
  });

  test("--reset without a type leaves the choice to the gateway", async () => {
    expect(
      (
        await runAgainst(
          [post(attachPath, { source: { digest: "b".repeat(64) }, reset: true }, accepted)],
          ["attach", "web1", `image:${"b".repeat(64)}`, "--reset"],
        )
      ).code,
    ).toBe(0);
  });

  test("a machine's name is encoded in the path", async () => {
    expect(
      (
        await runAgainst(
          [post("/v1/machines/..%2Ftokens%3F/attachments", { source: { uri: "http://h/x" } }, accepted)],
          ["attach", "../tokens?", "http://h/x"],
        )
      ).code,
    ).toBe(0);
  });

  test("@FILE sends raw bytes as base64, and base64 text as it is", async () => {
    const folder = await temporaryFolder();
    const raw = gzipSync("an image");
    await writeFile(join(folder, "raw"), raw);
    await writeFile(
      join(folder, "text"),
      `${raw.toString("base64").slice(0, 8)}\n${raw.toString("base64").slice(8)}\n`,
    );
    const expected = post(attachPath, { source: { base64: raw.toString("base64") } }, accepted);
    expect((await runAgainst([expected], ["attach", "web1", `@${folder}/raw`])).code).toBe(0);
    expect((await runAgainst([expected], ["attach", "web1", `@${folder}/text`])).code).toBe(0);
  });

  test("- sends standard input", async () => {
    const expected = post(attachPath, { source: { base64: Buffer.from("\u0000CD001").toString("base64") } }, accepted);
    expect((await runAgainst([expected], ["attach", "web1", "-"], { stdin: "\u0000CD001" })).code).toBe(0);
  });

  test("--json shows the accepted work as it came", async () => {
    const { stdout } = await runAgainst(
      [post(attachPath, { source: { uri: "http://h/x" } }, accepted)],
      ["attach", "web1", "http://h/x", "--json"],
    );
    expect(JSON.parse(stdout)).toEqual(accepted);
  });
});

describe("detach", () => {
  test("without an attachment detaches everything of the machine", async () => {
    const { stdout } = await runAgainst([remove(attachPath, { operation })], ["detach", "web1"]);
    expect(stdout).toBe("op-1\n");
  });

  test("with an attachment detaches that one, after a look at whose it is", async () => {
    expect(
      (
        await runAgainst(
          [
            get("/v1/machines/web1", machine),
            get("/v1/attachments/a-1", attached),
            remove("/v1/attachments/a-1?force=true", accepted),
          ],
          ["detach", "web1", "a-1", "--force"],
        )
      ).code,
    ).toBe(0);
  });

  test("refuses an attachment of another machine", async () => {
    const { code, stderr } = await runAgainst(
      [
        get("/v1/machines/web1", machine),
        get("/v1/attachments/a-9", { ...attached, machineId: "m-9", machineName: "db1" }),
      ],
      ["detach", "web1", "a-9"],
    );
    expect(code).toBe(2);
    expect(stderr).toContain("belongs to db1, not to web1");
  });
});
