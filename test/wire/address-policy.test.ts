import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { createAddressPolicy, type Listener } from "../../src/wire/address-policy.ts";
import { facesOf, parseAddress, parseNetwork } from "../../src/wire/addresses.ts";
import { createGuardedAgents, type LookupFunction } from "../../src/wire/guarded/agent.ts";
import { createOriginClient } from "../../src/wire/guarded/origin-client.ts";

const policyOf = (allow: readonly string[] = [], own: readonly Listener[] = [], allowOwn = false) =>
  createAddressPolicy(
    { allow, allowOwn },
    () => own,
    () => ["192.0.2.10", "2001:db8::10"],
  );

describe("addresses", () => {
  it.each([
    ["2130706433", "127.0.0.1"],
    ["0x7f000001", "127.0.0.1"],
    ["0x7f.1", "127.0.0.1"],
    ["0177.0.0.01", "127.0.0.1"],
    ["127.1", "127.0.0.1"],
    ["127.0.0.1.", "127.0.0.1"],
    ["[::1]", "::1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["[fe80::1%25eth0]", "fe80::1"],
    ["::FFFF:127.0.0.1", "127.0.0.1"],
    ["::ffff:7f00:1", "127.0.0.1"],
  ])("%s spells %s", (odd, plain) => {
    expect(parseAddress(odd)).toBeDefined();
    expect(parseAddress(odd)).toBe(parseAddress(plain));
  });

  it.each(["example.org", "cafe", "", "1.2.3.4.5", "256.1.1.1.1", "1.2.3.4/x", "a@1.2.3.4", "::g", "12345::1"])(
    "%s is no address",
    (text) => {
      expect(parseAddress(text)).toBeUndefined();
    },
  );

  it.each(["10.0.0.0/33", "::/129", "example.org", "10.0.0.0/x", "", "/8"])("%s is no network", (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });

  it("an address carries itself first", () => {
    const own = parseAddress("2002:7f00:1::");
    expect(own === undefined ? [] : facesOf(own)).toEqual([own, parseAddress("127.0.0.1")]);
  });
});

describe("the address policy", () => {
  it.each([
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["::1", "loopback"],
    ["169.254.0.1", "link-local"],
    ["fe80::1", "link-local"],
    ["febf::1%2", "link-local"],
    ["169.254.169.254", "metadata"],
    ["fd00:ec2::254", "metadata"],
    ["100.100.100.200", "metadata"],
    ["168.63.129.16", "metadata"],
    ["fd20:ce::254", "metadata"],
    ["0.0.0.0", "unspecified"],
    ["0.1.2.3", "unspecified"],
    ["::", "unspecified"],
    ["224.0.0.1", "multicast"],
    ["239.255.255.255", "multicast"],
    ["ff02::1", "multicast"],
    ["255.255.255.255", "broadcast"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::127.0.0.1", "loopback"],
    ["::ffff:0:7f00:1", "loopback"],
    ["::ffff:169.254.169.254", "metadata"],
    ["64:ff9b::169.254.169.254", "metadata"],
    ["64:ff9b:1::7f00:1", "loopback"],
    ["64:ff9b:1:7f00:0:100::", "loopback"],
    ["2002:7f00:1::", "loopback"],
    ["2002:a9fe:a9fe::1", "metadata"],
    ["2001:0:7f00:1::", "loopback"],
    ["2001:0:5db8:1::80ff:fffe", "loopback"],
    ["not an address", "not an IP address"],
  ])("refuses %s as %s", (address, why) => {
    expect(policyOf().refusal(address, 80)?.why).toContain(why);
  });

  it.each([
    "192.0.2.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "8.8.8.8",
    "2001:db8::1",
    "fd12:3456::1",
    "64:ff9b::192.0.2.1",
    "2002:c000:201::",
    "64:ff9b:1::192.0.2.1",
    "64:ff9b:1:c000:2:100::",
    "223.255.255.255",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "169.255.0.0",
  ])("permits %s", (address) => {
    expect(policyOf().refusal(address, 80)).toBeUndefined();
  });

  it("permits what the setting allows, in every form that carries it", () => {
    const policy = policyOf(["127.0.0.0/8", "fe80::/64"]);
    for (const address of ["127.0.0.1", "::ffff:127.0.0.1", "2002:7f00:1::", "fe80::1"])
      expect(policy.refusal(address, 80)).toBeUndefined();
    for (const address of ["::1", "169.254.1.1", "fe80:1::1"]) expect(policy.refusal(address, 80)).toBeDefined();
  });

  it("does not open an IPv4 address by allowing the IPv6 network that carries it", () => {
    expect(policyOf(["64:ff9b::/96", "::/0"]).refusal("64:ff9b::127.0.0.1", 80)?.why).toContain("loopback");
  });

  it("names a malformed setting", () => {
    expect(() => policyOf(["10.0.0.0/40"])).toThrow(
      expect.objectContaining({ code: "SETTINGS_INVALID", context: { field: "sources.allow" } }),
    );
  });

  it.each([
    ["127.0.0.1", "127.0.0.1", 8480],
    ["192.0.2.10", "0.0.0.0", 8480],
    ["2001:db8::10", "::", 8480],
    ["192.0.2.10", "::", 8480],
    ["127.0.0.9", "::", 8480],
    ["0.0.0.0", "127.0.0.1", 8480],
    ["::ffff:127.0.0.1", "127.0.0.1", 8480],
    ["192.0.2.10", "localhost", 8480],
  ])("never reaches its own listener: %s while listening on %s", (address, listening, port) => {
    const own = [{ address: listening, port }];
    const everything = ["0.0.0.0/0", "::/0"];
    expect(policyOf(everything, own).refusal(address, port)?.why).toContain("listener of this gateway");
    expect(policyOf(everything, own).refusal(address, port + 1)).toBeUndefined();
    expect(policyOf(everything, own, true).refusal(address, port)).toBeUndefined();
  });

  it("leaves another host's port alone though we listen on the same one everywhere", () => {
    expect(policyOf([], [{ address: "0.0.0.0", port: 80 }]).refusal("192.0.2.77", 80)).toBeUndefined();
  });

  it("allowing its own listeners does not allow loopback", () => {
    expect(policyOf([], [{ address: "127.0.0.1", port: 1 }], true).refusal("127.0.0.1", 1)?.why).toContain("loopback");
  });

  it.each(["localhost", "LOCALHOST.", "a.localhost", "[::1]", "0x7f.1", "[fe80::1%25eth0]"])(
    "refuses the host %s without resolving it",
    (host) => {
      expect(policyOf().refusalOfHost(host, 80)).toBeDefined();
    },
  );

  it("leaves names to be judged by what they resolve to", () => {
    expect(policyOf().refusalOfHost("example.org", 80)).toBeUndefined();
    expect(policyOf(["::1"]).refusalOfHost("localhost", 80)).toBeUndefined();
  });
});

const resolving = (answers: readonly (readonly string[])[]): LookupFunction & { calls: () => number } => {
  let calls = 0;
  const lookup: LookupFunction = (_name, options, callback) => {
    const addresses = answers[Math.min(calls, answers.length - 1)] ?? [];
    calls += 1;
    const list = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    if (options.all === true) callback(null, list);
    else callback(null, list[0]?.address ?? "", list[0]?.family ?? 4);
  };
  return Object.assign(lookup, { calls: () => calls });
};

describe("a guarded origin", () => {
  const open: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });

  const listen = async (
    handler: Parameters<typeof createServer>[1],
  ): Promise<{ port: number; server: Server; seen: () => number }> => {
    let connections = 0;
    const server = createServer(handler);
    server.on("connection", () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    open.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return { server, port: (server.address() as AddressInfo).port, seen: () => connections };
  };

  const clientOf = (allow: readonly string[], lookup: LookupFunction, own: readonly Listener[] = []) =>
    createOriginClient({
      policy: policyOf(allow, own),
      timeouts: { connectMs: 2000, responseMs: 2000, idleMs: 2000 },
      lookup,
    });

  const get = (client: ReturnType<typeof clientOf>, uri: string) =>
    client.get({ uri: new URL(uri) }, AbortSignal.timeout(10_000));

  const text = async (body: AsyncIterable<Uint8Array>): Promise<string> => (await buffer(body)).toString();

  it("reads from an allowed address", async () => {
    const { port } = await listen((_request, response) => response.end("hello"));
    const answer = await get(clientOf(["127.0.0.1"], resolving([["127.0.0.1"]])), `http://origin.test:${port}/`);
    expect([answer.status, await text(answer.body)]).toEqual([200, "hello"]);
  });

  it.each([
    ["a name that resolves to loopback", "http://origin.test", [["127.0.0.1"]]],
    ["a literal address", "http://127.0.0.1", [["192.0.2.1"]]],
    ["a literal address spelt as a number", "http://2130706433", [["192.0.2.1"]]],
    ["a mapped literal", "http://[::ffff:127.0.0.1]", [["192.0.2.1"]]],
    ["localhost", "http://localhost", [["192.0.2.1"]]],
  ])("refuses %s before any packet is sent", async (_what, base, answers) => {
    const { port, seen } = await listen((_request, response) => response.end("secret"));
    await expect(get(clientOf([], resolving(answers)), `${base}:${port}/`)).rejects.toMatchObject({
      code: "SOURCE_FORBIDDEN",
    });
    expect(seen()).toBe(0);
  });

  it("refuses a name of which one address is refused, however many are permitted", async () => {
    const { port, seen } = await listen((_request, response) => response.end("secret"));
    const lookup = resolving([["127.0.0.1", "169.254.169.254"]]);
    await expect(get(clientOf(["127.0.0.1"], lookup), `http://mixed.test:${port}/`)).rejects.toMatchObject({
      code: "SOURCE_FORBIDDEN",
      message: expect.stringContaining("169.254.169.254"),
    });
    expect(seen()).toBe(0);
  });

  it("judges the very answer that it connects to: a name that changes its mind gains nothing", async () => {
    const { port, seen } = await listen((_request, response) => response.end("secret"));
    const lookup = resolving([["127.0.0.2"], ["127.0.0.1"]]);
    const client = clientOf(["127.0.0.2"], lookup);
    // The first answer is permitted and nothing listens there; only one resolution belongs to one connection.
    await expect(get(client, `http://rebind.test:${port}/`)).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
    expect(lookup.calls()).toBe(1);
    await expect(get(client, `http://rebind.test:${port}/`)).rejects.toMatchObject({ code: "SOURCE_FORBIDDEN" });
    expect(seen()).toBe(0);
  });

  it("judges every redirect anew", async () => {
    const inner = await listen((_request, response) => response.end("secret"));
    const outer = await listen((_request, response) =>
      response.writeHead(302, { location: `http://inner.test:${inner.port}/` }).end(),
    );
    const lookup: LookupFunction = (name, options, callback) =>
      resolving([[name === "outer.test" ? "127.0.0.1" : "::1"]])(name, options, callback);
    await expect(get(clientOf(["127.0.0.1"], lookup), `http://outer.test:${outer.port}/`)).rejects.toMatchObject({
      code: "SOURCE_FORBIDDEN",
      context: { host: "inner.test" },
    });
    expect([outer.seen(), inner.seen()]).toEqual([1, 0]);
  });

  it("refuses its own listener though its address is allowed", async () => {
    const { port, seen } = await listen((_request, response) => response.end("secret"));
    const client = clientOf(["127.0.0.0/8"], resolving([["127.0.0.1"]]), [{ address: "127.0.0.1", port }]);
    await expect(get(client, `http://origin.test:${port}/`)).rejects.toMatchObject({ code: "SOURCE_FORBIDDEN" });
    expect(seen()).toBe(0);
  });

  it("follows five redirects and not six", async () => {
    const { port } = await listen((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end("arrived");
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    const client = clientOf(["127.0.0.1"], resolving([["127.0.0.1"]]));
    expect(await text((await get(client, `http://origin.test:${port}/5`)).body)).toBe("arrived");
    await expect(get(client, `http://origin.test:${port}/6`)).rejects.toMatchObject({ code: "SOURCE_REFUSED" });
  });

  it.each(["file:///etc/passwd", "ftp://origin.test/x", "data:text/plain,x"])(
    "does not follow a redirect to %s",
    async (location) => {
      const { port } = await listen((_request, response) => response.writeHead(301, { location }).end());
      const client = clientOf(["127.0.0.1"], resolving([["127.0.0.1"]]));
      await expect(get(client, `http://origin.test:${port}/`)).rejects.toMatchObject({ code: "SOURCE_FORBIDDEN" });
    },
  );

  it("gives credentials to their origin and to no other, and never names them", async () => {
    const seen: (string | undefined)[] = [];
    const other = await listen((request, response) => {
      seen.push(request.headers.authorization);
      response.end("other");
    });
    const first = await listen((request, response) => {
      seen.push(request.headers.authorization);
      const location = request.url === "/a" ? "/b" : `http://u2:p2@origin.test:${other.port}/`;
      response.writeHead(307, { location }).end();
    });
    const client = clientOf(["127.0.0.1"], resolving([["127.0.0.1"]]));
    const answer = await get(client, `http://us%40er:p%3Ass@origin.test:${first.port}/a`);
    expect(await text(answer.body)).toBe("other");
    const basic = `Basic ${Buffer.from("us@er:p:ss").toString("base64")}`;
    expect(seen).toEqual([basic, basic, undefined]);
    const error: unknown = await get(
      clientOf([], resolving([["127.0.0.1"]])),
      `http://us:hunter2@x.test:${first.port}/`,
    ).catch((thrown: unknown) => thrown);
    expect(JSON.stringify([error, String(error)])).not.toContain("hunter2");
  });

  it("says which of network, name and time is at fault", async () => {
    const closed = await listen((_request, response) => response.end());
    await open.pop()?.();
    const client = clientOf(["127.0.0.1"], resolving([["127.0.0.1"]]));
    await expect(get(client, `http://origin.test:${closed.port}/`)).rejects.toMatchObject({
      code: "SOURCE_UNREACHABLE",
      message: expect.stringContaining("ECONNREFUSED"),
    });
    const nowhere: LookupFunction = (_name, _options, callback) =>
      callback(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }), "", 4);
    await expect(get(clientOf([], nowhere), "http://origin.test/")).rejects.toMatchObject({
      code: "SOURCE_UNREACHABLE",
      message: expect.stringContaining("does not resolve"),
    });
    const held = new Set<Socket>();
    const silent = createTcpServer((socket) => held.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    open.push(async () => {
      for (const socket of held) socket.destroy();
      await new Promise((resolve) => silent.close(resolve));
    });
    const hasty = createOriginClient({
      policy: policyOf(["127.0.0.1"]),
      timeouts: { connectMs: 500, responseMs: 60, idleMs: 60 },
      lookup: resolving([["127.0.0.1"]]),
    });
    const { port } = silent.address() as AddressInfo;
    await expect(get(hasty, `http://origin.test:${port}/`)).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
  });

  it("guards whoever uses the agent itself", async () => {
    const { http } = createGuardedAgents(policyOf());
    const { port, seen } = await listen((_request, response) => response.end());
    const { get: plainGet } = await import("node:http");
    const error = await new Promise((resolve) => {
      plainGet({ host: "127.0.0.1", port, agent: http }, resolve).on("error", resolve);
    });
    expect(error).toMatchObject({ code: "SOURCE_FORBIDDEN" });
    expect(seen()).toBe(0);
  });
});
