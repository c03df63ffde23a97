// Many simulators at once, the faults a command line knows, and the certificate they serve https with.
import { X509Certificate } from "node:crypto";
import { request } from "node:https";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type FaultName,
  faultNames,
  type FleetOptions,
  isFaultName,
  listFixtures,
  startFleet,
} from "../../src/simulators/redfish/index.ts";
import { selfSigned } from "../../src/simulators/self-signed.ts";

const start = async (options: Partial<FleetOptions> = {}) => {
  const fleet = await startFleet({ fixtures: ["dmtf"], ...options });
  onTestFinished(() => fleet.close());
  return fleet;
};

const statusOf = (url: string, ca: string): Promise<unknown> =>
  new Promise((resolve) => {
    const asked = request(`${url}/redfish/v1`, { ca }, (response) =>
      response.resume().on("end", () => resolve(response.statusCode)),
    );
    asked.on("error", (error) => resolve("code" in error ? error.code : error));
    asked.end();
  });

describe("a fleet", () => {
  test("takes its fixtures in turn, each BMC with a state of its own", async () => {
    const { machines } = await start({ count: 5 });
    expect(machines.map(({ name }) => name)).toEqual([
      "dmtf/two-port-1.0#1",
      "dmtf/two-slot-1.0#1",
      "dmtf/two-slot-manager-1.0#1",
      "dmtf/two-port-1.0#2",
      "dmtf/two-slot-1.0#2",
    ]);
    machines[0]?.simulator.insertByHand("Cd", "http://192.0.2.1/cd.iso");
    machines[0]?.simulator.setPower("On");
    expect(machines.map(({ simulator }) => [simulator.slots()[0]?.inserted, simulator.power()])).toEqual([
      [true, "On"],
      ...Array.from({ length: 4 }, () => [false, "Off"]),
    ]);
    expect(new Set(machines.map(({ simulator }) => simulator.url)).size).toBe(5);
  });

  test("of an unknown family is an error that lists those there are", async () => {
    await expect(startFleet({ fixtures: ["nobody"] })).rejects.toThrow("dmtf/two-slot-1.0");
  });

  test("of five hundred costs little memory each", async () => {
    const before = process.memoryUsage().heapUsed;
    const { machines } = await start({ fixtures: ["dmtf/two-slot-1.0"], count: 500 });
    const perMachine = (process.memoryUsage().heapUsed - before) / 500;
    expect(machines).toHaveLength(500);
    expect(perMachine).toBeLessThan(100_000);
  });

  test("fixtures are listed with their titles", async () => {
    expect(await listFixtures()).toContainEqual({
      name: "dmtf/two-slot-1.0",
      title: expect.stringContaining("two slots"),
    });
  });
});

describe("faults by name", () => {
  const outcome = async (fault: FaultName): Promise<unknown> => {
    const { machines } = await start({ count: 1, faults: [fault] });
    const url = machines[0]?.simulator.url ?? "";
    const waits = fault === "hang" || fault === "drip" ? 100 : 5000;
    try {
      const answer = await fetch(`${url}/redfish/v1`, { redirect: "manual", signal: AbortSignal.timeout(waits) });
      const text = await answer.text();
      const type = answer.headers.get("content-type")?.split(";")[0];
      return [answer.status, type, text.length > 1_000_000 ? "huge" : text.startsWith("{") && text.endsWith("}")];
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : String(cause);
    }
  };

  const outcomes: readonly (readonly [FaultName, unknown])[] = [
    ["refuse", "ECONNREFUSED"],
    ["reset", "ECONNRESET"],
    ["lost-reply", "ECONNRESET"],
    ["truncate", "UND_ERR_SOCKET"],
    ["hang", "TimeoutError: The operation was aborted due to timeout"],
    ["drip", "TimeoutError: The operation was aborted due to timeout"],
    ["busy", [503, undefined, false]],
    ["invalid-json", [200, "application/json", false]],
    ["content-type", [200, "text/plain", true]],
    ["html", [500, "text/html", false]],
    ["huge", [200, "application/json", "huge"]],
    ["redirect", [308, undefined, false]],
    ["poison", [200, "application/json", true]],
  ];

  test.each(outcomes)("%s ends as %j", async (fault, expected) => {
    expect(await outcome(fault)).toEqual(expected);
  });

  test("each is tried here or with https", () => {
    expect([...outcomes.map(([fault]) => fault), "expired-certificate"].sort()).toEqual([...faultNames].sort());
    expect([isFaultName("drip"), isFaultName("toString")]).toEqual([true, false]);
  });
});

describe("https", () => {
  test("has a certificate of its own that verifies against itself", async () => {
    const tls = selfSigned();
    const { machines } = await start({ count: 1, tls });
    const { url } = machines[0]?.simulator ?? { url: "" };
    expect(url).toMatch(/^https:/u);
    expect(await statusOf(url, tls.cert)).toBe(200);
    expect(await statusOf(url, selfSigned().cert)).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
  });

  test("or one that has expired", async () => {
    const expired = selfSigned({ expired: true });
    const { machines } = await start({ count: 1, tls: expired });
    expect(await statusOf(machines[0]?.simulator.url ?? "", expired.cert)).toBe("CERT_HAS_EXPIRED");
    const { machines: faulty } = await start({ count: 1, faults: ["expired-certificate"] });
    expect(faulty[0]?.simulator.url).toMatch(/^https:/u);
  });

  test("the certificate names its addresses and is signed by its own key", () => {
    const { cert } = selfSigned({ names: ["192.0.2.7", "2001:db8::1", "bmc.example"] });
    const parsed = new X509Certificate(cert);
    expect(parsed.subjectAltName).toBe("IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:1, DNS:bmc.example");
    expect([parsed.verify(parsed.publicKey), parsed.ca]).toEqual([true, true]);
  });
});
