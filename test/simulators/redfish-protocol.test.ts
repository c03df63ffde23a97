// The protocol of the simulated service, by DSP0266: authentication, sessions, methods, preconditions, $expand, error bodies.
import { describe, expect, test } from "vitest";
import { startRedfishSimulator } from "../../src/simulators/redfish/index.ts";
import { makeCertificate } from "../tools/certificate.ts";
import { ManualClock } from "../tools/manual-clock.ts";
import { type Call, simulate, slotUri, systemUri } from "./redfish-client.ts";

const sessionsUri = "/redfish/v1/SessionService/Sessions";
const account = { UserName: "admin", Password: "simulated" };
const login = (call: Call) => call("POST", sessionsUri, { anonymous: true, body: account });

describe("authentication", () => {
  test.each(["/redfish", "/redfish/v1", "/redfish/v1/"])("%s is open to everyone", async (path) => {
    const { call } = await simulate();
    expect((await call("GET", path, { anonymous: true })).status).toBe(200);
  });

  test.each(["/redfish/v1/Systems", systemUri, slotUri("Cd"), sessionsUri, "/redfish/v1/none"])(
    "%s is not",
    async (path) => {
      const { call } = await simulate();
      const refused = await call("GET", path, { anonymous: true });
      expect([refused.status, refused.messageId]).toEqual([401, "NoValidSession"]);
      expect(refused.headers["www-authenticate"]).toMatch(/^Basic /u);
    },
  );

  test("wrong credentials are refused, also on the service root's children", async () => {
    const { call } = await simulate({ password: "other" });
    const wrong = { Authorization: `Basic ${Buffer.from("admin:simulated").toString("base64")}` };
    expect((await call("GET", systemUri, { anonymous: true, headers: wrong })).status).toBe(401);
    expect((await call("GET", systemUri)).status).toBe(200);
  });

  test("Basic can be switched off, and then nothing asks for it", async () => {
    const { call } = await simulate({ overrides: { auth: { basic: false } } });
    const refused = await call("GET", systemUri);
    expect([refused.status, refused.headers["www-authenticate"]]).toEqual([401, undefined]);
  });
});

describe("sessions", () => {
  test("a login gives a token and an address, the token opens the service, and a DELETE ends it", async () => {
    const clock = new ManualClock();
    const { bmc, call } = await simulate({ clock });
    const created = await login(call);
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ UserName: "admin", Password: null, CreatedTime: "2026-01-01T00:00:00.000Z" });
    expect(created.body["ClientOriginIPAddress"]).toBe("127.0.0.1");
    const headers = { "X-Auth-Token": String(created.headers["x-auth-token"]) };
    expect((await call("GET", systemUri, { anonymous: true, headers })).status).toBe(200);
    expect(bmc.sessions()).toBe(1);
    const location = String(created.headers.location);
    expect((await call("DELETE", location, { anonymous: true, headers })).status).toBe(204);
    expect((await call("GET", systemUri, { anonymous: true, headers })).status).toBe(401);
    expect(bmc.sessions()).toBe(0);
  });

  test("the collection lists the open ones, without their tokens", async () => {
    const { call } = await simulate();
    const created = await login(call);
    const list = await call("GET", `${sessionsUri}?$expand=.`);
    expect(list.body["Members@odata.count"]).toBe(1);
    expect(list.text).toContain('"UserName":"admin"');
    expect(list.text).not.toContain(String(created.headers["x-auth-token"]));
  });

  test("over the limit a login is 503 SessionLimitExceeded", async () => {
    const { call } = await simulate({ overrides: { auth: { sessionLimit: 2 } } });
    await login(call);
    await login(call);
    const refused = await login(call);
    expect([refused.status, refused.messageId]).toEqual([503, "SessionLimitExceeded"]);
  });

  test("an idle session expires on the clock, a used one does not", async () => {
    const clock = new ManualClock();
    const { bmc, call } = await simulate({ clock, overrides: { auth: { sessionIdleMs: 30_000 } } });
    const headers = { "X-Auth-Token": String((await login(call)).headers["x-auth-token"]) };
    await clock.advance(20_000);
    expect((await call("GET", systemUri, { anonymous: true, headers })).status).toBe(200);
    await clock.advance(20_000);
    expect((await call("GET", systemUri, { anonymous: true, headers })).status).toBe(200);
    await clock.advance(30_001);
    expect((await call("GET", systemUri, { anonymous: true, headers })).status).toBe(401);
    expect(bmc.sessions()).toBe(0);
  });

  test("a login without a password, or with a wrong one, is refused", async () => {
    const { call } = await simulate();
    const missing = await call("POST", sessionsUri, { anonymous: true, body: { UserName: "admin" } });
    expect([missing.status, missing.messageId]).toEqual([400, "PropertyMissing"]);
    const wrong = await call("POST", sessionsUri, { anonymous: true, body: { ...account, Password: "x" } });
    expect(wrong.status).toBe(401);
  });

  test("a restart of the BMC forgets them", async () => {
    const { bmc, call } = await simulate();
    await login(call);
    bmc.restartBmc();
    expect(bmc.sessions()).toBe(0);
  });

  test("sessions can be switched off, and the root need not name them", async () => {
    const { call } = await simulate({ overrides: { auth: { sessions: false, sessionsInRoot: false } } });
    expect((await call("GET", "/redfish/v1")).body).not.toHaveProperty("Links");
    expect((await call("POST", sessionsUri, { body: account })).status).toBe(405);
  });
});

describe("methods and bodies", () => {
  test("what is not there is 404, with a standard error body", async () => {
    const { call } = await simulate();
    const missing = await call("GET", "/redfish/v1/Systems/2");
    expect(missing.status).toBe(404);
    expect(missing.body).toEqual({
      error: {
        code: "Base.1.18.ResourceMissingAtURI",
        message: "The resource at the URI /redfish/v1/Systems/2 was not found.",
        "@Message.ExtendedInfo": [
          {
            "@odata.type": "#Message.v1_2_1.Message",
            MessageId: "Base.1.18.ResourceMissingAtURI",
            Message: "The resource at the URI /redfish/v1/Systems/2 was not found.",
            MessageArgs: ["/redfish/v1/Systems/2"],
            MessageSeverity: "Critical",
            Severity: "Critical",
            Resolution: "Place a valid resource at the URI.",
          },
        ],
      },
    });
  });

  test("a method that is not offered is 405 with Allow", async () => {
    const { call } = await simulate();
    const refused = await call("DELETE", systemUri);
    expect([refused.status, refused.headers.allow]).toEqual([405, "GET, HEAD, PATCH"]);
    const action = await call("PATCH", `${systemUri}/Actions/ComputerSystem.Reset`, { body: {} });
    expect([action.status, action.headers.allow]).toEqual([405, "POST"]);
  });

  test("HEAD has the headers of GET and no body", async () => {
    const { call } = await simulate();
    const [head, get] = [await call("HEAD", systemUri), await call("GET", systemUri)];
    expect([head.status, head.text, head.headers.etag]).toEqual([200, "", get.headers.etag]);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
  });

  test.each([
    ["{", "application/json", 400, "MalformedJSON"],
    ["[]", "application/json", 400, "UnrecognizedRequestBody"],
    ["a=b", "application/x-www-form-urlencoded", 415, "UnrecognizedRequestBody"],
  ])("the body %j as %s is refused", async (body, type, status, id) => {
    const { bmc } = await simulate();
    const headers = {
      Authorization: `Basic ${Buffer.from("admin:simulated").toString("base64")}`,
      "Content-Type": type,
    };
    const refused = await fetch(bmc.url + systemUri, { method: "PATCH", headers, body });
    expect([refused.status, await refused.text()]).toEqual([status, expect.stringContaining(`.${id}"`)]);
  });
});

describe("preconditions", () => {
  const patch = { body: { Boot: { BootSourceOverrideTarget: "Cd", BootSourceOverrideEnabled: "Once" } } };

  test("an ETag changes with the resource, is repeated in the body, and answers 304", async () => {
    const { call } = await simulate();
    const first = await call("GET", systemUri);
    expect(first.headers.etag).toMatch(/^"[0-9a-f]+"$/u);
    expect(first.body["@odata.etag"]).toBe(first.headers.etag);
    const same = await call("GET", systemUri, { headers: { "If-None-Match": first.headers.etag ?? "" } });
    expect([same.status, same.text]).toEqual([304, ""]);
    await call("PATCH", systemUri, patch);
    expect((await call("GET", systemUri)).headers.etag).not.toBe(first.headers.etag);
  });

  test("a stale If-Match is 412, the right one and * pass, and none passes unless it is demanded", async () => {
    const { call } = await simulate();
    const etag = (await call("GET", systemUri)).headers.etag ?? "";
    const stale = await call("PATCH", systemUri, { ...patch, headers: { "If-Match": '"0000"' } });
    expect([stale.status, stale.messageId]).toEqual([412, "PreconditionFailed"]);
    expect((await call("PATCH", systemUri, { ...patch, headers: { "If-Match": etag } })).status).toBe(200);
    expect((await call("PATCH", systemUri, { ...patch, headers: { "If-Match": "*" } })).status).toBe(200);
    expect((await call("PATCH", systemUri, patch)).status).toBe(200);
  });

  test("a demanded If-Match is 428 without it", async () => {
    const { call } = await simulate({ overrides: { http: { ifMatch: "required" } } });
    const refused = await call("PATCH", systemUri, patch);
    expect([refused.status, refused.messageId]).toEqual([428, "PreconditionRequired"]);
  });

  test("ETags may be weak, or missing", async () => {
    const weak = await simulate({ overrides: { http: { etag: "weak" } } });
    expect((await weak.call("GET", systemUri)).headers.etag).toMatch(/^W\/"/u);
    const none = await simulate({ overrides: { http: { etag: "none", ifMatch: "ignored" } } });
    const system = await none.call("GET", systemUri);
    expect([system.headers.etag, "@odata.etag" in system.body]).toEqual([undefined, false]);
    expect((await none.call("PATCH", systemUri, { ...patch, headers: { "If-Match": '"x"' } })).status).toBe(200);
  });
});

describe("$expand", () => {
  const collection = `${systemUri}/VirtualMedia`;

  test(". puts the members in place of their links", async () => {
    const { call } = await simulate();
    const { body } = await call("GET", `${collection}?$expand=.`);
    expect(body["Members"]).toEqual([
      expect.objectContaining({ Id: "Cd", MediaTypes: ["CD", "DVD"], "@odata.etag": expect.any(String) }),
      expect.objectContaining({ Id: "Usb", MediaTypes: ["USBStick", "Floppy"] }),
    ]);
  });

  test(". leaves Links alone, ~ follows only them, * both", async () => {
    const { call } = await simulate();
    const shape = async (what: string) => {
      const { body } = await call("GET", `${systemUri}?$expand=${what}`);
      const { VirtualMedia: media, Links: links } = Object(body);
      return ["Members" in media, "ManagerType" in links.ManagedBy[0]];
    };
    expect(await shape(".")).toEqual([true, false]);
    expect(await shape("~")).toEqual([false, true]);
    expect(await shape("*")).toEqual([true, true]);
  });

  test("$levels goes that deep and no deeper", async () => {
    const { call } = await simulate();
    const slots = async (query: string) =>
      (await call("GET", `/redfish/v1/Systems?${query}`)).text.includes('"MediaTypes"');
    expect(await slots("$expand=.($levels=2)")).toBe(false);
    expect(await slots("$expand=.($levels=3)")).toBe(true);
  });

  test.each([
    ["$expand=.($levels=9)", 400, "QueryParameterOutOfRange"],
    ["$expand=Members", 400, "QueryParameterValueFormatError"],
    ["$select=Id", 501, "QueryNotSupported"],
  ])("%s is refused", async (query, status, id) => {
    const { call } = await simulate();
    const refused = await call("GET", `${collection}?${query}`);
    expect([refused.status, refused.messageId]).toEqual([status, id]);
  });

  test("what the root does not declare is refused, or ignored", async () => {
    const refusing = await simulate({ overrides: { http: { expand: { all: false, links: false } } } });
    const root = await refusing.call("GET", "/redfish/v1");
    expect(root.text).toContain('"ExpandAll":false,"Links":false,"NoLinks":true');
    expect((await refusing.call("GET", `${collection}?$expand=*`)).status).toBe(501);
    expect((await refusing.call("GET", `${collection}?$expand=.`)).text).toContain("MediaTypes");
    const ignoring = await simulate({ overrides: { http: { expand: false, undeclaredQuery: "ignored" } } });
    expect((await ignoring.call("GET", "/redfish/v1")).text).not.toContain("ExpandQuery");
    const plain = await ignoring.call("GET", `${collection}?$expand=.`);
    expect([plain.status, plain.text.includes("MediaTypes")]).toEqual([200, false]);
  });
});

describe("the simulator itself", () => {
  test("requests are recorded with status and connection", async () => {
    const { bmc, call } = await simulate();
    await call("GET", "/redfish/v1");
    await call("GET", "/redfish/v1/Systems/2?x=1");
    expect(bmc.requests()).toEqual([
      { method: "GET", path: "/redfish/v1", status: 200, connection: 1, at: expect.any(Number) },
      { method: "GET", path: "/redfish/v1/Systems/2?x=1", status: 404, connection: 1, at: expect.any(Number) },
    ]);
    expect(bmc.connections()).toBe(1);
    bmc.clearRequests();
    expect(bmc.requests()).toEqual([]);
  });

  test("a service without keep-alive closes each connection", async () => {
    const { bmc, call } = await simulate({ overrides: { http: { keepAlive: false } } });
    expect((await call("GET", "/redfish/v1")).headers.connection).toBe("close");
    await call("GET", "/redfish/v1");
    expect(bmc.connections()).toBe(2);
  });

  test("it serves https, and a client that does not know its certificate is cut off", async () => {
    const { bmc } = await simulate({ tls: await makeCertificate(["127.0.0.1"]) });
    expect(bmc.url).toMatch(/^https:/u);
    await expect(fetch(`${bmc.url}/redfish/v1`)).rejects.toThrow("fetch failed");
    expect([bmc.connections(), bmc.requests()]).toEqual([1, []]);
  });

  test("an unknown switch is refused by name", async () => {
    const overrides: object = { media: { colour: "red" } };
    await expect(startRedfishSimulator({ overrides })).rejects.toThrow("colour");
  });
});
