// What of a BMC's resources identifies a machine, a place or a person: by property, by form, and otherwise by default.
import { isSecretName } from "../core/redact.ts";
import { isAllowed, isHarmlessName } from "./allowed.ts";

/**
 * `secret`: nothing of it stays. `identifying`: disguised, here and wherever else it stands. `unknown`: disguised here, since nobody
 * knows what it says. `kept`: only what stands inside it is looked at.
 */
export type Sensitivity = "secret" | "identifying" | "unknown" | "kept";

export interface Place {
  /** Of the property, or of the one whose list it is in. */
  readonly name: string;
  /** The property around it. */
  readonly parent?: string;
  /** Inside `Oem`. */
  readonly oem: boolean;
  /** Inside a property that is sensitive as a whole. */
  readonly inside?: "secret" | "identifying";
}

const secretNames =
  /passw|passphrase|secret|token|privatekey|licensekey|activationkey|^key$|certificatestring|^certificate$|community|credential|^hash$|^salt$|encryptionkey|authenticationkey/iu;

const identifyingNames =
  /serial(?!con|int|over|port)|uuid|guid|assettag|servicetag|servicecode|^sku$|hostname|fqdn|domainname|macaddr|^mac$|ipaddr|ipv[46]addr|^ip$|address$|addresses$|gateway|subnet|nameserver|dnsserver|ntpserver|staticservers|username|^user$|account|login|owner|contact|location|email|phone|^rack|^room|building|datacenter|customer|userlabel|nodeid|fingerprint|wwn|wwpn|subject|issuer/iu;

/** What makers and owners write where they have nothing to say. */
const placeholders =
  /^[^\p{L}\p{N}]*$|^(?:none|null|unknown|undefined|empty|other|n\/?a|default(?: string)?|not (?:specified|available|applicable|set)|to be filled.*|system|chassis|localhost|0+)$/iu;

export const sensitivityOfName = (name: string): Place["inside"] => {
  if (name.includes("@") || name.startsWith("#")) return undefined;
  if (isSecretName(name) || (secretNames.test(name) && !isHarmlessName(name))) return "secret";
  return identifyingNames.test(name) && !isHarmlessName(name) ? "identifying" : undefined;
};

export const sensitivityOf = (text: string, place: Place): Sensitivity => {
  if (place.inside === "secret") return "secret";
  if (placeholders.test(text)) return "kept";
  // Names of links and types are no names of people, whatever they are inside of.
  if (place.inside === "identifying" && !place.name.startsWith("@odata.")) return "identifying";
  return isAllowed(text, place) ? "kept" : "unknown";
};

const forms: readonly RegExp[] = [
  /(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])/giu,
  /(?<![0-9a-f:-])[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?:(?:[:-][0-9a-f]{2}){2})?(?![0-9a-f:-])/giu,
  /(?<![\w:.])(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,6}(?![\w:])/giu,
  /(?<![\w.])[0-9a-f]{0,4}::(?:[0-9a-f]{1,4}:){0,6}[0-9a-f]{1,4}(?![\w:])/giu,
  /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gu,
  /(?<=MAC\()[0-9a-f]{12}/giu,
  /\biqn\.\d{4}-\d{2}\.[\w.:-]+/giu,
  /(?<![\w.-])(?![\w.-]*dmtf\.org)[a-z0-9][\w-]*(?:\.[\w-]+)*\.(?:com|net|org|edu|gov|io|local|localdomain|lan|corp|internal|intra|home|arpa|example|test)(?![\w.-])/giu,
];

/** With an octet over 255 it is none; firmware versions have the same form, so they are left alone by name. */
const ipv4 = /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])/gu;

/** What stands inside a text that is kept and has a telling form: UUIDs, MAC and IP addresses, host names, mail addresses. */
export const tellingParts = (text: string, name: string): readonly string[] => {
  const patterns = /version|firmware|release/iu.test(name) ? forms : [...forms, ipv4];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([match]) => match));
};

/** What a host's full name begins with stands elsewhere by itself. */
export const hostLabels = (text: string, name: string): readonly string[] =>
  /hostname|fqdn/iu.test(name) && text.includes(".") ? [text.split(".", 1).join("")] : [];
