// machine: the requests it sends, exactly, and what it shows.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Expected, get, post, remove, streams } from "./rest-stub.ts";
import { runAgainst, temporaryFolder } from "./run.ts";
import { attached, machine, succeeded } from "./samples.ts";

describe("machine", () => {
  test("add sends the endpoint with its TLS policy, labels and the password from a file", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "password"), "s3cret\n");
    await writeFile(join(folder, "ca.pem"), "PEM\n");
    const endpoint = {
      address: "192.0.2.7",
      protocol: "redfish",
      credentials: { username: "root", password: "s3cret" },
      tls: { mode: "verify", ca: "PEM", level: "legacy" },
      system: "1",
      imageHost: "198.51.100.1",
    };
    const { stdout } = await runAgainst(
      [
        post(
          "/v1/machines",
          { name: "web1", endpoints: [endpoint], labels: { rack: "r7", role: "a=b" } },
          machine,
          201,
        ),
      ],
      `machine add web1 192.0.2.7 --protocol redfish --username root --password-file ${folder}/password --ca ${folder}/ca.pem
       --tls-level legacy --system 1 --image-host 198.51.100.1 --label rack=r7 --label role=a=b`.split(/\s+/),
    );
    expect(stdout).toMatch(/^machine +web1\n/);
    expect(stdout).toMatch(/^credentials +yes$/m);
  });

  test("a fingerprint alone means pinned", async () => {
    const fingerprint = "AB".repeat(32);
    expect(
      (
        await runAgainst(
          [
            post(
              "/v1/machines",
              { name: "web1", endpoints: [{ address: "h", tls: { mode: "pinned", fingerprint } }] },
              machine,
              201,
            ),
          ],
          ["machine", "add", "web1", "h", "--fingerprint", fingerprint],
        )
      ).code,
    ).toBe(0);
  });

  test("list follows every page and filters by label", async () => {
    const { stdout } = await runAgainst(
      [
        get("/v1/machines?label=rack%3Dr7&label=prod%3D&limit=1000", { items: [machine], next: "c1" }),
        get("/v1/machines?label=rack%3Dr7&label=prod%3D&limit=1000&after=c1", {
          items: [{ ...machine, name: "web2" }],
        }),
      ],
      ["machine", "list", "--label", "rack=r7", "--label", "prod"],
    );
    expect(stdout.split("\n").map((line) => line.split(/ +/)[0])).toEqual(["NAME", "web1", "web2", ""]);
  });

  test("list stops at the limit and says where to go on", async () => {
    const { stdout } = await runAgainst(
      [get("/v1/machines?limit=1&after=c0", { items: [machine], next: "c1" })],
      ["machine", "list", "--limit", "1", "--after", "c0", "--json"],
    );
    expect(JSON.parse(stdout)).toEqual({ items: [machine], next: "c1" });
  });

  test("update changes what was said and keeps the rest, credentials included", async () => {
    const changed = { address: "https://192.0.2.8", protocol: "auto", tls: { mode: "insecure", level: "modern" } };
    expect(
      (
        await runAgainst(
          [
            get("/v1/machines/web1", machine),
            {
              method: "PATCH",
              path: "/v1/machines/m-1",
              body: { labels: { zone: "z" }, endpoints: [changed] },
              json: machine,
            },
          ],
          "machine update web1 --address https://192.0.2.8 --tls insecure --label zone=z --unlabel rack".split(" "),
        )
      ).code,
    ).toBe(0);
  });

  test("update --no-credentials forgets them", async () => {
    const endpoint = {
      address: "https://192.0.2.7",
      protocol: "auto",
      tls: { mode: "verify", level: "modern" },
      credentials: null,
    };
    expect(
      (
        await runAgainst(
          [
            get("/v1/machines/web1", machine),
            { method: "PATCH", path: "/v1/machines/m-1", body: { endpoints: [endpoint] }, json: machine },
          ],
          ["machine", "update", "web1", "--no-credentials"],
        )
      ).code,
    ).toBe(0);
  });

  test("show and remove", async () => {
    const { stdout } = await runAgainst([get("/v1/machines/web1", machine)], ["machine", "show", "web1", "--json"]);
    expect(JSON.parse(stdout)).toEqual(machine);
    const removed = await runAgainst(
      [remove("/v1/machines/web1?force=true")],
      ["machine", "remove", "web1", "--force"],
    );
    expect(removed.stdout).toBe("Removed web1.\n");
  });

  const left = (...slots: readonly string[]): Expected =>
    get("/v1/machines/web1/attachments?leftIn=true&limit=1000", {
      items: slots.map((leftIn) => ({ ...attached, state: "detached", leftIn })),
    });
  const detached = (operation: object, path = "attachments"): readonly Expected[] => [
    remove(`/v1/machines/web1/${path}`, { operation }),
    { method: "GET", path: "/v1/operations/op-1/events", answer: streams([{ type: "end", data: {} }]) },
    get("/v1/operations/op-1", operation),
  ];
  const failed = { ...succeeded, state: "failed", error: { code: "BMC_UNREACHABLE", message: "No answer." } };

  test("remove --detach takes out what is attached first", async () => {
    const script = [...detached(succeeded), left(), remove("/v1/machines/web1")];
    expect((await runAgainst(script, ["machine", "remove", "web1", "--detach"])).stdout).toBe("Removed web1.\n");
  });

  test("remove --detach takes out what was left in too, each slot once", async () => {
    const eject = detached(succeeded, "media/Cd");
    const script = [...detached(succeeded), left("Cd", "Cd"), ...eject, remove("/v1/machines/web1")];
    expect((await runAgainst(script, ["machine", "remove", "web1", "--detach"])).stdout).toBe("Removed web1.\n");
  });

  test("remove --detach keeps a machine whose medium could not be taken out, but for --force", async () => {
    const kept = await runAgainst(detached(failed), ["machine", "remove", "web1", "--detach"]);
    expect(kept).toMatchObject({ code: 6, stdout: "" });
    const script = [...detached(failed), left(), remove("/v1/machines/web1?force=true")];
    const { stdout, stderr } = await runAgainst(script, ["machine", "remove", "web1", "--detach", "--force"]);
    expect(stdout).toBe("Removed web1.\n");
    expect(stderr).toContain("No answer.");
  });
});
