// Faults of the simulated service: each hits the requests it names, with or without the effect it promises.
import { Agent, request } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CallOptions, ejectUri, insertUri, serveImage, simulate, slotUri, systemUri } from "./redfish-client.ts";

const inserting = async (): Promise<CallOptions> => ({ body: { Image: (await serveImage()).url } });

describe("connections", () => {
  test("a reset before the effect leaves the slot empty", async () => {
    const { bmc, call } = await simulate();
    bmc.setFault({ kind: "reset", when: "before", method: "POST" });
    await expect(call("POST", insertUri("Cd"), await inserting())).rejects.toThrow("ECONNRESET");
    expect([bmc.effectiveInserts(), bmc.requests().at(-1)?.status]).toEqual([0, 0]);
  });

  test("a reset after the effect loses only the reply", async () => {
    const { bmc, call } = await simulate();
    bmc.setFault({ kind: "reset", when: "after", path: /InsertMedia$/u });
    await expect(call("POST", insertUri("Cd"), await inserting())).rejects.toThrow("ECONNRESET");
    expect(bmc.slots()[0]?.inserted).toBe(true);
    expect((await call("GET", slotUri("Cd"))).body["Inserted"]).toBe(true);
  });

  test("a hang never answers, with or without the effect", async () => {
    const { bmc, call } = await simulate();
    const body = await inserting();
    for (const [when, inserts] of [
      ["before", 0],
      ["after", 1],
    ] as const) {
      bmc.setFault({ kind: "hang", when, method: "POST" });
      const waited = await Promise.race([
        call("POST", insertUri("Cd"), body).then(
          () => "answered",
          (error: unknown) => error,
        ),
        new Promise((resolve) => setTimeout(resolve, 100, "waiting")),
      ]);
      expect([waited, bmc.effectiveInserts()]).toEqual(["waiting", inserts]);
      bmc.refuseConnections();
      await bmc.acceptConnections();
    }
  });

  test("refused connections are refused until they are accepted again, on the same port", async () => {
    const { bmc, call } = await simulate();
    bmc.refuseConnections();
    await expect(call("GET", "/redfish/v1")).rejects.toThrow("ECONNREFUSED");
    await bmc.acceptConnections();
    expect((await call("GET", "/redfish/v1")).status).toBe(200);
  });

  test("a poisoned 204 spoils the next reply on its connection only", async () => {
    const { bmc, call } = await simulate();
    await call("POST", insertUri("Cd"), await inserting());
    bmc.setFault({ kind: "poison", path: ejectUri("Cd") });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const over = (method: string, path: string) =>
      new Promise((resolve) => {
        const auth = `Basic ${Buffer.from("admin:simulated").toString("base64")}`;
        const outgoing = request(bmc.url + path, { method, agent, headers: { Authorization: auth } }, (response) => {
          response.resume().on("end", () => resolve(response.statusCode));
        });
        outgoing.on("error", (error) => resolve("code" in error ? error.code : error));
        outgoing.end();
      });
    expect(await over("POST", ejectUri("Cd"))).toBe(204);
    expect(bmc.effectiveEjects()).toBe(1);
    const next = await over("GET", systemUri);
    expect(next).toMatch(/^HPE_/u);
    expect(await over("GET", systemUri)).toBe(200);
  });
});

describe("replies", () => {
  test("a truncated body ends early", async () => {
    const { bmc, call } = await simulate();
    bmc.setFault({ kind: "truncate" });
    await expect(call("GET", systemUri)).rejects.toThrow("aborted");
  });

  test("busy is 503 with Retry-After and no effect", async () => {
    const { bmc, call } = await simulate();
    bmc.setFault({ kind: "busy", retryAfterSeconds: 7, method: "POST" });
    const busy = await call("POST", insertUri("Cd"), await inserting());
    expect([busy.status, busy.headers["retry-after"], bmc.effectiveInserts()]).toEqual([503, "7", 0]);
  });

  test("any error with any message can be said", async () => {
    const { bmc, call } = await simulate();
    bmc.setFault({
      kind: "status",
      status: 503,
      messageId: "IDRAC.2.8.RAC0218",
      message: "The maximum number of user sessions is reached.",
    });
    const refused = await call("GET", systemUri);
    expect([refused.status, refused.text.includes('"code":"IDRAC.2.8.RAC0218"')]).toEqual([503, true]);
  });

  test("the body can be broken JSON, HTML, of another type, huge, or elsewhere", async () => {
    const { bmc, call } = await simulate();
    bmc.setFault({ kind: "invalid-json" });
    await expect(call("GET", systemUri)).rejects.toThrow(SyntaxError);
    bmc.setFault({ kind: "html", status: 404 });
    const html = await call("GET", systemUri);
    expect([html.status, html.headers["content-type"], html.text.startsWith("<html>")]).toEqual([
      404,
      "text/html",
      true,
    ]);
    bmc.setFault({ kind: "content-type", value: "text/plain" });
    expect((await call("GET", systemUri)).headers["content-type"]).toBe("text/plain");
    bmc.setFault({ kind: "huge", sizeBytes: 3_000_000 });
    expect((await call("GET", systemUri)).text.length).toBeGreaterThan(3_000_000);
    bmc.setFault({ kind: "redirect", status: 308, location: "/elsewhere" });
    const moved = await call("GET", systemUri);
    expect([moved.status, moved.headers.location]).toEqual([308, "/elsewhere"]);
  });

  test("a fault hits as many requests as it says, after those it skips, and is gone when cleared", async () => {
    const { bmc, call } = await simulate();
    bmc.setFault({ kind: "busy", retryAfterSeconds: 1, path: systemUri, skip: 1, count: 2 });
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) statuses.push((await call("GET", systemUri)).status);
    expect(statuses).toEqual([200, 503, 503, 200, 200]);
    bmc.setFault({ kind: "busy", retryAfterSeconds: 1, count: Number.POSITIVE_INFINITY });
    expect((await call("GET", systemUri)).status).toBe(503);
    bmc.clearFaults();
    expect((await call("GET", systemUri)).status).toBe(200);
  });
});
