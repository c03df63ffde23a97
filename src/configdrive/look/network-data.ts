// Which network cards a network_data speaks of: OpenStack's links (network_data.json), or cloud-init's network configuration 1 and 2.
import type { Json } from "../../core/driver.ts";
import { isList, isObject, type JsonObject } from "../canonical-json.ts";
import { isMac, macWarnings } from "./mac-address.ts";
import { nameOf, openstackNetworkWarnings } from "./openstack-network.ts";

interface Card {
  /** For people: which link it is. */
  readonly name: string;
  readonly mac: Json | undefined;
}

/** More are in no machine. */
const mostCards = 1024;

const virtual = new Set<Json | undefined>(["bond", "vlan"]);

const objects = (value: Json | undefined): readonly JsonObject[] =>
  value !== undefined && isList(value) ? value.filter((item): item is JsonObject => isObject(item)) : [];

/** Bonds and VLANs are made by the machine: their addresses need not be there. */
const openstackCards = (data: JsonObject): readonly Card[] =>
  objects(data["links"])
    .filter(({ type }) => !virtual.has(type))
    .map((link) => ({ name: nameOf(link["id"], link["name"]), mac: link["ethernet_mac_address"] }));

const cardsOfVersion1 = (data: JsonObject): readonly Card[] =>
  objects(data["config"])
    .filter(({ type }) => type === "physical")
    .map((card) => ({ name: nameOf(card["name"]), mac: card["mac_address"] }));

const cardsOfVersion2 = ({ ethernets }: JsonObject): readonly Card[] =>
  Object.entries(isObject(ethernets) ? ethernets : {}).map(([name, card]) => {
    const match = isObject(card) ? card["match"] : undefined;
    return { name: nameOf(name), mac: isObject(match) ? match["macaddress"] : undefined };
  });

const cardsOf = (data: JsonObject): readonly Card[] => {
  if (data["version"] === 1) return cardsOfVersion1(data);
  return data["version"] === 2 ? cardsOfVersion2(data) : openstackCards(data);
};

/** As cloud-init takes it out of its wrapping: NoCloud's network-config may be all in the one member `network` (stages.py). */
export const unwrapped = (data: Json | undefined): Json | undefined =>
  isObject(data) && data["links"] === undefined ? (data["network"] ?? data) : data;

/** Of the cards that must be in the machine: lower case, colons, each once. */
export const macAddressesOf = (data: Json | undefined): readonly string[] => {
  const config = unwrapped(data);
  const macs = isObject(config) ? cardsOf(config).map(({ mac }) => mac) : [];
  return [...new Set(macs.filter(isMac).map((mac) => mac.toLowerCase().replaceAll("-", ":")))].slice(0, mostCards);
};

/** cloud-init's own, with which one may also turn the network off. */
export const isNetworkConfig = (config: Json | undefined): boolean =>
  isObject(config) && (config["version"] === 1 || config["version"] === 2 || config["config"] === "disabled");

const configWarnings = (config: Json | undefined): readonly string[] => {
  if (!isObject(config) || !isNetworkConfig(config))
    return ["network-config names no version 1 or 2: cloud-init would not use it."];
  return cardsOf(config).flatMap(({ name, mac }) =>
    mac === undefined || mac === null ? [] : macWarnings(`network_data's link ${JSON.stringify(name)}`, mac),
  );
};

/** @param layout how its file lies in the drive, which decides what cloud-init takes it for */
export const networkWarnings = (data: Json | undefined, layout: "openstack" | "nocloud"): readonly string[] => {
  if (data === undefined || (data === null && layout === "nocloud")) return [];
  if (!isObject(data)) return ["network_data is no object: cloud-init would not use it."];
  return layout === "openstack" ? openstackNetworkWarnings(data) : configWarnings(unwrapped(data));
};
