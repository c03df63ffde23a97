// A BMC full of canaries: each is a thing that must never leave a recording, in the places where real BMCs keep such things.
import { fixtureOf, type Resources, standardResources } from "../simulators/redfish-fixture.ts";

export const canaries = {
  serial: "CNRY7Q4021",
  uuid: "4c4c4544-0051-3410-8032-b7c04f5a5132",
  assetTag: "rack-budget-7734",
  hostName: "canarybird17",
  domain: "cage.canary-farm.example",
  ip: "10.213.77.141",
  ipv6: "fd5c:9a31:77::c0de:141",
  mac: "9C:8E:99:C4:7A:41",
  userName: "tweety.keeper",
  account: "birdwatcher",
  accountPassword: "Sunflower#Seeds42",
  password: "hunter2canary",
  token: "tok-5fe1c0ffee",
  mail: "keeper@canary-farm.example",
  room: "Aviary Hall 9",
  imageHost: "nest.canary-farm.example",
  imageUser: "egguser",
  imagePassword: "eggsecret99",
  imageName: "customer-payroll",
  service: "svcid-magpie",
  systemName: "db-heron-17",
  rootText: "lab of dave",
  slotText: "mounted by frank",
  alarm: "diskserial9",
  bootEntry: "bootkestrel",
  bootNext: "boot99merlin",
  shellNote: "osprey:hunter2",
  attribute: "cleartext goshawk",
  state: "owner=carol",
  label: "finch",
} as const;

export const imageUrl = `http://${canaries.imageUser}:${canaries.imagePassword}@${canaries.imageHost}/${canaries.imageName}.iso?token=${canaries.token}`;

const bare = (text: string): string => text.replaceAll(/[:-]/gu, "");

/** Every spelling in which one of them could stand in a file, in lower case. */
export const spellings: readonly string[] = [
  ...Object.values(canaries),
  bare(canaries.mac),
  bare(canaries.uuid),
  canaries.mac.replaceAll(":", "-"),
  Buffer.from(`${canaries.account}:${canaries.accountPassword}`).toString("base64"),
].map((text) => text.toLowerCase());

const oem = {
  Acme: {
    HostName: canaries.hostName,
    Banner: `Welcome to ${canaries.hostName}, the machine of ${canaries.userName}`,
    LastLogin: { Who: canaries.account, Note: `${canaries.account} came with ${canaries.accountPassword}` },
    Ldap: { BindDn: `cn=${canaries.userName},dc=farm`, BindPassword: canaries.password },
    Agent: { AccessToken: canaries.token, Header: `Bearer ${canaries.token}abcdef` },
    Nics: [{ MacAddress: canaries.mac, Addresses: [canaries.ip, canaries.ipv6] }],
    Peer: `https://${canaries.imageUser}:${canaries.imagePassword}@${canaries.imageHost}/x?token=${canaries.token}`,
    RemoteMedia: "Enabled",
  },
};

/** What the System says beside the standard. */
const system = {
  SerialNumber: canaries.serial,
  UUID: canaries.uuid.toUpperCase(),
  AssetTag: canaries.assetTag,
  HostName: canaries.hostName,
  Name: `System of ${canaries.systemName}`,
  FQDN: `${canaries.systemName}.${canaries.domain}`,
  Status: { State: "Enabled", Conditions: [{ Message: `disk SN ${canaries.alarm} failed` }] },
  CustomAttributes: { note: canaries.attribute, flag: canaries.label, [canaries.systemName]: "x" },
  LastState: canaries.state,
  Description: `${canaries.hostName}.${canaries.domain} at ${canaries.ip} (${canaries.mac}), see ${canaries.mail}`,
  Comment: `installed by ${canaries.account} with ${canaries.accountPassword}`,
  Location: { PostalAddress: { Room: canaries.room, Contact: canaries.mail }, Placement: { Row: canaries.room } },
  HostedServices: { StorageServices: [] },
};

const manager = {
  UUID: canaries.uuid,
  ServiceEntryPointUUID: canaries.uuid,
  ServiceIdentification: canaries.service,
  CommandShell: { ServiceEnabled: true, note: canaries.shellNote },
  Oem: oem,
};

/** A fixture's folder whose System is named by its serial number, and which says everything it should not. */
export const canaryFixture = (): string => {
  const text = JSON.stringify(standardResources()).replaceAll("/Systems/1", `/Systems/${canaries.serial}`);
  const resources = JSON.parse(text) as Resources;
  for (const [uri, more] of [
    [`/redfish/v1/Systems/${canaries.serial}`, { ...system, Id: canaries.serial }],
    ["/redfish/v1/Managers/1", manager],
    ["/redfish/v1/", { Description: canaries.rootText }],
    [`/redfish/v1/Systems/${canaries.serial}/VirtualMedia/Cd`, { Description: canaries.slotText }],
  ] as const) {
    if (resources[uri] === undefined) throw new Error(`the standard service has no ${uri}`);
    resources[uri] = { ...resources[uri], ...more };
  }
  const boot = resources[`/redfish/v1/Systems/${canaries.serial}`]?.["Boot"] as Record<string, unknown>;
  boot["UefiTargetBootSourceOverride"] = `PciRoot(0x0)/MAC(${bare(canaries.mac)},0x1)/IPv4(${canaries.ip})`;
  boot["BootOrder"] = ["Boot0001", canaries.bootEntry];
  boot["BootNext"] = canaries.bootNext;
  boot["HttpBootUri"] = `http://${canaries.imageHost}/${canaries.imageName}.iso`;
  return fixtureOf(resources, { auth: { basic: true } });
};
