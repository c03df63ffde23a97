// What is said before a night is lost: every sentence has a drive that earns it and one that does not.
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { buildDrive } from "../../src/configdrive/build.ts";
import { findDrive, viewOfTree } from "../../src/configdrive/look/found-drive.ts";
import { macAddressesOf } from "../../src/configdrive/look/network-data.ts";
import { kindOfUserData } from "../../src/configdrive/look/user-data.ts";
import { warningsOfTree } from "../../src/configdrive/look/look.ts";
import type { DriveRequest } from "../../src/core/configdrive.ts";
import type { Json } from "../../src/core/driver.ts";
import { fullContent, nocloudContent } from "./drives.ts";

const warningsOf = (request: DriveRequest, label?: string): Promise<readonly string[]> => {
  const built = buildDrive(request);
  return warningsOfTree(built.tree, label ?? built.label);
};

const file = (path: string, text: string) => ({ kind: "file", path, bytes: Buffer.from(text) }) as const;

describe("warnings", () => {
  it("are none for drives that are right", async () => {
    expect(await warningsOf({ content: fullContent, ec2: true })).toEqual([]);
    expect(await warningsOf({ content: nocloudContent, layout: "nocloud" })).toEqual([]);
    expect(await warningsOf({ content: { meta_data: { uuid: "u" } } })).toEqual([]);
  });

  it.each<readonly [string, Json | undefined]>([
    ["absent", undefined],
    ["empty", ""],
    ["null", null],
  ])("name a uuid that is %s", async (_name, uuid) => {
    const meta_data: Record<string, Json> = uuid === undefined ? { name: "n" } : { uuid };
    expect(await warningsOf({ content: { meta_data } })).toEqual([
      "meta_data has no uuid: cloud-init could not tell this instance from another.",
    ]);
    expect(await warningsOf({ content: { meta_data }, layout: "nocloud" })).toEqual([
      "meta_data has no instance-id: cloud-init could not tell this instance from another.",
    ]);
  });

  it.each([
    ["config-2", 0],
    ["CONFIG-2", 0],
    ["Config-2", 1],
    ["config-2 ", 1],
    ["cidata", 1],
    ["", 1],
  ])("judge the label %j as cloud-init does", async (label, count) => {
    expect(await warningsOf({ content: fullContent }, label)).toHaveLength(count);
  });

  it.each([
    ["cidata", 0],
    ["CIDATA", 0],
    ["CIdata", 1],
    ["config-2", 1],
  ])("judge the label %j of a NoCloud drive likewise", async (label, count) => {
    expect(await warningsOf({ content: nocloudContent, layout: "nocloud" }, label)).not.toHaveLength(
      count === 0 ? 1 : 0,
    );
  });

  it("miss what a labelled drive must have", async () => {
    const meta = '{"uuid": "u"}';
    expect(await warningsOfTree([], "config-2")).toEqual([
      "The label is config-2, but there is no openstack/latest/meta_data.json.",
    ]);
    expect(await warningsOfTree([file("openstack/2018-08-27/meta_data.json", meta)], "config-2")).toEqual([
      "There is no openstack/latest/meta_data.json: cloud-init reads openstack/2018-08-27, but others, such as Ignition, only openstack/latest.",
    ]);
    expect(await warningsOfTree([file("meta-data", "instance-id: u\n")], "CIDATA")).toEqual([
      "There is no user-data: cloud-init takes a NoCloud drive only with meta-data and user-data, be it empty.",
    ]);
    expect(await warningsOfTree([file("user-data", "")], "CIDATA")).toEqual([
      "The label is CIDATA, but there are no meta-data and user-data in the root.",
    ]);
    expect(await warningsOfTree([file("setup.exe", "")], "BOOT")).toEqual([
      "This is no config drive that cloud-init knows.",
    ]);
  });

  it("name documents that are not what they should be", async () => {
    const tree = [
      file("openstack/latest/meta_data.json", "{'uuid': 'u'}"),
      file("openstack/latest/network_data.json", "links: []"),
    ];
    expect(await warningsOfTree(tree, "config-2")).toEqual([
      "openstack/latest/meta_data.json is not JSON: cloud-init would not use it.",
      "openstack/latest/network_data.json is not JSON: cloud-init would not use it.",
    ]);
  });

  it("name links that have no MAC address, or a malformed one", async () => {
    const network_data = {
      links: [
        { id: "ok", type: "phy", ethernet_mac_address: "52:54:00:00:00:01" },
        { id: "dashes", type: "phy", ethernet_mac_address: "52-54-00-00-00-02" },
        { id: "mixed", type: "phy", ethernet_mac_address: "52-54:00-00:00-02" },
        { id: "short", type: "phy", ethernet_mac_address: "52:54:00:00:03" },
        { id: "none", type: "phy" },
        { id: "bond", type: "bond", bond_links: ["ok"] },
      ],
      networks: ["dashes", "mixed", "short", "none", "bond"].map((link) => ({ type: "ipv4_dhcp", link })),
    };
    const warnings = await warningsOf({ content: { meta_data: { uuid: "u" }, network_data } });
    expect(warnings).toEqual([
      expect.stringMatching(/link "dashes" has a MAC address with hyphens/),
      expect.stringMatching(/link "mixed" has a malformed MAC/),
      expect.stringMatching(/link "short" has a malformed MAC/),
      expect.stringMatching(/link "none" has no ethernet_mac_address/),
    ]);
  });

  it("name a network_data of the other layout's form", async () => {
    const content = { meta_data: { uuid: "u" }, network_data: { version: 2, ethernets: {} } };
    expect(await warningsOf({ content })).toEqual([expect.stringMatching(/^network_data has no list of links/)]);
  });

  it("never repeat what is in the drive", async () => {
    const canary = "hunter2-canary";
    const broken = [
      file("openstack/latest/meta_data.json", `{"uuid": "", "x": "${canary}"`),
      file(
        "openstack/latest/network_data.json",
        JSON.stringify({ links: [{ id: "a", type: "phy", ethernet_mac_address: canary }], networks: [{ link: "a" }] }),
      ),
      file("openstack/latest/user_data", canary),
    ];
    const warnings = await warningsOfTree(broken, "config-2");
    expect(warnings).toHaveLength(4);
    expect(warnings.join("\n")).not.toContain(canary);
  });
});

describe("user data", () => {
  it.each<readonly [string, string | Buffer, boolean]>([
    ["cloud-config", "#cloud-config\na: 1\n", true],
    ["cloud-config", "\n  #CLOUD-CONFIG\n", true],
    ["cloud-config archive", "#cloud-config-archive\n", true],
    ["script", "#!/bin/sh\n", true],
    ["list of URLs", "#include\nhttp://x/\n", true],
    ["list of URLs, included once", "#include-once\n", true],
    ["boot hook", "#cloud-boothook\n", true],
    ["part handler", "#part-handler\n", true],
    ["Jinja template", "## template: jinja\n#cloud-config\n", true],
    ["MIME message", "Content-Type: multipart/mixed\nMIME-Version: 1.0\n", true],
    ["gzip data", gzipSync("#cloud-config\n"), true],
    ["nothing", "\n", true],
    ["Ignition configuration", '{"ignition": {"version": "3.4.0"}}', false],
    ["JSON without a header", '{"users": []}', false],
    ["text without a header", "cloud-config\n", false],
    ["text without a header", "\ufeff#cloud-config\n", false],
    ["binary data", Buffer.from([1, 0, 2]), false],
  ])("is %s", async (kind, content, isKnown) => {
    const bytes = Buffer.from(content);
    expect(kindOfUserData(bytes)).toBe(kind);
    const tree = [file("openstack/latest/meta_data.json", '{"uuid": "u"}')];
    const view = viewOfTree([...tree, { kind: "file", path: "openstack/latest/user_data", bytes }]);
    expect((await findDrive(view)).userData).toEqual(bytes);
    const warnings = await warningsOfTree(
      [...tree, { kind: "file", path: "openstack/latest/user_data", bytes }],
      "config-2",
    );
    expect(warnings).toHaveLength(isKnown ? 0 : 1);
  });

  it("earns a warning for a script with Windows line ends", async () => {
    const content = { meta_data: { uuid: "u" }, user_data: "#!/bin/sh\r\ntrue\r\n" };
    expect(await warningsOf({ content })).toEqual([expect.stringMatching(/lines end as on Windows/)]);
  });
});

describe("the MAC addresses that a machine must have", () => {
  it("are those of physical links, in one spelling, each once", () => {
    const links: Json = [
      { id: "a", type: "phy", ethernet_mac_address: "52:54:00:AA:BB:01" },
      { id: "b", type: "vif", ethernet_mac_address: "52:54:00:aa:bb:01" },
      { id: "c", type: "bond", ethernet_mac_address: "52:54:00:aa:bb:03" },
      { id: "d", type: "vlan", vlan_mac_address: "52:54:00:aa:bb:04" },
      { id: "e", type: "phy", ethernet_mac_address: "nonsense" },
      { id: "g", type: "phy", ethernet_mac_address: "52-54-00-AA-BB-01" },
      { id: "h", type: "phy", ethernet_mac_address: "52-54-00-AA-BB-07" },
      "f",
    ];
    expect(macAddressesOf({ links })).toEqual(["52:54:00:aa:bb:01", "52:54:00:aa:bb:07"]);
  });

  it("are found in cloud-init's own network configurations too", () => {
    expect(macAddressesOf(nocloudContent.network_data)).toEqual(["52:54:00:aa:bb:02"]);
    const config: Json = [{ type: "physical", name: "eth0", mac_address: "52:54:00:aa:bb:05" }, { type: "bond" }];
    expect(macAddressesOf({ version: 1, config })).toEqual(["52:54:00:aa:bb:05"]);
  });

  it.each<Json | undefined>([undefined, null, 4, "x", [], {}, { links: {} }, { version: 2, ethernets: [] }])(
    "are none in %j",
    (data) => expect(macAddressesOf(data)).toEqual([]),
  );
});
