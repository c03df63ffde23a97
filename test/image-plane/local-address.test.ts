// Which address of ours a host sees: asked of the routing table, without a packet.
import { networkInterfaces } from "node:os";
import { describe, expect, it } from "vitest";
import { localRouteTo, resolveHost } from "../../src/wire/local-address.ts";

const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));

describe("the local address towards a host", () => {
  it("is the loopback's for a host on the loopback", async () => {
    expect(await localRouteTo("127.0.0.5", ["127.0.0.5"])).toMatchObject({
      family: 4,
      address: expect.stringMatching(/^127\./),
    });
  });

  it.runIf(hasIPv6)("is of the host's family", async () => {
    expect(await localRouteTo("::1", ["::1"])).toEqual({ address: "::1", family: 6 });
  });

  it("is of the first address that has a route", async () => {
    expect(await localRouteTo("bmc.example", ["255.255.255.255", "127.0.0.1"])).toEqual({
      address: "127.0.0.1",
      family: 4,
    });
  });

  it("does not exist without a route", async () => {
    await expect(localRouteTo("bmc.example", ["255.255.255.255"])).rejects.toMatchObject({ code: "BMC_UNREACHABLE" });
  });
});

describe("a host's addresses", () => {
  it("are itself when it is one, with or without brackets", async () => {
    expect(await resolveHost("192.0.2.7")).toEqual(["192.0.2.7"]);
    expect(await resolveHost("[2001:db8::7]")).toEqual(["2001:db8::7"]);
  });

  it("are what its name resolves to, IPv4 first", async () => {
    expect(await resolveHost("bmc.example", async () => ["2001:db8::7", "192.0.2.7"])).toEqual([
      "192.0.2.7",
      "2001:db8::7",
    ]);
    expect(await resolveHost("localhost")).toContain("127.0.0.1");
  });

  it("do not exist when its name does not", async () => {
    await expect(resolveHost("bmc.invalid", () => Promise.reject(new Error("ENOTFOUND")))).rejects.toMatchObject({
      code: "BMC_UNREACHABLE",
    });
    await expect(resolveHost("bmc.invalid", async () => [])).rejects.toMatchObject({ code: "BMC_UNREACHABLE" });
  });
});
