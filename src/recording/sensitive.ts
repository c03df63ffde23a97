// What of a BMC's resources identifies a machine, a place or a person: by property, by form, and in OEM parts by default.
import { isSecretName } from "../core/redact.ts";

/**
 * `secret`: nothing of it stays. `identifying`: disguised, here and wherever else it stands. `unknown`: disguised here, since nobody
 * knows what it says. `kept`: only what stands inside it is looked at.
 */
export type Sensitivity = "secret" | "identifying" | "unknown" | "kept";

export interface Place {
  /** Of the property, or of the one whose list it is in. */
  readonly name: string;
  /** Inside `Oem`. */
  readonly oem: boolean;
  /** Inside a property that is sensitive as a whole. */
  readonly inside?: "secret" | "identifying";
}

/** They say how something is, not who. */
const harmless =
  /(?:type|types|state|status|mode|origin|health|version|enabled|supported|format|policy|protocol|method|severity|resolution)$/iu;

export const isHarmlessName = (name: string): boolean => harmless.test(name);

const secretNames =
  /passw|passphrase|secret|token|privatekey|licensekey|activationkey|^key$|certificatestring|^certificate$|community|credential|^hash$|^salt$|encryptionkey|authenticationkey/iu;

const identifyingNames =
  /serial(?!con|int|over|port)|uuid|guid|assettag|servicetag|servicecode|^sku$|hostname|fqdn|domainname|macaddr|^mac$|ipaddr|ipv[46]addr|^ip$|address$|addresses$|gateway|subnet|nameserver|dnsserver|ntpserver|staticservers|username|^user$|account|login|owner|contact|location|email|phone|^rack|^room|building|datacenter|customer|userlabel|nodeid|fingerprint|wwn|wwpn|subject|issuer/iu;

/** In OEM parts these hold what people wrote. */
const freeTextNames = /name|label|tag|note|comment|desc|title|text|message|site|zone|group|banner/iu;

/** What makers and owners write where they have nothing to say. */
const placeholders =
  /^\W*$|^(?:none|null|unknown|undefined|empty|other|n\/?a|default(?: string)?|not (?:specified|available|applicable|set)|to be filled.*|system|chassis|localhost|0+)$/iu;

export const sensitivityOfName = (name: string): Place["inside"] => {
  if (name.includes("@") || name.startsWith("#")) return undefined;
  if (isSecretName(name) || (secretNames.test(name) && !harmless.test(name))) return "secret";
  return identifyingNames.test(name) && !harmless.test(name) ? "identifying" : undefined;
};

/** Links, types and single words of an enumeration. */
const isStructure = (text: string, name: string): boolean =>
  text.startsWith("/redfish") || text.startsWith("#") || (/^[A-Za-z]{1,32}$/u.test(text) && !freeTextNames.test(name));

export const sensitivityOf = (text: string, { name, oem, inside }: Place): Sensitivity => {
  if (inside === "secret") return "secret";
  if (placeholders.test(text)) return "kept";
  if (name.startsWith("@") || name === "target" || name === "Id") return "kept";
  if (inside === "identifying") return "identifying";
  if (!oem || harmless.test(name) || isStructure(text, name)) return "kept";
  return "unknown";
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
