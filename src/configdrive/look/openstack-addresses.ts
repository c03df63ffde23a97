// Addresses, netmasks and routes of OpenStack's network_data.json that cloud-init cannot read (net/network_state.py, _normalize_subnet): it
// then configures no card at all. Ends of sentences, for people.
import { isIPv4, isIPv6 } from "node:net";
import type { Json } from "../../core/driver.ts";
import { isList, isObject, type JsonObject } from "../canonical-json.ts";

/** What Python takes for false is left out before anything is looked at. */
const isGiven = (value: Json | undefined): value is Json =>
  value !== undefined && value !== null && value !== "" && value !== 0 && value !== false;

const textOf = (value: Json): string => (typeof value === "object" ? "" : String(value));

const isPrefix = (text: string, mostBits: number): boolean => /^[0-9]+$/.test(text) && Number(text) <= mostBits;

/** Ones and then zeros, or the other way round, which is a mask as well. */
const isContiguous = (mask: string): boolean => {
  const bits = mask.split(".").map((byte) => Number(byte).toString(2).padStart(8, "0"));
  return /^(?:1*0*|0*1*)$/.test(bits.join(""));
};

const isMask4 = (text: string): boolean => isPrefix(text, 32) || (isIPv4(text) && isContiguous(text));

const isMask6 = (text: string): boolean => isPrefix(text, 128) || isIPv6(text);

const addressFault = (what: string, address: Json | undefined, netmask: Json | undefined): string | undefined => {
  if (!isGiven(address)) return `no ${what}`;
  const [ip = "", prefix, more] = textOf(address).split("/");
  const isOld = isIPv4(ip);
  const isPrefixed = prefix === undefined || (isOld ? isMask4(prefix) : isPrefix(prefix, 128));
  if (!(isOld || isIPv6(ip)) || !isPrefixed || more !== undefined) return `a malformed ${what}`;
  if (prefix !== undefined || !isGiven(netmask)) return undefined;
  return (isOld ? isMask4 : isMask6)(textOf(netmask)) ? undefined : `a malformed netmask beside its ${what}`;
};

const routeFault = (route: Json): string | undefined => {
  if (!isObject(route)) return "a route that is no object";
  const { network, destination, netmask, prefix } = route;
  const target = destination === undefined || destination === null || destination === "" ? network : destination;
  const fault = addressFault("network", target, isGiven(prefix) ? undefined : netmask);
  return fault && `a route with ${fault}`;
};

const routesFault = (routes: Json | undefined): string | undefined => {
  if (routes === undefined) return undefined;
  if (!isList(routes)) return "routes that are no list";
  return routes.map(routeFault).find((fault) => fault !== undefined);
};

const withAddress = new Set<Json | undefined>(["ipv4", "ipv6", "static", "static6"]);

/** What a network has that it should not have, or what it lacks. */
export const networkFault = ({ type, ip_address: address, netmask, routes }: JsonObject): string | undefined => {
  const own = withAddress.has(type) ? addressFault("ip_address", address, netmask) : undefined;
  return own ?? routesFault(routes);
};
