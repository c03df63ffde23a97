// What an insert takes and does, by personality: parameters, URLs, slots, readers, trust.
import { describe, expect, test } from "vitest";
import { startOrigin } from "../../src/simulators/origin.ts";
import type { PersonalityOverrides } from "../../src/simulators/redfish/index.ts";
import { selfSigned } from "../../src/simulators/self-signed.ts";
import { ManualClock } from "../tools/manual-clock.ts";
import { imageBytes, insertUri, serveImage, simulate, slotUri, systemUri } from "./redfish-client.ts";
import { fixtureOf, standardResources, standardWith } from "./redfish-fixture.ts";

type Media = NonNullable<PersonalityOverrides["media"]>;

const url = "http://192.0.2.1/cd.iso";
const answer = async (media: Media, body: object, slot = "Cd") => {
  const { bmc, call } = await simulate({ overrides: { media: { reader: "none", ...media } } });
  const { status, messageId, text } = await call("POST", insertUri(slot), { body });
  return { bmc, call, status, messageId, text };
};

describe("an insert", () => {
  const parameters = ["Inserted", "TransferMethod", "TransferProtocolType", "UserName", "Password"];

  test.each<readonly [string, Media, object, number, string | undefined]>([
    [
      "a value that is not listed",
      { values: { TransferMethod: ["Upload"] } },
      { TransferMethod: "Stream" },
      400,
      "ActionParameterValueNotInList",
    ],
    ["the listed one", { values: { TransferMethod: ["Upload"] } }, { TransferMethod: "Upload" }, 204, undefined],
    [
      "a flag that must be true",
      { values: { Inserted: [true] } },
      { Inserted: false },
      400,
      "ActionParameterValueNotInList",
    ],
    ["parameters it does not look at", { unknownParameters: "ignored" }, { Colour: "red" }, 204, undefined],
    [
      "a parameter it does not look at, however wrong",
      { unknownParameters: "ignored", parameters: ["Inserted"] },
      { TransferProtocolType: "NFS" },
      204,
      undefined,
    ],
    [
      "one of two that belong together",
      { together: [["UserName", "Password"]] },
      { UserName: "a" },
      400,
      "ActionParameterMissing",
    ],
    ["none of them", { together: [["UserName", "Password"]] }, {}, 204, undefined],
    [
      "no account for a scheme that needs one",
      { requiredFor: { http: ["UserName"] } },
      {},
      400,
      "ActionParameterMissing",
    ],
    [
      "an account that is demanded of everyone",
      { parameters, required: ["Image", "UserName", "Password"] },
      { UserName: "none", Password: "none" },
      204,
      undefined,
    ],
  ])("with %s", async (_what, media, more, status, messageId) => {
    const answered = await answer(media, { Image: url, ...more });
    expect([answered.status, answered.messageId]).toEqual([status, messageId]);
  });

  test.each<readonly [string, Media, string, number]>([
    ["an extension it does not take", { extensions: [".img"] }, "http://192.0.2.1/a.iso", 400],
    ["one that it takes", { extensions: [".img", ".iso"] }, "http://192.0.2.1/a.iso", 204],
    ["one in other letters", { extensions: [".iso"] }, "http://192.0.2.1/a.ISO", 400],
    ["a query", { forbiddenCharacters: "?=" }, "http://192.0.2.1/a.iso?x=1", 400],
    ["more characters than it takes", { maxUrlLength: 22 }, "http://192.0.2.1/ab.iso", 400],
    ["as many as it takes", { maxUrlLength: 23 }, "http://192.0.2.1/ab.iso", 204],
    ["an IPv6 address", { hostForms: ["ipv4"] }, "http://[2001:db8::1]/a.iso", 400],
    ["a name", { hostForms: ["ipv4"] }, "http://images.example/a.iso", 400],
    ["plain http where only https is taken", { schemes: ["https"] }, "http://192.0.2.1/a.iso", 400],
    ["a scheme that it reads itself", { schemes: ["nfs"] }, "nfs://192.0.2.1/a.iso", 204],
  ])("of a URL with %s", async (_what, media, image, status) => {
    expect((await answer(media, { Image: image })).status).toBe(status);
  });

  test("without Inserted may be a success that attaches nothing", async () => {
    const without = await answer({ needsInserted: true }, { Image: url });
    expect([without.status, without.bmc.slots()[0]?.inserted]).toEqual([204, false]);
    const withIt = await answer({ needsInserted: true }, { Image: url, Inserted: true });
    expect(withIt.bmc.slots()[0]?.inserted).toBe(true);
  });

  test("may cut the URL at a character, and read another image", async () => {
    const { origin, url: whole } = await serveImage();
    const { bmc, call } = await simulate({ overrides: { media: { cutAt: "," } } });
    await call("POST", insertUri("Cd"), { body: { Image: `${whole},more` } });
    expect([bmc.slots()[0]?.image, origin.requests()[0]?.path]).toEqual([`${whole},more`, "/cd.iso"]);
  });

  test("may take its time on the clock", async () => {
    const clock = new ManualClock();
    const { bmc, call } = await simulate({ clock, overrides: { media: { reader: "none", insertMs: 9000 } } });
    const inserting = call("POST", insertUri("Cd"), { body: { Image: url } });
    await clock.advanceUntil(() => clock.sleeping === 1, 1, 5000);
    expect(bmc.slots()[0]?.inserted).toBe(false);
    await clock.advance(9000);
    expect([(await inserting).status, bmc.slots()[0]?.inserted]).toEqual([204, true]);
  });

  test("is described with its values inline, where that is the personality", async () => {
    const media = { inlineValues: true, values: { TransferMethod: ["Upload"] }, schemes: ["https", "nfs"] };
    const { call } = await simulate({ overrides: { media } });
    expect((await call("GET", slotUri("Cd"))).body).toMatchObject({
      Actions: {
        "#VirtualMedia.InsertMedia": {
          "TransferMethod@Redfish.AllowableValues": ["Upload"],
          "TransferProtocolType@Redfish.AllowableValues": ["HTTPS", "NFS"],
        },
      },
    });
  });

  test("has its action where the slot says it is", async () => {
    const { call } = await simulate({ overrides: { media: { reader: "none", insertTarget: "/Actions/Mount" } } });
    expect((await call("GET", slotUri("Cd"))).text).toContain(`"target":"${slotUri("Cd")}/Actions/Mount"`);
    expect((await call("POST", insertUri("Cd"), { body: { Image: url } })).status).toBe(404);
    expect((await call("POST", `${slotUri("Cd")}/Actions/Mount`, { body: { Image: url } })).status).toBe(204);
  });
});

describe("slots", () => {
  test("a rule for some of them leaves the others as they are", async () => {
    const slots = [
      { match: "/Usb$", takesUrl: false, refusal: { status: 400, id: "GeneralError" } },
      { match: "/Cd$", extensions: [".iso"] },
    ];
    const usb = await answer({ slots }, { Image: "http://192.0.2.1/a.img" }, "Usb");
    expect([usb.status, usb.messageId]).toEqual([400, "GeneralError"]);
    expect((await answer({ slots }, { Image: "http://192.0.2.1/a.img" })).status).toBe(400);
    expect((await answer({ slots }, { Image: "http://192.0.2.1/a.iso" })).status).toBe(204);
  });

  test("may have no actions, or another way of control than the others", async () => {
    const slots = [{ match: "/Usb$", control: "none" as const }];
    const { call } = await simulate({ overrides: { media: { slots } } });
    const usb = await call("GET", slotUri("Usb"));
    expect(["Actions" in usb.body, usb.headers.allow]).toEqual([false, "GET, HEAD"]);
    expect((await call("POST", insertUri("Usb"), { body: { Image: url } })).status).toBe(404);
    expect((await call("GET", slotUri("Cd"))).body).toHaveProperty("Actions");
  });

  test("without MediaTypes are known to the host all the same", async () => {
    const slots = [{ match: "/Cd$", is: ["CD" as const], hidden: ["MediaTypes"] }];
    const { bmc, call } = await simulate({ overrides: { media: { slots } } });
    expect((await call("GET", slotUri("Cd"))).body).not.toHaveProperty("MediaTypes");
    expect((await call("GET", slotUri("Usb"))).body).toHaveProperty("MediaTypes");
    expect(bmc.slots()[0]?.mediaTypes).toEqual(["CD"]);
  });

  test("of a collection without Members can be guessed, and read only where that is allowed", async () => {
    const resources = standardResources();
    const collection = `${systemUri}/VirtualMedia`;
    resources[collection] = { "@odata.type": "#VirtualMediaCollection.VirtualMediaCollection", Name: "Media" };
    const slots = [{ match: "/Usb$", readable: false }];
    const fixture = fixtureOf(resources, {
      media: { reader: "none", unlisted: [slotUri("Cd"), slotUri("Usb")], slots },
    });
    const { bmc, call } = await simulate({ fixture });
    expect((await call("GET", collection)).body).not.toHaveProperty("Members");
    expect((await call("POST", insertUri("Cd"), { body: { Image: url } })).status).toBe(204);
    expect(bmc.slots().map(({ id, inserted }) => [id, inserted])).toEqual([
      ["Cd", true],
      ["Usb", false],
    ]);
    expect((await call("GET", slotUri("Usb"))).status).toBe(404);
  });

  test("may be one device under two addresses, each with its own Id", async () => {
    const other = "/redfish/v1/Managers/1/VirtualMedia";
    const fixture = standardWith(
      {
        "/redfish/v1/Managers/1": { VirtualMedia: { "@odata.id": other } },
        [other]: {
          "@odata.type": "#VirtualMediaCollection.VirtualMediaCollection",
          Members: [{ "@odata.id": `${other}/Drive` }],
        },
        [`${other}/Drive`]: { "@odata.type": "#VirtualMedia.v1_6_3.VirtualMedia", Id: "Drive", MediaTypes: ["CD"] },
      },
      { media: { reader: "none", sameDevice: [[slotUri("Cd"), `${other}/Drive`]] } },
    );
    const { bmc, call } = await simulate({ fixture });
    await call("POST", insertUri("Cd"), { body: { Image: url } });
    expect((await call("GET", `${other}/Drive`)).body).toMatchObject({ Id: "Drive", Image: url, MediaTypes: ["CD"] });
    expect(bmc.slots()).toHaveLength(2);
    const again = await call("POST", `${other}/Drive/Actions/VirtualMedia.InsertMedia`, { body: { Image: url } });
    expect(again.messageId).toBe("ResourceInUse");
  });
});

describe("reading", () => {
  test("a reader without HEAD asks for one byte first", async () => {
    const { origin, url: image } = await serveImage();
    const { call } = await simulate({ overrides: { media: { reader: "ranges-without-head" } } });
    expect((await call("POST", insertUri("Cd"), { body: { Image: image } })).status).toBe(204);
    expect(origin.requests().map(({ method, range }) => [method, range])).toEqual([
      ["GET", "bytes=0-0"],
      ["GET", "bytes=0-65535"],
      ["GET", "bytes=32768-34815"],
      ["GET", "bytes=234464-299999"],
    ]);
  });

  test("an origin that does not answer in time fails the insert", async () => {
    const { origin, url: image } = await serveImage();
    origin.setFault({ kind: "hang" });
    const { call } = await simulate({ overrides: { media: { readTimeoutMs: 30 } } });
    expect((await call("POST", insertUri("Cd"), { body: { Image: image } })).status).toBe(500);
  });

  test.each(["ranges", "upload"] as const)("an image over the limit is refused (%s)", async (reader) => {
    const { url: image } = await serveImage();
    const { bmc, call } = await simulate({ overrides: { media: { reader, maxImageBytes: 299_999 } } });
    const refused = await call("POST", insertUri("Cd"), { body: { Image: image } });
    expect([refused.status, refused.messageId, bmc.slots()[0]?.inserted]).toEqual([
      400,
      "ActionParameterValueConflict",
      false,
    ]);
  });
});

describe("trust in an https server", () => {
  const serveTls = async () => {
    const tls = selfSigned();
    const origin = await startOrigin({ files: { "cd.iso": imageBytes(1000) }, tls });
    return { origin, url: origin.urlOf("cd.iso"), cert: tls.cert };
  };
  const certificates = `${slotUri("Cd")}/Certificates`;

  test("may be demanded, given with the insert, or put into the slot", async () => {
    const { origin, url: image, cert } = await serveTls();
    const parameters = ["Certificate"];
    const media = {
      verifyCertificate: "always",
      certificateLimit: 1,
      parameters,
      certificateParameter: "Certificate",
    } as const;
    const replies = { imageUntrusted: { status: 500, id: "Acme.1.0.UntrustedServer" } };
    const { bmc, call } = await simulate({ overrides: { media, errors: { replies } } });
    const refused = await call("POST", insertUri("Cd"), { body: { Image: image } });
    expect([refused.status, refused.text.includes("UntrustedServer")]).toEqual([500, true]);
    const body = { Image: image, Certificate: cert };
    expect((await call("POST", insertUri("Cd"), { body })).status).toBe(204);
    await call("POST", `${slotUri("Cd")}/Actions/VirtualMedia.EjectMedia`, { body: {} });
    const added = await call("POST", certificates, { body: { CertificateString: cert, CertificateType: "PEM" } });
    expect([added.status, added.headers.location]).toEqual([201, `${certificates}/1`]);
    expect((await call("GET", slotUri("Cd"))).body).toMatchObject({ Certificates: { "@odata.id": certificates } });
    expect((await call("POST", insertUri("Cd"), { body: { Image: image } })).status).toBe(204);
    expect((await call("DELETE", `${certificates}/1`)).status).toBe(204);
    expect((await call("GET", certificates)).body).toMatchObject({ Members: [] });
    expect(bmc.effectiveInserts()).toBe(2);
    await origin.close();
  });

  test("may follow the slot's VerifyCertificate", async () => {
    const { origin, url: image } = await serveTls();
    const fixture = standardWith(
      { [slotUri("Cd")]: { VerifyCertificate: true } },
      {
        media: { verifyCertificate: "property" },
        oem: { writable: [{ at: slotUri("Cd"), properties: ["/VerifyCertificate"] }] },
      },
    );
    const { call } = await simulate({ fixture });
    expect((await call("POST", insertUri("Cd"), { body: { Image: image } })).status).toBe(500);
    expect((await call("PATCH", slotUri("Cd"), { body: { VerifyCertificate: false } })).status).toBe(200);
    expect((await call("POST", insertUri("Cd"), { body: { Image: image } })).status).toBe(204);
    await origin.close();
  });

  test("what is no certificate is refused", async () => {
    const { call } = await simulate({ overrides: { media: { certificateLimit: 1 } } });
    const refused = await call("POST", certificates, { body: { CertificateString: "-----BEGIN" } });
    expect([refused.status, refused.messageId]).toEqual([400, "PropertyValueFormatError"]);
  });
});
