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

/** `fails`: for all cards. `nothing`: no card. `bare`: one without an address, be it that nothing has a use for it. */
export type Outcome = "fails" | "nothing" | "bare" | "whole";

export const networkCases: readonly (readonly [string, Json, Outcome, readonly RegExp[]])[] = [
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
  ["an empty MAC address", onLink({ ethernet_mac_address: "" }), "fails", [/"l0" has a malformed MAC/]],
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
