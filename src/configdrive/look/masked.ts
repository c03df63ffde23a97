// A config drive's documents as they may be shown: who sees an inspection learns which machine and network it is for, and no secret.
import { createHash } from "node:crypto";
import type { Json } from "../../core/driver.ts";
import { isSecretName, redactText } from "../../core/redact.ts";
import { isList, isObject } from "../canonical-json.ts";

const mask = "******";

/** Of whole branches: whatever is below, its names included, may tell something. */
const secretName =
  /(?:^|_)pass(?:_|$|word|wd|phrase|code)|password|passwd|secret|token|private_?key|credential|random_seed|user_?data|(?:^|_)auth(?:_|$)/;

/**
 * Whose texts and numbers are shown; all others are masked, since nobody can list what people call their secrets (`psk`, `chap`, `unlock`),
 * and a harmless value that is masked costs a look into the drive, but a secret that is shown is lost. These say which machine and which
 * network a drive is for, which is why people inspect one: of OpenStack's meta_data.json and network_data.json, of NoCloud's meta-data, and
 * of cloud-init's network configurations 1 and 2. The names of all members are shown in any case.
 */
const shownNames: ReadonlySet<string> = new Set(
  [
    "uuid name hostname local_hostname fqdn instance_id instance_type project_id launch_index availability_zone cloud_name region",
    "dsmode display_name reservation_id local_ipv4 public_ipv4 public_hostname",
    "content_path path devices bus serial tags",
    "id type link links vif_id mtu ethernet_mac_address mac mac_address vlan vlan_id vlan_link vlan_mac_address vlan_raw_device",
    "bond_links bond_mode bond_miimon bond_xmit_hash_policy bond_lacp_rate bond_interfaces bridge_interfaces interfaces parent_device",
    "network_id ip_address netmask gateway network prefix routes services address addresses dns dns_nameservers dns_search search",
    "version renderer subnets control ipv4 ipv6 metric destination match macaddress driver set_name dhcp4 dhcp6 accept_ra optional",
    "gateway4 gateway6 nameservers to via scope on_link route_metric mode wakeonlan parameters",
  ].flatMap((names) => names.split(" ")),
);

/** `adminPass`, `admin-pass` and `admin_pass` are one name. */
const plainName = (name: string): string =>
  name
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .replaceAll(/[-. ]/g, "_")
    .toLowerCase();

const publicKey = /^\s*((?:ssh|ecdsa|sk)-[a-z0-9@.-]+)\s+([A-Za-z0-9+/=]{16,})/;

/** As `ssh-keygen -l` names it; the comment, often a person's address, is left out. */
const shownText = (text: string, isShown: boolean): string => {
  const [, type, base64] = publicKey.exec(text) ?? [];
  if (type !== undefined && base64 !== undefined) {
    const digest = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64");
    return `${type} SHA256:${digest.replace(/=+$/, "")}`;
  }
  return isShown && !text.includes("PRIVATE KEY-----") ? redactText(text) : mask;
};

const maskedIn = (isShown: boolean, value: Json): Json => {
  if (typeof value === "string") return shownText(value, isShown);
  if (typeof value === "number") return isShown ? value : mask;
  if (isList(value)) return value.map((item) => maskedIn(isShown, item));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, maskedMember(name, member)]));
};

const maskedMember = (name: string, member: Json): Json => {
  const plain = plainName(name);
  return isSecretName(name) || secretName.test(plain) ? mask : maskedIn(shownNames.has(plain), member);
};

/** @param value nests no deeper than documents.ts lets pass */
export const masked = (value: Json): Json => maskedIn(false, value);
