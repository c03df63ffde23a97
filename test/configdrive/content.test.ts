// What a request may give for a config drive: Ironic's form, and refusals that name the key and repeat nothing.
import { describe, expect, it } from "vitest";
import { parseDriveContent, parseDriveRequest } from "../../src/configdrive/content.ts";
import type { Json } from "../../src/core/driver.ts";
import { refusalOf } from "./drives.ts";

const secret = "hunter2-canary";

describe("the content of a config drive", () => {
  it("is taken as Ironic takes it", () => {
    const given = {
      meta_data: { uuid: "u", nested: { list: [1, null, true] } },
      network_data: { links: [] },
      user_data: "#cloud-config\n",
      vendor_data: {},
    };
    expect(parseDriveContent(given)).toEqual(given);
    expect(parseDriveContent({})).toEqual({});
  });

  it.each<readonly [string, Json]>([
    ["text", "#!/bin/sh\n"],
    ["an object", { ignition: { version: "3.4.0" } }],
    ["a list", [{ a: 1 }]],
    ["null", null],
  ])("takes user_data that is %s", (_name, user_data) => {
    expect(parseDriveContent({ user_data })).toEqual({ user_data });
  });

  it.each<readonly [string, string, Json]>([
    ["meta_data that is a list", "meta_data", { meta_data: [secret] }],
    ["meta_data that is null", "meta_data", { meta_data: null }],
    ["network_data that is text", "network_data", { network_data: secret }],
    ["vendor_data that is a number", "vendor_data", { vendor_data: 4 }],
    ["user_data that is a number", "user_data", { user_data: 4 }],
    ["user_data that is true", "user_data", { user_data: true }],
    ["another key", "configdrive", { metadata: { password: secret } }],
    ["text", "configdrive", secret],
    ["a list", "configdrive", [secret]],
    ["null", "configdrive", null],
  ])("refuses %s", (_name, field, given) => {
    const error = refusalOf(() => parseDriveContent(given));
    expect(error).toMatchObject({ code: "INVALID_REQUEST", context: { field } });
    expect(JSON.stringify([error, String(error)])).not.toContain(secret);
  });

  it("names the key that there is not, and those that there are", () => {
    expect(() => parseDriveContent({ metadata: {} })).toThrow(
      'A config drive has no key "metadata"; there are meta_data, network_data, user_data, vendor_data.',
    );
  });

  it("refuses what nests so deep that it could only be meant to harm", () => {
    let deep: Json = {};
    for (let depth = 0; depth < 100_000; depth += 1) deep = { deep };
    expect(refusalOf(() => parseDriveContent({ meta_data: deep as Record<string, Json> }))).toMatchObject({
      code: "INVALID_REQUEST",
    });
  });

  it.each<readonly [string, string, string]>([
    [
      "an integer that a program cannot keep",
      "meta_data.list[1].n",
      '{"meta_data": {"list": [0, {"n": 12345678901234567890}]}}',
    ],
    ["an integer just beyond", "network_data.n", '{"network_data": {"n": 9007199254740992}}'],
    ["a number that is endless", "vendor_data.n", '{"vendor_data": {"n": -1e400}}'],
    ["half of a surrogate pair", "user_data", '{"user_data": "a\\ud800b"}'],
    ["half of a surrogate pair in a name", "meta_data.\ufffd", '{"meta_data": {"\\udc00": 1}}'],
  ])("refuses %s by its path, since it would arrive changed", (_name, field, text) => {
    const error = refusalOf(() => parseDriveContent(JSON.parse(text) as Json));
    expect(error).toMatchObject({ code: "INVALID_REQUEST", context: { field } });
    expect(String(error)).toContain(field);
    expect(String(error)).not.toContain("12345678");
  });

  it("takes the numbers and texts that arrive as they are", () => {
    const given = { meta_data: { n: [9007199254740991, -9007199254740991, 0.1, 1e-7], text: "\ud83d\ude00" } };
    expect(parseDriveContent(given)).toEqual(given);
  });

  it("keeps a member that is called __proto__ as a member", () => {
    const given = JSON.parse('{"meta_data": {"__proto__": {"uuid": "u"}}}') as Json;
    expect(Object.keys(parseDriveContent(given).meta_data ?? {})).toEqual(["__proto__"]);
  });
});

describe("the request of a config drive", () => {
  it("may choose the layout and the ec2 tree", () => {
    expect(parseDriveRequest({ content: {}, layout: "nocloud" })).toEqual({ content: {}, layout: "nocloud" });
    expect(parseDriveRequest({ content: {}, ec2: true })).toEqual({ content: {}, ec2: true });
  });

  it.each<readonly [string, Json]>([
    ["layout", { content: {}, layout: "floppy" }],
    ["ec2", { content: {}, ec2: "yes" }],
    ["ec2", { content: {}, layout: "nocloud", ec2: true }],
    ["configdrive", { content: {}, label: "x" }],
    ["configdrive", {}],
  ])("refuses a wrong %s", (field, given) => {
    expect(refusalOf(() => parseDriveRequest(given))).toMatchObject({ code: "INVALID_REQUEST", context: { field } });
  });
});
