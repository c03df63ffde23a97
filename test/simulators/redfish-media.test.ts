// Virtual media of the simulated service: schema-true by default, each deviation by its switch, and images that are really read.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../tools/manual-clock.ts";
import { ejectUri, insertUri, resetUri, serveImage, simulate, slotUri, systemUri } from "./redfish-client.ts";

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("inserting", () => {
  test("an insert with only an Image is 204 and shows a write-protected, inserted medium", async () => {
    const { url } = await serveImage();
    const { bmc, call } = await simulate();
    const inserted = await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect([inserted.status, inserted.text]).toEqual([204, ""]);
    const slot = await call("GET", slotUri("Cd"));
    expect(slot.body).toMatchObject({
      Image: url,
      ImageName: "cd.iso",
      Inserted: true,
      WriteProtected: true,
      ConnectedVia: "URI",
    });
    expect([bmc.effectiveInserts(), bmc.effectiveEjects()]).toEqual([1, 0]);
  });

  test("it reads the image by HEAD, first block, volume descriptors and last block, on one connection", async () => {
    const { origin, url } = await serveImage();
    const { bmc, call } = await simulate();
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect(origin.requests().map(({ method, range, status }) => [method, range, status])).toEqual([
      ["HEAD", undefined, 200],
      ["GET", "bytes=0-65535", 206],
      ["GET", "bytes=32768-34815", 206],
      ["GET", "bytes=234464-299999", 206],
    ]);
    expect(origin.connections()).toBe(1);
    const slot = bmc.slots()[0];
    expect(slot?.bytesRead).toBe(65_536 * 2 + 2048);
    expect(slot?.reads.at(-1)).toEqual({ method: "GET", from: 234_464, to: 300_000, status: 206 });
    expect(slot?.sha256).toBeUndefined();
  });

  test("a second insert is refused while the slot holds a medium", async () => {
    const { url } = await serveImage();
    const { bmc, call } = await simulate();
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    const second = await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect([second.status, second.messageId]).toEqual([400, "ResourceInUse"]);
    expect(bmc.effectiveInserts()).toBe(1);
  });

  test("or replaces the medium silently, where that is the personality", async () => {
    const { origin, url, image } = await serveImage();
    origin.setFile("other.iso", image);
    const { bmc, call } = await simulate({ overrides: { media: { occupied: "replaced" } } });
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    const second = await call("POST", insertUri("Cd"), { body: { Image: origin.urlOf("other.iso") } });
    expect(second.status).toBe(204);
    expect(bmc.slots()[0]?.image).toBe(origin.urlOf("other.iso"));
  });

  test("of two inserts at once, one wins", async () => {
    const { origin, url } = await serveImage();
    origin.setFault({ kind: "drip", chunkBytes: 20_000, intervalMs: 2 });
    const { bmc } = await simulate();
    const { username, password } = bmc.credentials;
    const headers = {
      Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
      "Content-Type": "application/json",
    };
    const both = await Promise.all(
      [1, 2].map(() =>
        fetch(bmc.url + insertUri("Cd"), { method: "POST", headers, body: JSON.stringify({ Image: url }) }),
      ),
    );
    expect(both.map(({ status }) => status)).toEqual(expect.arrayContaining([204, 400]));
    expect(bmc.effectiveInserts()).toBe(1);
  });

  test.each([
    [
      "an unknown parameter",
      { Image: "http://127.0.0.1/x.iso", MediaType: "CD" },
      "ActionParameterUnknown",
      "MediaType",
    ],
    ["no Image", {}, "ActionParameterMissing", "Image"],
    ["an Image that is no text", { Image: 7 }, "ActionParameterValueTypeError", "Image"],
    ["an Image that is no URL", { Image: "cd.iso" }, "ActionParameterValueFormatError", "Image"],
    [
      "an unknown transfer method",
      { Image: "http://127.0.0.1/x.iso", TransferMethod: "Push" },
      "ActionParameterValueNotInList",
      "TransferMethod",
    ],
    [
      "a protocol that is not the URL's",
      { Image: "http://127.0.0.1/x.iso", TransferProtocolType: "HTTPS" },
      "ActionParameterValueConflict",
      "TransferProtocolType",
    ],
    ["a scheme it does not take", { Image: "nfs://127.0.0.1/x.iso" }, "SourceDoesNotSupportProtocol", "Image"],
  ])("an insert with %s is refused and names it", async (_what, body, messageId, name) => {
    const { bmc, call } = await simulate();
    const refused = await call("POST", insertUri("Cd"), { body });
    expect([refused.status, refused.messageId]).toEqual([400, messageId]);
    expect(refused.text).toContain(`"RelatedProperties":["#/${name}"]`);
    expect(bmc.effectiveInserts()).toBe(0);
  });

  test("a personality may know fewer parameters and require more", async () => {
    const { url } = await serveImage();
    const overrides = { media: { parameters: ["TransferProtocolType"], required: ["Image", "TransferProtocolType"] } };
    const { call } = await simulate({ overrides });
    const missing = await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect([missing.status, missing.messageId]).toEqual([400, "ActionParameterMissing"]);
    const unknown = await call("POST", insertUri("Cd"), { body: { Image: url, Inserted: true } });
    expect([unknown.status, unknown.messageId]).toEqual([400, "ActionParameterUnknown"]);
    const taken = await call("POST", insertUri("Cd"), { body: { Image: url, TransferProtocolType: "HTTP" } });
    expect(taken.status).toBe(204);
  });

  test("its parameters are described where the personality offers ActionInfo", async () => {
    const { call } = await simulate({
      overrides: { media: { actionInfo: true, required: ["Image", "TransferProtocolType"] } },
    });
    const slot = await call("GET", slotUri("Cd"));
    expect(slot.text).toContain(`"@Redfish.ActionInfo":"${slotUri("Cd")}/InsertMediaActionInfo"`);
    const info = await call("GET", `${slotUri("Cd")}/InsertMediaActionInfo`);
    expect(info.body["Parameters"]).toContainEqual({
      Name: "TransferProtocolType",
      Required: true,
      DataType: "String",
      AllowableValues: ["HTTP", "HTTPS"],
    });
  });

  test("only so many slots may be full at once, where that is the personality", async () => {
    const { url } = await serveImage();
    const { call } = await simulate({ overrides: { media: { maxInserted: 1 } } });
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    const second = await call("POST", insertUri("Usb"), { body: { Image: url } });
    expect([second.status, second.messageId]).toEqual([400, "ResourceInUse"]);
  });
});

describe("an image that cannot be read", () => {
  test.each([
    ["is missing", { kind: "status", status: 404 }],
    ["is behind a redirect", { kind: "redirect", to: "/cd.iso" }],
    ["has no Content-Length", { kind: "chunked" }],
    ["is cut", { kind: "truncate", afterBytes: 1000 }],
  ] as const)("fails a ranged insert with a bare 500 when it %s", async (_what, fault) => {
    const { origin, url } = await serveImage();
    origin.setFault(fault);
    const { bmc, call } = await simulate();
    const failed = await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect([failed.status, failed.messageId]).toEqual([500, "InternalError"]);
    expect(bmc.slots()[0]?.inserted).toBe(false);
  });

  test("fails a ranged insert when the origin has no ranges, or is down", async () => {
    const { origin, url } = await serveImage({ ranges: false });
    const { call } = await simulate();
    expect((await call("POST", insertUri("Cd"), { body: { Image: url } })).status).toBe(500);
    origin.refuseConnections();
    expect((await call("POST", insertUri("Cd"), { body: { Image: url } })).status).toBe(500);
  });

  test.each([
    [{ kind: "status", status: 404 }, 400],
    [{ kind: "status", status: 503 }, 502],
    [{ kind: "truncate", afterBytes: 1000 }, 502],
  ] as const)("fails an uploading insert by whose fault it was: %j", async (fault, status) => {
    const { origin, url } = await serveImage();
    origin.setFault(fault);
    const { bmc, call } = await simulate({ overrides: { media: { reader: "upload" } } });
    expect((await call("POST", insertUri("Cd"), { body: { Image: url } })).status).toBe(status);
    expect(bmc.slots()[0]?.inserted).toBe(false);
  });

  test("an uploading insert reads everything once, with a plain GET, and needs no ranges", async () => {
    const { origin, url, image } = await serveImage({ ranges: false });
    const { bmc, call } = await simulate({ overrides: { media: { reader: "upload" } } });
    expect((await call("POST", insertUri("Cd"), { body: { Image: url } })).status).toBe(204);
    await call("POST", resetUri, { body: { ResetType: "On" } });
    await bmc.idle();
    expect(origin.requests().map(({ method, range }) => [method, range])).toEqual([["GET", undefined]]);
    expect(bmc.slots()[0]).toMatchObject({ bytesRead: image.byteLength, sha256: digestOf(image) });
  });

  test("credentials of the insert are sent to the origin and never shown", async () => {
    const { url } = await serveImage({ credentials: { username: "reader", password: "open-sesame" } });
    const { call } = await simulate();
    expect((await call("POST", insertUri("Cd"), { body: { Image: url } })).status).toBe(500);
    const body = { Image: url, UserName: "reader", Password: "open-sesame" };
    expect((await call("POST", insertUri("Cd"), { body })).status).toBe(204);
    const slot = await call("GET", slotUri("Cd"));
    expect(slot.body).toMatchObject({ UserName: "reader", Password: null });
    expect(slot.text).not.toContain("open-sesame");
  });
});

describe("ejecting", () => {
  test("an eject empties the slot, and ejecting an empty slot succeeds", async () => {
    const { url } = await serveImage();
    const { bmc, call } = await simulate();
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect((await call("POST", ejectUri("Cd"), { body: {} })).status).toBe(204);
    expect((await call("POST", ejectUri("Cd"))).status).toBe(204);
    const slot = await call("GET", slotUri("Cd"));
    expect(slot.body).toMatchObject({ Image: null, ImageName: null, Inserted: false, ConnectedVia: "NotConnected" });
    expect(bmc.effectiveEjects()).toBe(1);
  });

  test("a personality may demand a body, and refuse an empty slot", async () => {
    const { call } = await simulate({ overrides: { media: { ejectBody: "object", ejectEmpty: "refused" } } });
    expect((await call("POST", ejectUri("Cd"))).status).toBe(415);
    const refused = await call("POST", ejectUri("Cd"), { body: {} });
    expect([refused.status, refused.messageId]).toEqual([400, "NoOperation"]);
  });

  test.each([
    ["null", { Image: null }],
    ["empty-string", { Image: "" }],
    ["none-string", { Image: "None" }],
  ] as const)("an empty slot is spelled %s", async (empty, shown) => {
    const { call } = await simulate({ overrides: { media: { empty } } });
    expect((await call("GET", slotUri("Cd"))).body).toMatchObject(shown);
  });

  test("an empty slot may have no Image at all, and properties may be hidden", async () => {
    const { call } = await simulate({ overrides: { media: { empty: "absent", hidden: ["MediaTypes", "Inserted"] } } });
    const { body } = await call("GET", slotUri("Cd"));
    for (const name of ["Image", "ImageName", "MediaTypes", "Inserted"]) expect(body).not.toHaveProperty(name);
  });

  test("after an eject everything may look as before, except ConnectedVia", async () => {
    const { url } = await serveImage();
    const { bmc, call } = await simulate({ overrides: { media: { staleAfterEject: true } } });
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    await call("POST", ejectUri("Cd"), { body: {} });
    const slot = await call("GET", slotUri("Cd"));
    expect(slot.body).toMatchObject({ Image: url, Inserted: true, ConnectedVia: "NotConnected" });
    expect(bmc.slots()[0]?.inserted).toBe(false);
  });
});

describe("how and when a change shows", () => {
  test("the slot shows an insert and an eject only after their delays, on the clock", async () => {
    const { url } = await serveImage();
    const clock = new ManualClock();
    const { bmc, call } = await simulate({ clock, overrides: { media: { insertDelayMs: 3000, ejectDelayMs: 2000 } } });
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect((await call("GET", slotUri("Cd"))).body).toMatchObject({ Image: null, Inserted: false });
    await clock.advance(3000);
    expect((await call("GET", slotUri("Cd"))).body).toMatchObject({ Image: url, Inserted: true });
    await call("POST", ejectUri("Cd"), { body: {} });
    expect(bmc.slots()[0]?.inserted).toBe(true);
    await clock.advance(2000);
    expect(bmc.slots()[0]?.inserted).toBe(false);
  });

  test("a reply may be 200 with the Success message", async () => {
    const { url } = await serveImage();
    const { call } = await simulate({ overrides: { media: { insertReply: "message" } } });
    const inserted = await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect([inserted.status, inserted.messageId]).toEqual([200, "Success"]);
  });

  test("a task is found in the Location header, runs until its time, and its monitor then gives the final reply", async () => {
    const { url } = await serveImage();
    const clock = new ManualClock();
    const { bmc, call } = await simulate({
      clock,
      overrides: { media: { insertReply: "task", taskMs: 5000, retryAfterSeconds: 2 } },
    });
    const accepted = await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect([accepted.status, accepted.headers["retry-after"]]).toEqual([202, "2"]);
    await bmc.idle();
    const monitor = accepted.headers.location ?? "";
    const running = await call("GET", monitor);
    expect([running.status, running.body["TaskState"]]).toEqual([202, "Running"]);
    await clock.advance(5000);
    expect((await call("GET", monitor)).status).toBe(204);
    const task = await call("GET", "/redfish/v1/TaskService/Tasks/1");
    expect(task.body).toMatchObject({ TaskState: "Completed", PercentComplete: 100, TaskMonitor: monitor });
    expect(bmc.slots()[0]?.inserted).toBe(true);
  });

  test("a failed task says so, in its monitor and in itself", async () => {
    const { origin, url } = await serveImage();
    origin.setFault({ kind: "status", status: 404 });
    const { bmc, call } = await simulate({ overrides: { media: { insertReply: "task-in-body" } } });
    const accepted = await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect([accepted.status, accepted.headers.location]).toEqual([202, undefined]);
    await bmc.idle();
    const task = await call("GET", String(accepted.body["@odata.id"]));
    expect([task.body["TaskState"], task.messageId]).toEqual(["Exception", "InternalError"]);
    expect((await call("GET", String(task.body["TaskMonitor"]))).status).toBe(500);
  });

  test("a 202 may tell nothing of its task", async () => {
    const { url } = await serveImage();
    const { bmc, call } = await simulate({ overrides: { media: { insertReply: "task-without-address" } } });
    const accepted = await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect([accepted.status, accepted.headers.location, accepted.text]).toEqual([202, undefined, ""]);
    await bmc.idle();
    expect(bmc.slots()[0]?.inserted).toBe(true);
  });
});

describe("without actions", () => {
  test("a slot without actions is changed by PATCH, which its Allow header tells", async () => {
    const { url } = await serveImage();
    const { bmc, call } = await simulate({ overrides: { media: { control: "patch", patchNeedsInserted: true } } });
    const before = await call("GET", slotUri("Cd"));
    expect(before.body).not.toHaveProperty("Actions");
    expect(before.headers.allow).toBe("GET, HEAD, PATCH");
    expect((await call("PATCH", slotUri("Cd"), { body: { Image: url } })).body).toMatchObject({ Inserted: false });
    const inserted = await call("PATCH", slotUri("Cd"), { body: { Image: url, Inserted: true } });
    expect([inserted.status, inserted.body["Inserted"]]).toEqual([200, true]);
    await call("PATCH", slotUri("Cd"), { body: { Image: null, Inserted: false } });
    expect(bmc.slots()[0]?.inserted).toBe(false);
    expect((await call("POST", insertUri("Cd"), { body: { Image: url } })).status).toBe(404);
  });

  test("a slot with actions does not allow PATCH", async () => {
    const { call } = await simulate();
    const refused = await call("PATCH", slotUri("Cd"), { body: { Image: null } });
    expect([refused.status, refused.messageId, refused.headers.allow]).toEqual([
      405,
      "OperationNotAllowed",
      "GET, HEAD",
    ]);
  });

  test("actions may follow the slot's state", async () => {
    const { url } = await serveImage();
    const { call } = await simulate({ overrides: { media: { actionsFollowState: true } } });
    const names = async () => Object.keys(Object((await call("GET", slotUri("Cd"))).body["Actions"]));
    expect(await names()).toEqual(["#VirtualMedia.InsertMedia"]);
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect(await names()).toEqual(["#VirtualMedia.EjectMedia"]);
  });
});

describe("views and owners", () => {
  test.each(["manager", "both"] as const)("the collection can hang under the %s", async (view) => {
    const { url } = await serveImage();
    const { bmc, call } = await simulate({ overrides: { media: { view } } });
    const manager = await call("GET", "/redfish/v1/Managers/1");
    expect(manager.body["VirtualMedia"]).toEqual({ "@odata.id": "/redfish/v1/Managers/1/VirtualMedia" });
    const collection = await call("GET", "/redfish/v1/Managers/1/VirtualMedia?$expand=.");
    expect(collection.text).toContain("/redfish/v1/Managers/1/VirtualMedia/Cd/Actions/VirtualMedia.InsertMedia");
    await call("POST", "/redfish/v1/Managers/1/VirtualMedia/Cd/Actions/VirtualMedia.InsertMedia", {
      body: { Image: url },
    });
    expect(bmc.slots().map(({ id, inserted }) => [id, inserted])).toEqual([
      ["Cd", true],
      ["Usb", false],
    ]);
    const system = await call("GET", systemUri);
    expect("VirtualMedia" in system.body).toBe(view === "both");
    const seen = await call("GET", slotUri("Cd"));
    expect([seen.status, seen.body["Inserted"]]).toEqual(view === "both" ? [200, true] : [404, undefined]);
  });

  test("the Manager fixture shows its slots under the Manager", async () => {
    const { bmc } = await simulate({ fixture: "dmtf/two-slot-manager-1.0" });
    expect(bmc.slots().map(({ uri }) => uri)).toEqual([
      "/redfish/v1/Managers/1/VirtualMedia/Cd",
      "/redfish/v1/Managers/1/VirtualMedia/Usb",
    ]);
  });

  test("a medium may go away with the session that inserted it", async () => {
    const { url } = await serveImage();
    const { bmc, call } = await simulate({ overrides: { media: { ownedBySession: true } } });
    const login = await call("POST", "/redfish/v1/SessionService/Sessions", {
      anonymous: true,
      body: { UserName: "admin", Password: "simulated" },
    });
    const headers = { "X-Auth-Token": String(login.headers["x-auth-token"]) };
    await call("POST", insertUri("Cd"), { anonymous: true, headers, body: { Image: url } });
    expect(bmc.slots()[0]?.inserted).toBe(true);
    await call("DELETE", String(login.headers.location), { anonymous: true, headers });
    expect(bmc.slots()[0]?.inserted).toBe(false);
  });

  test("a medium inserted by hand occupies the slot and is not ours", async () => {
    const { url } = await serveImage();
    const { bmc, call } = await simulate();
    bmc.insertByHand("Cd", "http://192.0.2.9/rescue.iso");
    const slot = await call("GET", slotUri("Cd"));
    expect(slot.body).toMatchObject({ Inserted: true, ConnectedVia: "Applet" });
    expect((await call("POST", insertUri("Cd"), { body: { Image: url } })).messageId).toBe("ResourceInUse");
    expect(bmc.effectiveInserts()).toBe(0);
  });
});
