// Which network cards a network_data speaks of: OpenStack's links (network_data.json), or cloud-init's network configuration 1 and 2.
import type { Json } from "../../core/driver.ts";
import { isList, isObject, type JsonObject } from "../canonical-json.ts";

interface Card {
  /** For people: which link it is. */
  readonly name: string;
  readonly mac: Json | undefined;
  /** cloud-init finds it by its MAC alone. */
  readonly needsMac: boolean;
}

/** A name of a link that is longer is cut where it is told. */
const longestName = 64;
/** More are in no machine. */
const mostCards = 1024;

const virtual = new Set<Json | undefined>(["bond", "vlan"]);

const objects = (value: Json | undefined): readonly JsonObject[] =>
  value !== undefined && isList(value) ? value.filter((item): item is JsonObject => isObject(item)) : [];

const nameOf = (...values: readonly (Json | undefined)[]): string =>
  String(values.find((value) => typeof value === "string" || typeof value === "number") ?? "without a name").slice(
    0,
    longestName,
  );

/** Bonds and VLANs are made by the machine: their addresses need not be there. */
const openstackCards = (data: JsonObject): readonly Card[] =>
  objects(data["links"])
    .filter(({ type }) => !virtual.has(type))
    .map((link) => ({
      name: nameOf(link["id"], link["name"]),
      mac: link["ethernet_mac_address"],
      needsMac: link["name"] === undefined,
    }));

const cardsOfVersion1 = (data: JsonObject): readonly Card[] =>
  objects(data["config"])
    .filter(({ type }) => type === "physical")
    .map((card) => ({ name: nameOf(card["name"]), mac: card["mac_address"], needsMac: false }));

const cardsOfVersion2 = ({ ethernets }: JsonObject): readonly Card[] =>
  Object.entries(isObject(ethernets) ? ethernets : {}).map(([name, card]) => {
    const match = isObject(card) ? card["match"] : undefined;
    return { name: nameOf(name), mac: isObject(match) ? match["macaddress"] : undefined, needsMac: false };
  });

const cardsOf = (data: JsonObject): readonly Card[] => {
  if (data["version"] === 1) return cardsOfVersion1(data);
  return data["version"] === 2 ? cardsOfVersion2(data) : openstackCards(data);
};

/** With colons or with hyphens between, as a BMC may write it too. */
const isMac = (mac: Json | undefined): mac is string =>
  typeof mac === "string" && /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:(?:\1[0-9a-f]{2}){4}|(?:\1[0-9a-f]{2}){18})$/i.test(mac);

/** Of the cards that must be in the machine: lower case, colons, each once. */
export const macAddressesOf = (data: Json | undefined): readonly string[] => {
  const macs = isObject(data) ? cardsOf(data).map(({ mac }) => mac) : [];
  return [...new Set(macs.filter(isMac).map((mac) => mac.toLowerCase().replaceAll("-", ":")))].slice(0, mostCards);
};

const cardWarnings = ({ name, mac, needsMac }: Card): readonly string[] => {
  const link = `network_data's link ${JSON.stringify(name)}`;
  if (mac === undefined || mac === null)
    return needsMac ? [`${link} has no ethernet_mac_address: cloud-init would configure no network at all.`] : [];
  return isMac(mac) ? [] : [`${link} has a malformed MAC address: it is six bytes in hexadecimal with colons between.`];
};

/** @param layout how its file lies in the drive, which decides what cloud-init takes it for */
export const networkWarnings = (data: Json | undefined, layout: "openstack" | "nocloud"): readonly string[] => {
  if (data === undefined || data === null) return [];
  if (!isObject(data)) return ["network_data is no object: cloud-init would not use it."];
  const hasVersion = data["version"] === 1 || data["version"] === 2;
  if (layout === "openstack" && !isList(data["links"] ?? null))
    return ["network_data has no list of links: cloud-init would configure no network with it."];
  if (layout === "nocloud" && !hasVersion)
    return ["network-config names no version 1 or 2: cloud-init would not use it."];
  return cardsOf(data).flatMap(cardWarnings);
};
