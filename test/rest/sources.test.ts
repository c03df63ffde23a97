// Sources in bodies: named credentials beside a URI, and the JSON of a config drive as Ironic takes it.
import { describe, expect, it } from "vitest";
import { jsonOf, startRest } from "../tools/rest.ts";

const attachPath = "/v1/machines/node1/attachments";

/** What Ironic's documentation and metal3 send. */
const ironic = {
  meta_data: { uuid: "a-b", name: "node1", public_keys: { mine: "ssh-ed25519 AAAA" } },
  network_data: { links: [{ id: "eth0", type: "phy", ethernet_mac_address: "52:54:00:00:00:01" }], networks: [] },
  user_data: "#cloud-config\npassword: canary\n",
  vendor_data: { cloud: "x" },
};

const nested = (levels: number): unknown => (levels === 0 ? "deep" : { a: nested(levels - 1) });

describe("a source", () => {
  it.each([
    [
      { uri: "https://origin.example/c.iso", credential: "mirror" },
      { kind: "uri", uri: "https://origin.example/c.iso", credential: "mirror" },
    ],
    [{ uri: "swift://c/o" }, { kind: "uri", uri: "swift://c/o" }],
    [{ configdrive: ironic }, { kind: "configdrive", drive: { content: ironic } }],
    [
      { configdrive: { user_data: "" }, layout: "nocloud", ec2: false },
      { kind: "configdrive", drive: { content: { user_data: "" }, layout: "nocloud", ec2: false } },
    ],
    [{ configdrive: {} }, { kind: "configdrive", drive: { content: {} } }],
    [
      { configdrive: { user_data: ["a", { b: 1 }] }, layout: "openstack", ec2: true },
      { kind: "configdrive", drive: { content: { user_data: ["a", { b: 1 }] }, layout: "openstack", ec2: true } },
    ],
    [
      { configdrive: { user_data: null, meta_data: nested(24) } },
      { kind: "configdrive", drive: { content: { user_data: null, meta_data: nested(24) } } },
    ],
  ])("%j reaches the gateway with attach and with an image", async (source, expected) => {
    await using rest = await startRest();
    expect((await rest.call(attachPath, { method: "POST", body: { source } })).status).toBe(202);
    expect((await rest.call("/v1/images", { method: "POST", body: { source } })).status).toBe(201);
    const [attached, ingested] = rest.gateway.calls;
    expect(attached?.slice(0, 3)).toEqual(["attach", "node1", { source: expected }]);
    expect(ingested?.slice(0, 2)).toEqual(["ingestImage", expected]);
  });

  it.each([
    ["an unknown key in it", { configdrive: { ...ironic, canary: 1 } }, "source.configdrive.canary"],
    ["its keys without its name", ironic, "source.meta_data"],
    ["text for meta_data", { configdrive: { meta_data: "canary" } }, "source.configdrive.meta_data"],
    ["a list for network_data", { configdrive: { network_data: ["canary"] } }, "source.configdrive.network_data"],
    ["null for vendor_data", { configdrive: { vendor_data: null } }, "source.configdrive.vendor_data"],
    ["a number for user_data", { configdrive: { user_data: 5 } }, "source.configdrive.user_data"],
    ["a truth value for user_data", { configdrive: { user_data: true } }, "source.configdrive.user_data"],
    ["text for itself", { configdrive: "canary" }, "source.configdrive"],
    ["26 levels", { configdrive: { meta_data: nested(25) } }, "source.configdrive"],
    ["lists of 26 levels", { configdrive: { user_data: [[[nested(22)]]] } }, "source.configdrive"],
    [
      "a number that would change",
      { configdrive: { meta_data: { n: [2 ** 53] } } },
      "source.configdrive.meta_data.n[0]",
    ],
    ["half of a surrogate pair", { configdrive: { user_data: "canary\ud800" } }, "source.configdrive.user_data"],
    ["an unknown layout", { configdrive: ironic, layout: "canary" }, "source.layout"],
    ["a credential", { configdrive: ironic, credential: "canary" }, "source"],
    ["a URI beside it", { configdrive: ironic, uri: "https://canary" }, "source"],
  ])("of a config drive with %s is refused by its field, and not repeated", async (_what, source, field) => {
    await using rest = await startRest();
    const answer = await rest.call(attachPath, { method: "POST", body: { source } });
    const problem = await jsonOf(answer);
    expect(problem).toMatchObject({ status: 400, code: "INVALID_REQUEST", context: { field } });
    expect(rest.gateway.calls).toEqual([]);
    const { context: _named, detail: _detail, ...rest1 } = problem;
    expect(JSON.stringify(rest1)).not.toContain("canary");
    expect(rest.lines.join("")).not.toContain("canary");
  });

  it.each([
    [{ base64: "AAAA", credential: "mirror" }, "`credential` goes with `uri` only"],
    [{ digest: "ab".repeat(32), credential: "mirror" }, "`credential` goes with `uri` only"],
    [{ credential: "mirror" }, "`credential` goes with `uri` only"],
    [{ uri: "http://h", layout: "nocloud" }, "`layout` and `ec2` go with `configdrive` only"],
    [{ base64: "AAAA", ec2: true }, "`layout` and `ec2` go with `configdrive` only"],
    [{ uri: "http://h", base64: "AAAA" }, "exactly one of `uri`, `base64`, `digest` and `configdrive` is needed"],
    [{}, "exactly one of `uri`, `base64`, `digest` and `configdrive` is needed"],
  ])("%j is refused, and told why", async (source, why) => {
    await using rest = await startRest();
    const answer = await rest.call("/v1/images", { method: "POST", body: { source } });
    expect(await jsonOf(answer)).toMatchObject({ status: 400, detail: expect.stringContaining(why) });
  });

  it("by a URI is at most 8192 characters long, unless it is a data: URI", async () => {
    await using rest = await startRest();
    const long = "a".repeat(8192);
    for (const [uri, status] of [
      [`data:,${long}`, 201],
      [`http://h/${long.slice(9)}`, 201],
      [`http://h/${long.slice(8)}`, 400],
    ] as const) {
      const answer = await rest.call("/v1/images", { method: "POST", body: { source: { uri } } });
      expect(answer.status).toBe(status);
    }
  });

  it("of more than a mebibyte of user data is taken", async () => {
    await using rest = await startRest();
    const source = { configdrive: { user_data: "x".repeat(2 * 1024 * 1024) } };
    expect((await rest.call(attachPath, { method: "POST", body: { source } })).status).toBe(202);
  });
});

it.each(["[", '{"source":{"configdrive":{"meta_data":'])(
  "a body nested a hundred thousand times with %s is the caller's mistake, and not ours",
  async (opening) => {
    await using rest = await startRest();
    const closing = opening === "[" ? "]" : "}}}";
    const text = opening.repeat(100_000) + (opening === "[" ? "" : "1") + closing.repeat(100_000);
    const answer = await rest.call("/v1/images", { method: "POST", text });
    expect(await jsonOf(answer)).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
    expect(rest.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  },
);
