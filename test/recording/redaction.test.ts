// Laws of redaction: same length, same text by the same, nothing left, and nothing taken that identifies nobody.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../../src/core/driver.ts";
import { redactText } from "../../src/core/redact.ts";
import { createDisguise } from "../../src/recording/disguise.ts";
import { createRedaction } from "../../src/recording/redaction.ts";

const disguise = createDisguise(Buffer.from("a key of this test"));

const redacted = (value: Json, secrets: readonly string[] = [], oem = false): Json =>
  createRedaction({ values: [{ value, oem }], secrets, disguise }).value(value, oem);

describe("a disguise", () => {
  test("has the length and the punctuation of the text, and no character of it in its place", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9 .:_-]{1,40}$/u), (text) => {
        const other = disguise(text);
        expect(other).toHaveLength(text.length);
        expect(disguise(text)).toBe(other);
        for (const [at, character] of Array.from(text).entries())
          expect(other[at] === character).toBe(/[^A-Za-z0-9]/u.test(character));
      }),
    );
  });

  test("is the same for all spellings of an address or a UUID", () => {
    const bare = disguise("9c8e99c47a41");
    expect(disguise("9C:8E:99:C4:7A:41").toLowerCase().replaceAll(":", "")).toBe(bare);
    expect(disguise("9c-8e-99-c4-7a-41").replaceAll("-", "")).toBe(bare);
    expect(bare).toMatch(/^[0-9a-f]{12}$/u);
  });

  test("of an IPv4 address is an IPv4 address of the same length, and never the same", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(disguise(address)).toMatch(/^(\d{1,3}\.){3}\d{1,3}$/u);
        expect(disguise(address)).toHaveLength(address.length);
        for (const octet of disguise(address).split(".")) expect(Number(octet)).toBeLessThan(256);
        expect(disguise(address)).not.toBe(address);
      }),
    );
  });

  test("with another key is another", () => {
    expect(createDisguise(Buffer.from("another"))("CNRY7Q4021")).not.toBe(disguise("CNRY7Q4021"));
  });
});

describe("redaction", () => {
  test("takes a serial number out wherever it stands, in whatever case, also in names and links", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z]{2}[0-9A-Z]{4,14}\d$/u), (serial) => {
        const value = {
          SerialNumber: serial,
          Name: `Server ${serial}`,
          Link: { "@odata.id": `/redfish/v1/Systems/${serial}` },
          [`Port-${serial}`]: `the one of ${serial.toLowerCase()}.`,
        };
        const text = JSON.stringify(redacted(value));
        expect(text.toUpperCase()).not.toContain(serial);
        expect(text).toHaveLength(JSON.stringify(value).length);
      }),
    );
  });

  test.each([
    ["a bearer token", "sent Bearer abcdefghijk"],
    ["Basic credentials", "Basic QWxhZGRpbjpvcGVu"],
    ["one of our own URLs", "/m/abcdefghijklmnopqrstuvwxyz/c.iso"],
    ["a URL's query", "see ftp://h/x?key=5"],
  ])("leaves nothing that the common filter would still mask: %s", (_what, said) => {
    const { Description: text } = redacted({ Description: said }) as { Description: string };
    expect(text).toHaveLength(said.length);
    expect(redactText(text)).toBe(text);
    expect(text).not.toBe(said);
  });

  test.each<[string, Json]>([
    ["a firmware version that looks like an address", { FirmwareVersion: "2.75.75.75" }],
    [
      "an enumeration inside a console",
      { SerialConsole: { ConnectTypesSupported: ["Telnet", "SSH"], MaxConcurrentSessions: 4 } },
    ],
    ["a placeholder", { AssetTag: "None", Boot: { BootSourceOverrideTarget: "None" } }],
    ["a product that is also its SKU", { Model: "X-210C-M7", Name: "X-210C-M7" }],
    ["the name of a slot", { Name: "Virtual Removable Media (vDVD)", Description: "USBStick" }],
    [
      "a parameter of an action",
      { Parameters: [{ Name: "TransferProtocolType", DataType: "String", AllowableValues: ["HTTP", "OEM"] }] },
    ],
    ["a boot order", { Boot: { BootOrder: ["Boot0001", "Boot000A"], BootSourceOverrideTarget: "UsbCd" } }],
    ["an origin of addresses", { IPv4Addresses: [{ AddressOrigin: "DHCP" }] }],
    ["an empty password", { Password: null, UserName: "" }],
    ["a schema's address", { "@odata.context": "http://redfish.dmtf.org/schemas/v1/odata-v4.json" }],
    ["a word that schemas use too", { HostName: "Unknown", "@odata.type": "#ComputerSystem.v1_0_0.ComputerSystem" }],
  ])("keeps %s", (_what, value) => {
    expect(redacted(value)).toEqual(value);
  });

  test("a host that is named by a word of the schemas is disguised alone", () => {
    const value = { HostName: "compute", "@odata.type": "#ComputerSystem.v1_0_0.ComputerSystem" };
    const { HostName: name, ...rest } = redacted(value) as Record<string, string>;
    expect(name).not.toBe("compute");
    expect(rest).toEqual({ "@odata.type": value["@odata.type"] });
  });

  test("what was known before is found by itself", () => {
    const text = JSON.stringify(
      redacted({ Description: "used by Sunflower#Seeds42, 10.213.77.141" }, ["Sunflower#Seeds42"]),
    );
    expect(text).not.toMatch(/Sunflower|Seeds42|10\.213/u);
  });

  test.each<[string, Record<string, Json>]>([
    ["a description", { Description: "Frankfurt" }],
    ["a name", { Name: "gandalf" }],
    ["a message", { Conditions: [{ Message: "gandalf" }] }],
    ["a boot option", { BootOrder: ["Bootgandalf"] }],
    ["a state in words", { LastState: "owner=gandalf" }],
    ["an unknown property", { note: "gandalf" }],
    ["a text without Latin letters", { note: "機密" }],
    ["a model in an OEM part", { Oem: { Acme: { Model: "gandalf" } } }],
  ])("disguises %s, and keeps its length", (_what, value) => {
    const text = JSON.stringify(redacted(value));
    expect(text).not.toMatch(/Frankfurt|gandalf|機|密/u);
    expect(text).toHaveLength(JSON.stringify(value).length);
  });

  test("a host's short name is found where only its full name was told to be one", () => {
    const value = { HostName: "db-heron-17.corp.example", "@odata.id": "/redfish/v1/Systems/db-heron-17" };
    expect(JSON.stringify(redacted(value))).not.toContain("heron");
  });

  test("OEM parts keep links, types, versions and words of enumerations, and no other text", () => {
    const kept = {
      "@odata.type": "#A.v1_0_0.A",
      Mode: "Dhcp",
      Next: { "@odata.id": "/redfish/v1/Oem/A" },
      Version: "1.2 b",
    };
    const said = { Label: "Frankfurt", Motto: "keep calm 7" };
    expect(redacted({ Oem: { Acme: { ...kept, ...said } } })).toEqual({
      Oem: {
        Acme: { ...kept, Label: expect.not.stringContaining("Frank"), Motto: expect.not.stringContaining("calm") },
      },
    });
  });
});
