// Debian's cloud-init against config drives of ours: its readers take what is in them, and ds-identify finds them by their labels.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildDrive } from "../../src/configdrive/build.ts";
import { writeFat } from "../../src/configdrive/fat/writer.ts";
import { writeIso9660 } from "../../src/configdrive/iso9660/writer.ts";
import type { DriveRequest } from "../../src/core/configdrive.ts";
import { imageFormats, type ImageFormat } from "../../src/core/vocabulary.ts";
import { fullContent, nocloudContent } from "../configdrive/drives.ts";
import { folderCases } from "../configdrive/folder-cases.ts";
import { cards, networkCases } from "../configdrive/network-cases.ts";
import {
  askCloudInit,
  cloudInitCommands,
  extractImage,
  findsFormat,
  identifyImage,
  judgeNetworks,
  readConfigDrive,
  readNetworkConfig,
  readNoCloud,
  readUserData,
} from "../tools/cloud-init.ts";
import { lacksPeer } from "../tools/peers.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mediabay-cloud-init-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const build = async (format: ImageFormat, request: DriveRequest): Promise<string> => {
  const { tree, label } = buildDrive(request);
  const image = join(folder, `drive.${format}`);
  await writeFile(image, format === "fat" ? writeFat(tree, { label }) : writeIso9660(tree, { label }));
  return image;
};

describe.skipIf(lacksPeer(...cloudInitCommands))("cloud-init", () => {
  describe.each(imageFormats)("on a drive in the format %s", (format) => {
    it("reads all that was given, and configures the network with it", async () => {
      const image = await build(format, { content: fullContent, ec2: true });
      const found = await askCloudInit(readConfigDrive, await extractImage(format, image, join(folder, "mounted")));
      expect(found).toMatchObject({
        version: 2,
        metadata: { ...fullContent.meta_data, "instance-id": fullContent.meta_data?.["uuid"] },
        userdata: fullContent.user_data,
        networkdata: { links: fullContent.network_data?.["links"], networks: fullContent.network_data?.["networks"] },
        vendordata2: fullContent.vendor_data,
        vendor: fullContent.vendor_data?.["cloud-init"],
        ec2: { "local-hostname": "node-7.example" },
        network: { version: 1, config: [{ name: "eno1", mac_address: "52:54:00:aa:bb:01", type: "physical" }, {}] },
      });
    });

    it("finds it by its label", async () => {
      expect(await identifyImage(await build(format, { content: fullContent }))).toBe("found: ConfigDrive, None");
    });

    it("reads a NoCloud drive, and finds it by its label", async () => {
      const image = await build(format, { content: nocloudContent, layout: "nocloud" });
      expect(await askCloudInit(readNoCloud, await extractImage(format, image, join(folder, "mounted")))).toMatchObject(
        {
          metadata: { "instance-id": fullContent.meta_data?.["uuid"], "local-hostname": "node-7.example" },
          userdata: fullContent.user_data,
          vendordata: fullContent.vendor_data?.["cloud-init"],
          network: nocloudContent.network_data,
          interfaces: ["one"],
        },
      );
      expect(await identifyImage(image)).toBe("found: NoCloud, None");
    });

    it("does not find one whose label is another", async () => {
      const { tree } = buildDrive({ content: fullContent });
      const image = join(folder, "drive");
      await writeFile(
        image,
        format === "fat" ? writeFat(tree, { label: "DRIVE" }) : writeIso9660(tree, { label: "DRIVE" }),
      );
      expect(await identifyImage(image)).toBe("nothing found: ");
    });
  });

  it.each([
    ["#cloud-config\n", "text/cloud-config"],
    ["  #Cloud-Config\n", "text/cloud-config"],
    ["#cloud-boothook\n", "text/cloud-boothook"],
    ["## template: jinja\n", "text/jinja2"],
    ["\ufeff#cloud-config\n", null],
    ['{"ignition": {}}', null],
  ])("takes user data %j for %j, as our warnings say", async (text, type) => {
    expect(await askCloudInit(findsFormat, text)).toBe(type);
  });

  it("makes of each network_data what our warnings say", async () => {
    const all = JSON.stringify(networkCases.map(([, data]) => data));
    const outcomes = (await askCloudInit(judgeNetworks, JSON.stringify(cards), all)) as readonly string[];
    const named = (judged: readonly string[]) => networkCases.map(([name], index) => `${name}: ${judged[index]}`);
    expect(named(outcomes)).toEqual(named(networkCases.map(([, , outcome]) => outcome)));
  });

  it("takes a network-config out of the member network", async () => {
    const wrapped = JSON.stringify({ network: nocloudContent.network_data });
    expect(await askCloudInit(readNetworkConfig, wrapped)).toEqual(["one"]);
  });

  it.each(folderCases)("reads of %s the folder that we look at", async (_name, tree, userData) => {
    const image = join(folder, "drive.iso");
    await writeFile(image, writeIso9660(tree, { label: "config-2" }));
    const files = await extractImage("iso9660", image, join(folder, "mounted"));
    expect(await askCloudInit(readUserData, files)).toBe(userData);
  });
});
