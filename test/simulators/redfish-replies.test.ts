// Error replies by personality: each named condition can have its own status, message, arguments, shape and headers.
import { describe, expect, test } from "vitest";
import type { PersonalityOverrides } from "../../src/simulators/redfish/index.ts";
import { conditions } from "../../src/simulators/redfish/personality/replies.ts";
import { selfSigned } from "../../src/simulators/self-signed.ts";
import { ManualClock } from "../tools/manual-clock.ts";
import {
  type Call,
  ejectUri,
  insertUri,
  resetUri,
  serveImage,
  simulate,
  slotUri,
  systemUri,
} from "./redfish-client.ts";

type Replies = NonNullable<NonNullable<PersonalityOverrides["errors"]>["replies"]>;
type Condition = keyof Replies;
type Answered = Awaited<ReturnType<Call>>;

const certificate = selfSigned().cert;
const url = "http://192.0.2.1/cd.iso";
const override = { Boot: { BootSourceOverrideTarget: "Cd", BootSourceOverrideEnabled: "Once" } };
const account = { UserName: "admin", Password: "simulated" };
const sessions = "/redfish/v1/SessionService/Sessions";
const insert = (call: Call, body: object = { Image: url }, slot = "Cd") => call("POST", insertUri(slot), { body });
const eject = (call: Call) => call("POST", ejectUri("Cd"), { body: {} });
const patch = (call: Call, boot: object = override, headers = {}) => call("PATCH", systemUri, { body: boot, headers });
const reset = (call: Call, type: string) => call("POST", resetUri, { body: { ResetType: type } });
const twice = async (act: () => Promise<Answered>): Promise<Answered> => {
  await act();
  return act();
};

/** Per condition: the switches that bring it about, and the requests whose last meets it. */
const cases: readonly (readonly [Condition, PersonalityOverrides, (call: Call) => Promise<Answered>])[] = [
  ["occupied", {}, (call) => twice(() => insert(call))],
  ["full", { media: { maxInserted: 1 } }, async (call) => (await insert(call)) && insert(call, { Image: url }, "Usb")],
  ["nothingInserted", { media: { ejectEmpty: "refused" } }, eject],
  ["slotRefused", { media: { slots: [{ match: "/Cd$", takesUrl: false }] } }, insert],
  [
    "disabled",
    {
      oem: { gates: [{ unless: [{ at: systemUri, property: "/PowerState", in: ["On"] }], effect: "insert-refused" }] },
    },
    insert,
  ],
  ["unlicensed", { media: { licensed: false } }, insert],
  ["schemeRefused", { media: { schemes: ["https"] } }, insert],
  ["extensionRefused", { media: { extensions: [".img"] } }, insert],
  ["urlRefused", { media: { forbiddenCharacters: "?" } }, (call) => insert(call, { Image: `${url}?a` })],
  ["urlTooLong", { media: { maxUrlLength: 10 } }, insert],
  ["hostRefused", { media: { hostForms: ["ipv6", "name"] } }, insert],
  ["parameterMissing", {}, (call) => insert(call, {})],
  ["parameterUnknown", {}, (call) => insert(call, { Image: url, Colour: "red" })],
  ["parameterType", {}, (call) => insert(call, { Image: 1 })],
  ["parameterValue", {}, (call) => insert(call, { Image: url, TransferMethod: "Push" })],
  ["protocolMismatch", {}, (call) => insert(call, { Image: url, TransferProtocolType: "NFS" })],
  [
    "tooSoon",
    { media: { reinsertAfterMs: 5000 } },
    async (call) => {
      await insert(call);
      await eject(call);
      return insert(call);
    },
  ],
  ["detaching", { media: { detachMs: 5000 } }, async (call) => (await insert(call)) && twice(() => eject(call))],
  ["bodyMissing", { media: { ejectBody: "object" } }, (call) => call("POST", ejectUri("Cd"))],
  [
    "certificateLimit",
    { media: { certificateLimit: 1 } },
    (call) => twice(() => call("POST", `${slotUri("Cd")}/Certificates`, { body: { CertificateString: certificate } })),
  ],
  ["bootReadOnly", { boot: { readOnly: ["BootSourceOverrideTarget"] } }, patch],
  ["bootUnknown", {}, (call) => patch(call, { Boot: { BootDevice: "Cd" } })],
  ["bootMissing", { boot: { required: ["BootSourceOverrideMode"] } }, patch],
  ["bootValue", {}, (call) => patch(call, { Boot: { BootSourceOverrideTarget: "Tape" } })],
  [
    "continuousRefused",
    { boot: { continuous: "refused" } },
    (call) => patch(call, { Boot: { BootSourceOverrideEnabled: "Continuous" } }),
  ],
  [
    "uefiTargetConflict",
    { boot: { enabledWithUefiTarget: "refused" } },
    (call) => patch(call, { Boot: { BootSourceOverrideTarget: "UefiTarget", BootSourceOverrideEnabled: "Once" } }),
  ],
  [
    "modeAlone",
    { boot: { modeAlone: "refused" } },
    (call) => patch(call, { Boot: { BootSourceOverrideMode: "UEFI" } }),
  ],
  ["inPost", { power: { postMs: 5000 } }, async (call) => (await reset(call, "On")) && patch(call)],
  [
    "powerConflict",
    { power: { conflictAfterOffMs: 5000 } },
    async (call) => {
      await reset(call, "On");
      await reset(call, "ForceOff");
      return reset(call, "On");
    },
  ],
  ["redundantReset", { power: { redundant: "refused" } }, (call) => reset(call, "ForceOff")],
  ["resetValue", {}, (call) => reset(call, "Suspend")],
  [
    "transitioning",
    { power: { transition: "failing", transitionMs: 5000 } },
    async (call) => (await reset(call, "On")) && call("GET", systemUri),
  ],
  ["unauthenticated", {}, (call) => call("GET", systemUri, { anonymous: true })],
  ["loginFailed", {}, (call) => call("POST", sessions, { anonymous: true, body: { ...account, Password: "no" } })],
  [
    "sessionLimit",
    { auth: { sessionLimit: 1 } },
    (call) => twice(() => call("POST", sessions, { anonymous: true, body: account })),
  ],
  ["loginWithBasic", { auth: { loginWithBasic: "refused" } }, (call) => call("POST", sessions, { body: account })],
  ["notFound", {}, (call) => call("GET", "/redfish/v1/none")],
  ["methodNotAllowed", {}, (call) => call("DELETE", systemUri)],
  ["preconditionFailed", {}, (call) => patch(call, override, { "If-Match": '"0"' })],
  ["preconditionRequired", { http: { ifMatch: "required" } }, patch],
  ["etagTooLong", { http: { maxIfMatchBytes: 4 } }, (call) => patch(call, override, { "If-Match": '"0000"' })],
  ["queryRefused", {}, (call) => call("GET", `${systemUri}?$select=Id`)],
  [
    "identityRefused",
    { http: { identityEncoding: "refused" } },
    (call) => call("GET", systemUri, { headers: { "Accept-Encoding": "identity" } }),
  ],
  ["overloaded", { http: { minGapMs: 10 } }, (call) => twice(() => call("GET", systemUri))],
];

describe("a named condition", () => {
  test.each(cases)("%s has a standard reply, and a personality's own", async (condition, switches, meet) => {
    const media = { reader: "none", ...switches.media } as const;
    const standard = await simulate({ clock: new ManualClock(), overrides: { ...switches, media } });
    const usual = await meet(standard.call);
    expect(usual.status).toBeGreaterThanOrEqual(400);
    expect(usual.text).toContain('"MessageId":"Base.1.18.');
    const replies = { [condition]: { status: 418, id: "Acme.1.0.ACM0001", text: "Own words." } };
    const own = await simulate({ clock: new ManualClock(), overrides: { ...switches, media, errors: { replies } } });
    const answered = await meet(own.call);
    expect([answered.status, answered.messageId]).toEqual([418, undefined]);
    expect(answered.body).toMatchObject({ error: { code: "Acme.1.0.ACM0001", message: "Own words." } });
  });

  test("each is met here or with real images", () => {
    const elsewhere = ["slotBusy", "imageUnreachable", "imageRefused", "imageUntrusted", "imageTooLarge"];
    expect([...cases.map(([condition]) => condition), ...elsewhere].sort()).toEqual([...conditions].sort());
  });

  test("the image that cannot be reached has one too", async () => {
    const replies = {
      imageUnreachable: { status: 400, id: "Acme.2.8.RAC0904", text: "Unable to access %1.", args: ["it"] },
    };
    const { call } = await simulate({ overrides: { errors: { replies } } });
    const refused = await insert(call, { Image: "http://127.0.0.1:1/cd.iso" });
    expect(refused.body).toMatchObject({
      error: {
        code: "Acme.2.8.RAC0904",
        "@Message.ExtendedInfo": [{ Message: "Unable to access it.", MessageArgs: ["it"] }],
      },
    });
  });

  test.each([
    [404, 400],
    [500, 502],
  ])(
    "the image server that answers %i to an uploading reader has one with its status and ours, %i",
    async (theirs, ours) => {
      const overrides = {
        media: { reader: "upload" },
        errors: {
          replies: { imageRefused: { text: "Got %1." }, imageUnreachable: { status: 500, text: "No %1: %2." } },
        },
      } as const;
      const { call } = await simulate({ overrides });
      const { origin, url: served } = await serveImage();
      origin.setFault({ kind: "status", status: theirs });
      const refused = await insert(call, { Image: served });
      expect([refused.status, refused.body]).toMatchObject([ours, { error: { message: `Got ${theirs}.` } }]);
      const unreachable = await insert(call, { Image: "http://127.0.0.1:1/cd.iso" });
      expect([unreachable.status, unreachable.text.includes("No http://127.0.0.1:1/cd.iso: GET failed")]).toEqual([
        500,
        true,
      ]);
    },
  );

  test("a slot in the middle of an insert is busy", async () => {
    const clock = new ManualClock();
    const overrides = {
      media: { reader: "none", insertMs: 1000 },
      errors: { replies: { slotBusy: { status: 423 } } },
    } as const;
    const { bmc, call } = await simulate({ clock, overrides });
    const first = fetch(bmc.url + insertUri("Cd"), {
      method: "POST",
      headers: { Authorization: `Basic ${btoa("admin:simulated")}`, "Content-Type": "application/json" },
      body: JSON.stringify({ Image: url }),
    });
    await clock.advanceUntil(() => clock.sleeping > 0, 1, 5000);
    const second = await insert(call);
    expect([second.status, second.messageId]).toEqual([423, "ResourceInUse"]);
    await clock.advance(1000);
    expect((await first).status).toBe(204);
  });
});

describe("an error body", () => {
  test.each([
    ["object", { "@Message.ExtendedInfo": { MessageId: "Base.1.18.ResourceMissingAtURI" } }],
    ["no-info", { code: "Base.1.18.ResourceMissingAtURI", message: expect.stringContaining("/redfish/v1/none") }],
    [
      "general",
      { code: "Base.1.18.GeneralError", "@Message.ExtendedInfo": [{ MessageId: "Base.1.18.ResourceMissingAtURI" }] },
    ],
    ["no-code", { "@Message.ExtendedInfo": [{ MessageId: "Base.1.18.ResourceMissingAtURI" }] }],
  ] as const)("may be of the shape %s", async (shape, error) => {
    const { call } = await simulate({ overrides: { errors: { shape } } });
    const { body } = await call("GET", "/redfish/v1/none");
    expect(body).toMatchObject({ error });
    expect("code" in Object(body["error"])).toBe(shape !== "no-code");
  });

  test("may be missing, or a page of the web server", async () => {
    const empty = await simulate({ overrides: { errors: { replies: { notFound: { status: 404, shape: "empty" } } } } });
    expect((await empty.call("GET", "/redfish/v1/none")).text).toBe("");
    const html = await simulate({ overrides: { errors: { replies: { notFound: { status: 404, shape: "html" } } } } });
    const page = await html.call("GET", "/redfish/v1/none");
    expect([page.headers["content-type"], page.text.startsWith("<!DOCTYPE html>")]).toEqual(["text/html", true]);
  });

  test("may hold what happened in its message alone, or be that text and no JSON", async () => {
    const general = await simulate({ overrides: { errors: { shape: "message-only" } } });
    const { body } = await general.call("GET", "/redfish/v1/none");
    const code = "Base.1.18.GeneralError";
    const info = [{ "@odata.type": expect.any(String), MessageId: code }];
    const message = "The resource at the URI /redfish/v1/none was not found.";
    expect(body).toEqual({ error: { code, message, "@Message.ExtendedInfo": info } });
    const bare = await simulate({ overrides: { errors: { shape: "text" } } });
    const { text, headers } = await bare.call("GET", "/redfish/v1/none");
    expect([text, headers["content-type"]]).toEqual([message, expect.stringContaining("application/json")]);
  });

  test("may say when to come again", async () => {
    const replies = { nothingInserted: { status: 503, retryAfterSeconds: 20 } };
    const { call } = await simulate({ overrides: { media: { ejectEmpty: "refused" }, errors: { replies } } });
    expect((await eject(call)).headers["retry-after"]).toBe("20");
  });
});
