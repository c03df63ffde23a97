// A fixture in a temporary folder: the standard two-slot service with some of its resources changed, or more of them.
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MediaType } from "../../src/core/vocabulary.ts";

export interface ChangedFixture {
  readonly folder: string;
  remove(): Promise<void>;
}

type Resources = Record<string, Record<string, unknown>>;

const standard = fileURLToPath(new URL("../../fixtures/dmtf/two-slot-1.0", import.meta.url));
const systemPath = "/redfish/v1/Systems/1";

export interface FixtureChange {
  /** By the slot's Id; one that is not named is left out. */
  readonly slots?: Readonly<Record<string, readonly MediaType[]>>;
  /** Of the system's network ports. */
  readonly macAddresses?: readonly string[];
  /** The system tells when it was last reset. */
  readonly lastResetTime?: boolean;
}

const linkTo = (path: string) => ({ "@odata.id": path });

const changeSlots = (resources: Resources, slots: NonNullable<FixtureChange["slots"]>): void => {
  const path = `${systemPath}/VirtualMedia`;
  const model = resources[`${path}/Cd`] ?? {};
  for (const old of Object.keys(resources).filter((name) => name.startsWith(`${path}/`))) delete resources[old];
  const members = Object.entries(slots).map(([id, MediaTypes]) => {
    resources[`${path}/${id}`] = { ...model, Id: id, Name: id, MediaTypes };
    return linkTo(`${path}/${id}`);
  });
  resources[path] = { ...resources[path], Members: members, "Members@odata.count": members.length };
};

const addPorts = (resources: Resources, macAddresses: readonly string[]): void => {
  const path = `${systemPath}/EthernetInterfaces`;
  const members = macAddresses.map((MACAddress, index) => {
    const port = `${path}/${index + 1}`;
    const type = "#EthernetInterface.v1_12_0.EthernetInterface";
    resources[port] = { "@odata.type": type, Id: String(index + 1), Name: "Port", MACAddress };
    return linkTo(port);
  });
  const type = "#EthernetInterfaceCollection.EthernetInterfaceCollection";
  resources[path] = { "@odata.type": type, Name: "Ports", Members: members, "Members@odata.count": members.length };
  resources[systemPath] = { ...resources[systemPath], EthernetInterfaces: linkTo(path) };
};

export const changedFixture = async ({
  slots,
  macAddresses,
  lastResetTime,
}: FixtureChange): Promise<ChangedFixture> => {
  const folder = await mkdtemp(join(tmpdir(), "mediabay-fixture-"));
  await cp(standard, folder, { recursive: true });
  const file = join(folder, "resources.json");
  const resources = JSON.parse(await readFile(file, "utf8")) as Resources;
  if (slots !== undefined) changeSlots(resources, slots);
  if (macAddresses !== undefined) addPorts(resources, macAddresses);
  if (lastResetTime === true)
    resources[systemPath] = { ...resources[systemPath], LastResetTime: "2001-01-01T00:00:00Z" };
  await writeFile(file, JSON.stringify(resources));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
};
