// Debian's cloud-init as a reader of config drives: what it makes of their files, and whether it finds them by their labels.
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ImageFormat } from "../../src/core/vocabulary.ts";

/** What must be installed, for `lacksPeer`. */
export const cloudInitCommands = ["cloud-init", "xorriso", "mcopy", "blkid"] as const;

const run = promisify(execFile);
/** Debian's own, which knows its packages; another may come first on the path. */
const python3 = "/usr/bin/python3";
const dsIdentify = "/usr/lib/cloud-init/ds-identify";

/** mtools write and read long names in the locale's alphabet. */
export const inUtf8 = { ...process.env, LC_ALL: "C.UTF-8" };

/** By programs that are not ours, as a kernel would show it. */
export const extractImage = async (format: ImageFormat, image: string, target: string): Promise<string> => {
  await mkdir(target);
  if (format === "fat") await run("mcopy", ["-s", "-i", image, "::*", target], { env: inUtf8 });
  else await run("xorriso", ["-osirrox", "on", "-indev", image, "-extract", "/", target]);
  return target;
};

export const askCloudInit = async (script: string, ...words: readonly string[]): Promise<unknown> => {
  const { stdout } = await run(python3, ["-c", script, ...words]);
  return JSON.parse(stdout) as unknown;
};

/** A script for `askCloudInit`, with the folder of the files. */
export const readConfigDrive = `
import json, sys
from cloudinit import sources
from cloudinit.sources import DataSourceConfigDrive as D
from cloudinit.sources.helpers import openstack
found = D.read_config_drive(sys.argv[1])
network = openstack.convert_net_json(found["networkdata"], known_macs={"52:54:00:aa:bb:01": "eno1"})
print(json.dumps({
    "version": found["version"], "metadata": found["metadata"], "userdata": found["userdata"].decode(),
    "networkdata": found["networkdata"], "network": network, "vendordata2": found["vendordata2"],
    "vendor": sources.convert_vendordata(found["vendordata2"]), "ec2": found["ec2-metadata"],
}, default=str))
`;

/** The same for NoCloud. */
export const readNoCloud = `
import json, sys
from cloudinit import util
from cloudinit.net import network_state
found = util.pathprefix2dict(sys.argv[1], required=["user-data", "meta-data"], optional=["vendor-data", "network-config"])
network = util.load_yaml(found["network-config"])
print(json.dumps({
    "metadata": util.load_yaml(found["meta-data"]), "userdata": found["user-data"].decode(),
    "vendordata": found["vendor-data"].decode(), "network": network,
    "interfaces": [card["name"] for card in network_state.parse_net_config_data(network).iter_interfaces()],
}))
`;

/** With the machine's cards by their MAC addresses, and many a network_data: what becomes of the network with each. */
export const judgeNetworks = `
import json, sys
from cloudinit.net import network_state
from cloudinit.sources.helpers import openstack
def judge(data):
    try:
        config = openstack.convert_net_json(data, known_macs=json.loads(sys.argv[1]))
        interfaces = list(network_state.parse_net_config_data(config).iter_interfaces())
    except Exception:
        return "fails"
    beneath = [card["vlan-raw-device"] for card in interfaces if "vlan-raw-device" in card]
    bare = [c for c in interfaces if not c["subnets"] and not c.get("bond-master") and c["name"] not in beneath]
    return "nothing" if not interfaces else "bare" if bare else "whole"
print(json.dumps([judge(data) for data in json.loads(sys.argv[2])]))
`;

/** With plain scalars of YAML: of which type each is, and its value as text; null for what is none. */
export const readScalars = `
import json, sys, yaml
def read(text):
    try:
        value = yaml.safe_load("v: " + text + "\\n")["v"]
    except Exception:
        return None
    return [type(value).__name__, str(value)]
print(json.dumps([read(text) for text in json.load(open(sys.argv[1]))]))
`;

/** With a NoCloud network-config as text: what comes of it. */
export const judgeNetworkConfig = `
import json, sys, yaml
from cloudinit import net
from cloudinit.net import network_state
config = yaml.safe_load(sys.argv[1])
try:
    network_state.parse_net_config_data(config)
    [mac.lower() for mac, *_ in net.extract_physdevs(config)]
    print('"whole"')
except AttributeError:
    print('"fails"')
`;

/** With a NoCloud network-config: the names of its interfaces, without what it may be wrapped in. */
export const readNetworkConfig = `
import json, sys
from cloudinit import stages
from cloudinit.net import network_state
config = stages.Init._remove_top_level_network_key(None, json.loads(sys.argv[1]))
print(json.dumps([card["name"] for card in network_state.parse_net_config_data(config).iter_interfaces()]))
`;

/** With the folder of the files: the user data, and null where it takes nothing from there. */
export const readUserData = `
import json, sys
from cloudinit.sources import DataSourceConfigDrive as D
from cloudinit.sources.helpers import openstack
try:
    print(json.dumps(D.read_config_drive(sys.argv[1])["userdata"].decode()))
except openstack.NonReadable:
    print("null")
`;

/** With the user data: the MIME type that its first line stands for. */
export const findsFormat = `
import json, sys
from cloudinit import handlers
print(json.dumps(handlers.type_from_starts_with(sys.argv[1])))
`;

/** ds-identify on a machine whose one disk is the image: its own blkid, asked for the image instead of all devices. */
export const identifyImage = async (image: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-ds-identify-"));
  try {
    return await identifyIn(folder, image);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const identifyIn = async (folder: string, image: string): Promise<string> => {
  const root = join(folder, "root");
  const programs = join(folder, "bin");
  await mkdir(join(root, "run"), { recursive: true });
  await mkdir(programs);
  const program = async (name: string, script: string): Promise<void> => {
    await writeFile(join(programs, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(programs, name), 0o755);
  };
  await program("blkid", `PATH=/usr/sbin:/sbin exec blkid "$@" '${image}'`);
  // In a container it would not look at disks at all.
  await program("systemd-detect-virt", "echo none; exit 1");
  const env = {
    PATH: `${programs}:/usr/sbin:/usr/bin:/sbin:/bin`,
    PATH_ROOT: root,
    DI_LOG: "stderr",
    DEBUG_LEVEL: "2",
  };
  const ended = await run(dsIdentify, ["--force"], { env }).then(
    () => "found",
    () => "nothing found",
  );
  const list = await readFile(join(root, "run", "cloud-init", "cloud.cfg"), "utf8");
  return `${ended}: ${/datasource_list: \[\s*(.*?)\s*\]/.exec(list)?.[1] ?? ""}`;
};
