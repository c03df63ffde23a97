// What is said of a network_data before it leaves a machine without its network. cloud-init itself is asked in test/peers/cloud-init.test.ts.
import { describe, expect, it } from "vitest";
import { buildDrive } from "../../src/configdrive/build.ts";
import { macAddressesOf, networkWarnings } from "../../src/configdrive/look/network-data.ts";
import { warningsOfTree } from "../../src/configdrive/look/look.ts";
import type { DriveContent } from "../../src/core/configdrive.ts";
import type { Json } from "../../src/core/driver.ts";
import { nocloudContent, refusalOf, texts } from "./drives.ts";
import { networkCases } from "./network-cases.ts";

describe("OpenStack's network_data", () => {
  it.each(networkCases)("with %s earns its warnings", (_name, data, _outcome, expected) => {
    expect(networkWarnings(data, "openstack")).toEqual(expected.map((text) => expect.stringMatching(text)));
  });

  it("of null is told of, as cloud-init would not use the drive", () => {
    expect(networkWarnings(null, "openstack")).toHaveLength(1);
    expect(networkWarnings(undefined, "openstack")).toEqual([]);
  });

  it("is told of when it is built", async () => {
    const content = { meta_data: { uuid: "u" }, network_data: { links: [], networks: [], services: [] } };
    const { tree, label } = buildDrive({ content });
    expect(await warningsOfTree(tree, label)).toEqual([expect.stringMatching(/^network_data has no links/)]);
  });

  it("with hyphens in a MAC address is compared with a machine's all the same", () => {
    expect(macAddressesOf({ links: [{ id: "l", type: "phy", ethernet_mac_address: "52-54-00-AA-BB-01" }] })).toEqual([
      "52:54:00:aa:bb:01",
    ]);
  });
});

describe("NoCloud's network-config", () => {
  const wrapped = { network: nocloudContent.network_data ?? null };

  it.each<readonly [string, Json, number]>([
    ["in the member network", wrapped, 0],
    ["as it is", nocloudContent.network_data ?? null, 0],
    ["that turns the network off", { network: { config: "disabled" } }, 0],
    ["of no version", { network: { ethernets: {} } }, 1],
    ["of nothing", { network: null }, 1],
    ["of another layout", { links: [] }, 1],
    ["with hyphens", { network: { version: 2, ethernets: { a: { match: { macaddress: "52-54-00-aa-bb-02" } } } } }, 1],
  ])("%s is judged as cloud-init does", (_name, data, count) => {
    expect(networkWarnings(data, "nocloud")).toHaveLength(count);
  });

  it("in the member network is built as it is given, and tells its network cards", async () => {
    const content: DriveContent = { ...nocloudContent, network_data: wrapped };
    const { tree, label } = buildDrive({ content, layout: "nocloud" });
    expect(JSON.parse(texts(tree)["network-config"] ?? "")).toEqual(wrapped);
    expect(await warningsOfTree(tree, label)).toEqual([]);
    expect(macAddressesOf(wrapped)).toEqual(["52:54:00:aa:bb:02"]);
  });

  it("of no version in the member network is refused", () => {
    const content: DriveContent = { ...nocloudContent, network_data: { network: { version: 3 } } };
    expect(refusalOf(() => buildDrive({ content, layout: "nocloud" }))).toMatchObject({ code: "INVALID_REQUEST" });
  });
});
