// The HTTP side and authentication, by personality: connections, pace, ETags, queries, logins.
import { describe, expect, test } from "vitest";
import type { PersonalityOverrides } from "../../src/simulators/redfish/index.ts";
import { ManualClock } from "../tools/manual-clock.ts";
import { type Call, simulate, slotUri, systemUri } from "./redfish-client.ts";

type Http = NonNullable<PersonalityOverrides["http"]>;

const begin = async (http: Http, rest: PersonalityOverrides = {}) => {
  const clock = new ManualClock();
  return { clock, ...(await simulate({ clock, overrides: { ...rest, http } })) };
};
const patch = (call: Call, headers: Record<string, string>) =>
  call("PATCH", systemUri, { headers, body: { Boot: { BootSourceOverrideTarget: "Cd" } } });

describe("connections", () => {
  test("may be closed after so many replies, with a word", async () => {
    const { bmc, call } = await begin({ requestsPerConnection: 2 });
    expect((await call("GET", "/redfish/v1")).headers.connection).toBe("keep-alive");
    expect((await call("GET", "/redfish/v1")).headers.connection).toBe("close");
    await call("GET", "/redfish/v1");
    expect(bmc.connections()).toBe(2);
  });

  test("or without, so that the next request is lost", async () => {
    const { call } = await begin({ requestsPerConnection: 2, closes: "silently" });
    for (let index = 0; index < 2; index += 1) expect((await call("GET", "/redfish/v1")).status).toBe(200);
    await expect(call("GET", "/redfish/v1")).rejects.toThrow("ECONNRESET");
    expect((await call("GET", "/redfish/v1")).status).toBe(200);
  });
});

describe("pace", () => {
  test("every reply takes the latency, on the clock", async () => {
    const clock = new ManualClock();
    const { call } = await simulate({ clock, latencyMs: 200 });
    const waiting = call("GET", "/redfish/v1");
    await clock.advanceUntil(() => clock.sleeping === 1, 1, 5000);
    await clock.advance(200);
    expect((await waiting).status).toBe(200);
  });

  test("a request too soon after the last is refused", async () => {
    const { call, clock } = await begin({ minGapMs: 500 });
    expect((await call("GET", "/redfish/v1")).status).toBe(200);
    const refused = await call("GET", "/redfish/v1");
    expect([refused.status, refused.messageId]).toEqual([503, "ServiceTemporarilyUnavailable"]);
    await clock.advance(500);
    expect((await call("GET", "/redfish/v1")).status).toBe(200);
  });

  test.each(["refused", "reset", "crash"] as const)("one more at a time than it bears is %s", async (overload) => {
    const { bmc, call, clock } = await begin({ maxInFlight: 1, latencyMs: 50, overload, crashMs: 7000 });
    const first = call("GET", "/redfish/v1");
    await clock.advanceUntil(() => clock.sleeping === 1, 1, 5000);
    const second = fetch(`${bmc.url}/redfish/v1`).then(
      ({ status }) => status,
      () => "lost",
    );
    expect(await second).toBe(overload === "refused" ? 503 : "lost");
    await clock.advance(50);
    expect((await first).status).toBe(200);
    const next = fetch(`${bmc.url}/redfish/v1`).then(
      ({ status }) => status,
      () => "lost",
    );
    await clock.settle();
    await clock.advance(50);
    expect(await next).toBe(overload === "crash" ? "lost" : 200);
    await clock.advance(7000);
    const last = call("GET", "/redfish/v1");
    await clock.advanceUntil(() => clock.sleeping === 1, 1, 5000);
    await clock.advance(50);
    expect((await last).status).toBe(200);
  });
});

describe("ETags", () => {
  test.each<readonly [Http["etag"], RegExp]>([
    ["unquoted", /^[0-9a-f]{16}$/u],
    ["empty", /^$/u],
    ["weak", /^W\/"/u],
  ])("may be %s", async (etag, pattern) => {
    const { call } = await begin({ etag });
    expect((await call("GET", systemUri)).body["@odata.etag"]).toMatch(pattern);
  });

  test("may stand in the header or in the body only, and be long", async () => {
    const header = await (await begin({ etagIn: "header", etagLength: 64 })).call("GET", systemUri);
    expect([header.headers.etag?.length, "@odata.etag" in header.body]).toEqual([66, false]);
    const body = await (await begin({ etagIn: "body" })).call("GET", systemUri);
    expect([body.headers.etag, "@odata.etag" in body.body]).toEqual([undefined, true]);
  });

  test.each<readonly [string, Http, (etag: string) => string, number]>([
    ["weak as it was sent", { etag: "weak" }, (etag) => etag, 200],
    ["weak where the strong form is wanted", { etag: "weak", ifMatchForm: "strong" }, (etag) => etag, 412],
    ["its strong form", { etag: "weak", ifMatchForm: "strong" }, (etag) => etag.replace("W/", ""), 200],
    ["with quotes where none are wanted", { ifMatchForm: "unquoted" }, (etag) => etag, 412],
    ["without", { ifMatchForm: "unquoted" }, (etag) => etag.replaceAll('"', ""), 200],
    ["* where it is not taken", { ifMatchStar: "refused" }, () => "*", 412],
    ["an empty one", { etag: "empty" }, () => '""', 412],
    ["a long one", { etagLength: 64, maxIfMatchBytes: 63 }, (etag) => etag, 400],
  ])("an If-Match that is %s", async (_what, http, form, status) => {
    const { call } = await begin(http);
    const etag = String((await call("GET", systemUri)).body["@odata.etag"]);
    expect((await patch(call, { "If-Match": form(etag) })).status).toBe(status);
  });

  test.each([
    ["etag-kept", /^"[0-9a-f]+"$/u, 200],
    ["etag-suffixed", /^"[0-9a-f]+-gzip"$/u, 412],
    ["etag-weakened", /^W\/"[0-9a-f]+"$/u, 412],
  ] as const)("a compressed reply has its ETag %s", async (gzip, pattern, status) => {
    const { bmc, call } = await begin({ gzip });
    const headers = { Authorization: `Basic ${btoa("admin:simulated")}`, "Accept-Encoding": "gzip" };
    const zipped = await fetch(bmc.url + systemUri, { headers });
    expect([zipped.headers.get("content-encoding"), zipped.headers.get("etag")]).toEqual([
      "gzip",
      expect.stringMatching(pattern),
    ]);
    expect(await zipped.json()).toHaveProperty("Boot");
    expect((await patch(call, { "If-Match": zipped.headers.get("etag") ?? "" })).status).toBe(status);
    expect((await call("GET", systemUri)).headers["content-encoding"]).toBeUndefined();
  });

  test("an If-Match may be demanded at some places only", async () => {
    const { call } = await begin({ ifMatchRequiredAt: ["/Systems/1$"] });
    expect((await patch(call, {})).status).toBe(428);
  });
});

describe("replies", () => {
  test("messages are of the registry's version", async () => {
    const { call } = await begin({ messages: "Base.1.5" });
    expect((await call("GET", "/redfish/v1/none")).text).toContain('"MessageId":"Base.1.5.ResourceMissingAtURI"');
  });

  test("a PATCH may be answered with a message", async () => {
    const { call } = await begin({ patchReply: "message" });
    expect((await patch(call, {})).messageId).toBe("Success");
  });

  test("a client that takes nothing but identity may be refused", async () => {
    const { call } = await begin({ identityEncoding: "refused" });
    expect((await call("GET", systemUri, { headers: { "Accept-Encoding": "identity" } })).status).toBe(406);
    expect((await call("GET", systemUri)).status).toBe(200);
  });

  test("$select may be understood, and a declared $expand fail", async () => {
    const { call } = await begin({ select: true, expandFails: ["*"] });
    const { body } = await call("GET", `${slotUri("Cd")}?$select=Image,Inserted`);
    expect(Object.keys(body).filter((name) => !name.startsWith("@"))).toEqual(["Image", "Inserted"]);
    expect((await call("GET", `${systemUri}?$expand=*`)).status).toBe(501);
    expect((await call("GET", `${systemUri}?$expand=.`)).status).toBe(200);
  });
});

describe("authentication", () => {
  const sessions = "/redfish/v1/SessionService/Sessions";
  const account = { UserName: "admin", Password: "simulated" };

  test("may be wanted even at the root", async () => {
    const { call } = await begin({}, { auth: { rootNeedsAuth: true } });
    expect((await call("GET", "/redfish/v1", { anonymous: true })).status).toBe(401);
    expect((await call("GET", "/redfish/v1")).status).toBe(200);
  });

  test("a login that also has Basic may be refused", async () => {
    const { call } = await begin({}, { auth: { loginWithBasic: "refused" } });
    expect((await call("POST", sessions, { body: account })).status).toBe(401);
    expect((await call("POST", sessions, { body: account, anonymous: true })).status).toBe(201);
  });

  test("Basic may cost a session each time", async () => {
    const { bmc, call } = await begin({}, { auth: { basicOpensSession: true, sessionLimit: 2 } });
    await call("GET", systemUri);
    await call("GET", systemUri);
    expect([(await call("GET", systemUri)).status, bmc.sessions()]).toEqual([503, 2]);
  });
});
