// What cloud-init makes no network of, in OpenStack's network_data.json (sources/helpers/openstack.py, convert_net_json): where that fails,
// it fails for all cards. Sentences for people, of what is in it only the names of links and networks.
import type { Json } from "../../core/driver.ts";
import { isList, isObject, type JsonObject } from "../canonical-json.ts";
import { macWarnings } from "./mac-address.ts";
import { networkFault } from "./openstack-addresses.ts";

const atAll = "cloud-init would configure no network at all";
/** A name that is longer is cut where it is told. */
const longestName = 64;

const isName = (value: Json | undefined): value is string | number =>
  typeof value === "string" || typeof value === "number";

export const nameOf = (...values: readonly (Json | undefined)[]): string =>
  String(values.find(isName) ?? "without a name").slice(0, longestName);

const listOf = (value: Json | undefined): readonly Json[] => (value !== undefined && isList(value) ? value : []);

/** Of a Python dictionary. */
const isKey = (value: Json | undefined): boolean =>
  value !== undefined && (value === null || typeof value !== "object");

/** What links and networks say of each other. */
interface Ties {
  readonly links: ReadonlySet<Json | undefined>;
  /** Links that a network is on, or that a bond or VLAN is made of. Empty where there is no network. */
  readonly used: ReadonlySet<Json | undefined>;
}

const tiesOf = (links: readonly Json[], networks: readonly Json[]): Ties => {
  const objects = links.filter((link) => isObject(link));
  const beneath = objects.flatMap(({ type, bond_links: bond, vlan_link: vlan }) =>
    type === "bond" ? listOf(bond) : type === "vlan" && vlan !== undefined ? [vlan] : [],
  );
  const above = networks.map((network) => (isObject(network) ? network["link"] : undefined));
  const used = networks.length === 0 ? [] : [...beneath, ...above];
  return { links: new Set(objects.map(({ id }) => id)), used: new Set(used) };
};

const givenMacWarnings = (name: string, mac: Json | undefined): readonly string[] =>
  mac === undefined || mac === null ? [] : macWarnings(name, mac);

const bondWarnings = (name: string, { bond_links: members }: JsonObject, { links }: Ties): readonly string[] => {
  if (members === undefined || !isList(members)) return [`${name} has no list of bond_links: ${atAll}.`];
  if (members.length === 0) return [`${name} has an empty list of bond_links: it would lead nowhere.`];
  if (members.every((member) => links.has(member))) return [];
  return [`${name} has bond_links that are no ids of links of network_data: ${atAll}.`];
};

const vlanMembers = ["vlan_id", "vlan_link", "vlan_mac_address"] as const;

const vlanWarnings = (name: string, link: JsonObject, { links }: Ties): readonly string[] => {
  const missing = vlanMembers.filter((member) => link[member] === undefined);
  if (missing.length > 0) return [`${name} has no ${missing.join(" and no ")}: ${atAll}.`];
  if (!links.has(link["vlan_link"]))
    return [`${name} has a vlan_link that is no id of a link of network_data: ${atAll}.`];
  return givenMacWarnings(name, link["vlan_mac_address"]);
};

const cardWarnings = (name: string, { ethernet_mac_address: mac, name: given }: JsonObject): readonly string[] => {
  if (mac !== undefined && mac !== null && mac !== "") return macWarnings(name, mac);
  return given === undefined ? [`${name} has no ethernet_mac_address: ${atAll}.`] : [];
};

const kindWarnings = (name: string, link: JsonObject, ties: Ties): readonly string[] => {
  if (link["type"] === "bond") return bondWarnings(name, link, ties);
  return link["type"] === "vlan" ? vlanWarnings(name, link, ties) : cardWarnings(name, link);
};

const linkWarnings = (link: Json, ties: Ties): readonly string[] => {
  if (!isObject(link)) return [`network_data has a link that is no object: ${atAll}.`];
  const name = `network_data's link ${JSON.stringify(nameOf(link["id"], link["name"]))}`;
  const missing = [
    ...(isKey(link["id"]) ? [] : [`${name} has no id: ${atAll}.`]),
    ...(link["type"] === undefined ? [`${name} has no type: ${atAll}.`] : []),
  ];
  const isIdle = ties.used.size > 0 && isName(link["id"]) && !ties.used.has(link["id"]);
  return [
    ...missing,
    ...kindWarnings(name, link, ties),
    ...(isIdle ? [`${name} has no network: cloud-init would give it no address.`] : []),
  ];
};

const tieWarnings = (network: Json, { links }: Ties): readonly string[] => {
  if (!isObject(network)) return [`network_data has a network that is no object: ${atAll}.`];
  const { id, link, type } = network;
  const name = `network_data's network ${JSON.stringify(nameOf(id))}`;
  if (link === undefined) return [`${name} has no link: ${atAll}.`];
  if (!links.has(link)) return [`${name} is on a link that network_data does not have: cloud-init would leave it out.`];
  if (typeof type !== "string") return [`${name} has no type: ${atAll}.`];
  const fault = networkFault(network);
  return fault === undefined ? [] : [`${name} has ${fault}: ${atAll}.`];
};

const serviceWarnings = (services: Json): readonly string[] =>
  isList(services) && services.every((service) => isObject(service))
    ? []
    : [`network_data's services are no list of objects: ${atAll}.`];

export const openstackNetworkWarnings = (data: JsonObject): readonly string[] => {
  const { links, networks = [], services = [] } = data;
  if (links === undefined || !isList(links))
    return ["network_data has no list of links: cloud-init would configure no network with it."];
  if (links.length === 0) return [`network_data has no links: ${atAll}.`];
  if (!isList(networks)) return [`network_data's networks are no list: ${atAll}.`];
  const ties = tiesOf(links, networks);
  return [
    ...(networks.length === 0 ? ["network_data has no networks: cloud-init would give no card an address."] : []),
    ...links.flatMap((link) => linkWarnings(link, ties)),
    ...networks.flatMap((network) => tieWarnings(network, ties)),
    ...serviceWarnings(services),
  ];
};
