// Forms of OpenStack's network_data.json: what is said of each, and what cloud-init makes of it.
import type { Json } from "../../src/core/driver.ts";

type JsonObject = Readonly<Record<string, Json>>;

/** The cards of the machine that they are for. */
export const cards = { "52:54:00:aa:bb:01": "eno1", "52:54:00:aa:bb:02": "eno2" };

export const link: JsonObject = { id: "l0", type: "phy", ethernet_mac_address: "52:54:00:AA:BB:01" };
const other: JsonObject = { id: "l1", type: "phy", ethernet_mac_address: "52:54:00:aa:bb:02" };
export const network: JsonObject = { id: "n0", type: "ipv4_dhcp", link: "l0" };
const bond: JsonObject = { id: "b0", type: "bond", bond_mode: "802.3ad", bond_links: ["l0", "l1"] };
const vlan: JsonObject = { id: "v0", type: "vlan", vlan_link: "l0", vlan_id: 4, vlan_mac_address: "52:54:00:aa:bb:01" };

const without = (value: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([given]) => given !== name));

const onLink = (changes: JsonObject, from: JsonObject = link): JsonObject => ({
  links: [{ ...from, ...changes }],
  networks: [network],
});
const onNetwork = (changed: Json): JsonObject => ({ links: [link], networks: [network, changed] });
const onBond = (changed: JsonObject): JsonObject => ({
  links: [link, other, changed],
  networks: [{ ...network, link: "b0" }],
});
const onVlan = (changed: JsonObject): JsonObject => ({
  links: [link, changed],
  networks: [{ ...network, link: "v0" }],
});

const ip4 = (changes: JsonObject): JsonObject =>
  onNetwork({ id: "n1", link: "l0", type: "ipv4", ip_address: "192.0.2.7", ...changes });
const ip6 = (changes: JsonObject): JsonObject =>
  onNetwork({ id: "n1", link: "l0", type: "ipv6", ip_address: "2001:db8::7", ...changes });
const onRoute = (route: JsonObject): JsonObject => ip4({ routes: [{ gateway: "192.0.2.1", ...route }] });

/** `fails`: for all cards. `nothing`: no card. `bare`: one without an address, be it that nothing has a use for it. */
export type Outcome = "fails" | "nothing" | "bare" | "whole";

type NetworkCase = readonly [string, Json, Outcome, readonly RegExp[]];

const badAddress = /network "n1" has a malformed ip_address/;
const badMask = /network "n1" has a malformed netmask beside its ip_address/;
const badRoutes = /network "n1" has routes that are no list/;

const addressCases: readonly NetworkCase[] = [
  ["an address and a netmask", ip4({ netmask: "255.255.255.0" }), "whole", []],
  ["an address and no netmask", ip4({}), "whole", []],
  ["an address with its prefix", ip4({ ip_address: "192.0.2.7/24" }), "whole", []],
  ["an address with its netmask", ip4({ ip_address: "192.0.2.7/255.255.255.0" }), "whole", []],
  ["a prefix for a netmask", ip4({ netmask: "24" }), "whole", []],
  ["a number for a netmask", ip4({ netmask: 24 }), "whole", []],
  ["a netmask of hosts", ip4({ netmask: "0.0.0.255" }), "whole", []],
  ["a netmask of zeros", ip4({ netmask: "0.0.0.0" }), "whole", []],
  ["null for a netmask", ip4({ netmask: null }), "whole", []],
  ["a bad netmask beside a prefix", ip4({ ip_address: "192.0.2.7/24", netmask: "x" }), "whole", []],
  ["an address of version 6", ip6({ netmask: "ffff:ffff:ffff:ffff::" }), "whole", []],
  ["an address of version 6 with its prefix", ip6({ ip_address: "2001:db8::7/64" }), "whole", []],
  ["an address of version 6 in a network of version 4", ip4({ ip_address: "2001:db8::7", netmask: "64" }), "whole", []],
  ["an address of three bytes", ip4({ ip_address: "192.0.2" }), "fails", [badAddress]],
  ["an address with zeros before", ip4({ ip_address: "192.0.2.07" }), "fails", [badAddress]],
  ["a number for an address", ip4({ ip_address: 7 }), "fails", [badAddress]],
  ["a list for an address", ip4({ ip_address: ["192.0.2.7"] }), "fails", [badAddress]],
  ["an empty address", ip4({ ip_address: "" }), "fails", [/network "n1" has no ip_address/]],
  ["a prefix that is too long", ip4({ ip_address: "192.0.2.7/33" }), "fails", [badAddress]],
  ["a mask behind an address of version 6", ip6({ ip_address: "2001:db8::7/ffff::" }), "fails", [badAddress]],
  ["two prefixes", ip4({ ip_address: "192.0.2.7/24/24" }), "fails", [badAddress]],
  ["a netmask with a hole", ip4({ netmask: "255.0.255.0" }), "fails", [badMask]],
  ["a netmask that is none", ip4({ netmask: "x" }), "fails", [badMask]],
  ["a netmask of version 4 in version 6", ip6({ netmask: "255.255.255.0" }), "fails", [badMask]],
  ["null for routes", ip4({ routes: null }), "fails", [badRoutes]],
  ["null for routes of a DHCP network", onNetwork({ ...network, routes: null }), "fails", [/"n0" has routes that are/]],
  ["routes that are texts", ip4({ routes: ["192.0.2.1"] }), "fails", [/has a route that is no object/]],
  ["an object for routes", ip4({ routes: { network: "0.0.0.0" } }), "fails", [badRoutes]],
  ["a route", onRoute({ network: "0.0.0.0", netmask: "0.0.0.0" }), "whole", []],
  ["a route of version 6", onRoute({ network: "::", netmask: "::" }), "whole", []],
  ["a route with its prefix", onRoute({ network: "198.51.100.0/24" }), "whole", []],
  ["a route with a prefix of its own", onRoute({ network: "198.51.100.0", prefix: 24, netmask: "x" }), "whole", []],
  ["a route with a destination", onRoute({ destination: "198.51.100.0", netmask: "255.255.255.0" }), "whole", []],
  ["a route without a network", onRoute({}), "fails", [/network "n1" has a route with no network/]],
  ["a route to a name", onRoute({ network: "default" }), "fails", [/has a route with a malformed network/]],
  [
    "a route with a bad netmask",
    onRoute({ network: "0.0.0.0", netmask: "255.0.255.0" }),
    "fails",
    [/malformed netmask/],
  ],
];

export const networkCases: readonly NetworkCase[] = [
  ...addressCases,
  ["one card", onLink({}), "whole", []],
  ["a name for a MAC address", onLink({ name: "eno1" }, without(link, "ethernet_mac_address")), "whole", []],
  ["numbers for ids", { links: [{ ...link, id: 1 }], networks: [{ ...network, link: 1 }] }, "whole", []],
  ["a bond", onBond(bond), "whole", []],
  ["a VLAN", onVlan(vlan), "whole", []],
  ["a VLAN without a MAC address of its own", onVlan({ ...vlan, vlan_mac_address: null }), "whole", []],
  [
    "a VLAN on a bond",
    { links: [link, other, bond, { ...vlan, vlan_link: "b0" }], networks: [{ ...network, link: "v0" }] },
    "whole",
    [],
  ],
  ["hyphens in a MAC address", onLink({ ethernet_mac_address: "52-54-00-aa-bb-01" }), "fails", [/"l0" .* hyphens/]],
  ["hyphens, and a name", onLink({ name: "eno1", ethernet_mac_address: "52-54-00-aa-bb-01" }), "whole", [/hyphens/]],
  ["a number for a MAC address", onLink({ ethernet_mac_address: 5 }), "fails", [/"l0" has a malformed MAC/]],
  ["an empty MAC address", onLink({ ethernet_mac_address: "" }), "fails", [/"l0" has no ethernet_mac_address/]],
  ["an empty MAC address, and a name", onLink({ name: "eno1", ethernet_mac_address: "" }), "whole", []],
  ["no MAC address", onLink({}, without(link, "ethernet_mac_address")), "fails", [/"l0" has no ethernet_mac_address/]],
  ["a link without a type", onLink({}, without(link, "type")), "fails", [/link "l0" has no type/]],
  ["a link without an id", { links: [link, without(other, "id")], networks: [network] }, "fails", [/has no id/]],
  ["a list for an id", { links: [link, { ...other, id: ["l1"] }], networks: [network] }, "fails", [/has no id/]],
  ["links that are texts", { links: [link, "l1"], networks: [network] }, "fails", [/has a link that is no object/]],
  ["an object for links", { links: {}, networks: [network] }, "nothing", [/no list of links/]],
  ["null for links", { links: null }, "fails", [/no list of links/]],
  ["services alone", { services: [{ type: "dns", address: "192.0.2.53" }] }, "nothing", [/no list of links/]],
  ["three empty lists", { links: [], networks: [], services: [] }, "nothing", [/has no links: .* no network at all/]],
  ["a network without a type", onNetwork({ id: "n1", link: "l0" }), "fails", [/network "n1" has no type/]],
  ["a network without a link", onNetwork({ id: "n1", type: "ipv4_dhcp" }), "fails", [/network "n1" has no link/]],
  ["a static network without an address", onNetwork({ ...network, type: "ipv4" }), "fails", [/"n0" has no ip_address/]],
  ["networks that are texts", onNetwork("n1"), "fails", [/has a network that is no object/]],
  ["null for networks", { links: [link], networks: null }, "fails", [/networks are no list/]],
  [
    "a network on an unknown link",
    { links: [link], networks: [{ ...network, link: "l1" }] },
    "bare",
    [/link "l0" has no network/, /network "n0" is on a link that network_data does not have/],
  ],
  ["a link without a network", { links: [link, other], networks: [network] }, "bare", [/link "l1" has no network/]],
  ["no network", { links: [link, other] }, "bare", [/has no networks: .* no card an address/]],
  [
    "a bond without bond_links",
    onBond(without(bond, "bond_links")),
    "fails",
    [/l0/, /l1/, /"b0" has no list of bond_links/],
  ],
  [
    "a bond of unknown links",
    onBond({ ...bond, bond_links: ["l0", "l1", "l2"] }),
    "fails",
    [/"b0" has bond_links that/],
  ],
  ["a bond of nothing", onBond({ ...bond, bond_links: [] }), "bare", [/l0/, /l1/, /"b0" has an empty list/]],
  [
    "a bond of no list",
    onBond({ ...bond, bond_links: { l0: 1 } }),
    "fails",
    [/l0/, /l1/, /"b0" has no list of bond_links/],
  ],
  [
    "a VLAN without vlan_mac_address",
    onVlan(without(vlan, "vlan_mac_address")),
    "fails",
    [/"v0" has no vlan_mac_address/],
  ],
  ["a VLAN without vlan_id", onVlan(without(vlan, "vlan_id")), "fails", [/"v0" has no vlan_id/]],
  ["a VLAN without vlan_link", onVlan(without(vlan, "vlan_link")), "fails", [/l0/, /"v0" has no vlan_link/]],
  [
    "a VLAN of an unknown link",
    onVlan({ ...vlan, vlan_link: "l1" }),
    "fails",
    [/l0/, /"v0" has a vlan_link that is no id/],
  ],
  ["null for services", { ...onLink({}), services: null }, "fails", [/services are no list of objects/]],
  [
    "services that are texts",
    { ...onLink({}), services: ["192.0.2.53"] },
    "fails",
    [/services are no list of objects/],
  ],
  ["a list", [], "fails", [/is no object/]],
];
