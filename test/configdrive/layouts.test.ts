// Which files a config drive has in each layout, and what is in them.
import { describe, expect, it } from "vitest";
import { buildDrive } from "../../src/configdrive/build.ts";
import type { Tree } from "../../src/configdrive/tree.ts";
import type { DriveContent, DriveRequest } from "../../src/core/configdrive.ts";
import { fullContent, nocloudContent, refusalOf, texts } from "./drives.ts";

const treeOf = (content: DriveContent, more: Omit<DriveRequest, "content"> = {}): Tree =>
  buildDrive({ content, ...more }).tree;

describe("the layout openstack", () => {
  it("has all documents under latest and under the one version that every cloud-init knows", () => {
    const files = texts(treeOf(fullContent));
    const names = ["meta_data.json", "network_data.json", "user_data", "vendor_data2.json"];
    expect(Object.keys(files).toSorted()).toEqual(
      ["2012-08-10", "latest"].flatMap((version) => names.map((name) => `openstack/${version}/${name}`)),
    );
    for (const version of ["2012-08-10", "latest"]) {
      const read = (name: string): unknown => JSON.parse(files[`openstack/${version}/${name}`] ?? "");
      expect(read("meta_data.json")).toEqual(fullContent.meta_data);
      expect(read("network_data.json")).toEqual(fullContent.network_data);
      expect(read("vendor_data2.json")).toEqual(fullContent.vendor_data);
      expect(files[`openstack/${version}/user_data`]).toBe(fullContent.user_data);
    }
    expect(buildDrive({ content: fullContent }).label).toBe("config-2");
  });

  it("has no file for what is absent or empty, but always a meta_data.json", () => {
    for (const empty of [
      {},
      { network_data: {}, user_data: "", vendor_data: {} },
      { user_data: null },
      { user_data: [] },
    ])
      expect(texts(treeOf(empty))).toEqual({
        "openstack/2012-08-10/meta_data.json": "{}",
        "openstack/latest/meta_data.json": "{}",
      });
  });

  it("writes user_data that is an object or a list as JSON, and text byte for byte", () => {
    const userData = (user_data: NonNullable<DriveContent["user_data"]>): string | undefined =>
      texts(treeOf({ user_data }))["openstack/latest/user_data"];
    expect(userData({ b: 1, a: ["ü"] })).toBe('{"a":["ü"],"b":1}');
    expect(userData([2, 1])).toBe("[2,1]");
    expect(userData("#!/bin/sh\r\necho ü \n\n")).toBe("#!/bin/sh\r\necho ü \n\n");
  });

  it("gives the same bytes whatever the order of the members was", () => {
    const one = treeOf({ meta_data: { uuid: "u", a: { x: 1, y: [{ p: 1, q: 2 }] } } });
    const other = treeOf({ meta_data: { a: { y: [{ q: 2, p: 1 }], x: 1 }, uuid: "u" } });
    expect(other).toEqual(one);
  });
});

describe("the ec2 tree", () => {
  it("lies beside openstack/ when it is asked for", () => {
    const files = texts(treeOf(fullContent, { ec2: true }));
    for (const version of ["2009-04-04", "latest"]) {
      expect(JSON.parse(files[`ec2/${version}/meta-data.json`] ?? "")).toEqual({
        "instance-id": fullContent.meta_data?.["uuid"],
        hostname: "node-7.example",
        "local-hostname": "node-7.example",
        placement: { "availability-zone": "az-1" },
        "public-keys": { "0": { "openssh-key": expect.stringMatching(/^ssh-ed25519 /) } },
      });
      expect(files[`ec2/${version}/user-data`]).toBe(fullContent.user_data);
    }
    expect(files["openstack/latest/user_data"]).toBe(fullContent.user_data);
  });
});

describe("the layout nocloud", () => {
  it("has the four files that cloud-init reads, under the label that it looks for", () => {
    const { tree, label } = buildDrive({ content: nocloudContent, layout: "nocloud" });
    const files = texts(tree);
    expect(label).toBe("CIDATA");
    expect(Object.keys(files)).toEqual(["meta-data", "network-config", "user-data", "vendor-data"]);
    expect(JSON.parse(files["meta-data"] ?? "")).toMatchObject({
      "instance-id": fullContent.meta_data?.["uuid"],
      "local-hostname": "node-7.example",
      "public-keys": fullContent.meta_data?.["public_keys"],
    });
    expect(JSON.parse(files["network-config"] ?? "")).toEqual(nocloudContent.network_data);
    expect(files["user-data"]).toBe(fullContent.user_data);
    expect(files["vendor-data"]).toBe("#cloud-config\nruncmd: [vendor-canary]\n");
  });

  it("has a user-data even when there is none, for cloud-init insists on it", () => {
    expect(texts(treeOf({ meta_data: { uuid: "u", name: "n", hostname: "" } }, { layout: "nocloud" }))).toEqual({
      "meta-data": '{"hostname":"","instance-id":"u","local-hostname":"n","name":"n","uuid":"u"}',
      "user-data": "",
    });
  });

  it("leaves alone what is given under NoCloud's own names", () => {
    const files = texts(treeOf({ meta_data: { uuid: "u", "instance-id": "own" } }, { layout: "nocloud" }));
    expect(JSON.parse(files["meta-data"] ?? "")).toMatchObject({ "instance-id": "own" });
  });

  it("refuses OpenStack's network_data, and vendor_data that it could not read, by name", () => {
    const refusal = (content: DriveContent): unknown => refusalOf(() => treeOf(content, { layout: "nocloud" }));
    expect(refusal({ network_data: { links: [] } })).toMatchObject({
      code: "INVALID_REQUEST",
      context: { field: "network_data", hint: expect.stringContaining("openstack") },
    });
    expect(refusal({ vendor_data: { other: "x" } })).toMatchObject({
      code: "INVALID_REQUEST",
      context: { field: "vendor_data" },
    });
  });
});
