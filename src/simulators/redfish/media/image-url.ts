// What an image's URL may look like: scheme, host, characters, length and extension, by the personality and the slot.
import { isIP } from "node:net";
import { RedfishFailure } from "../http/failure.ts";
import type { Condition } from "../personality/replies.ts";
import { badValue, type Manner } from "./refusals.ts";
import type { MediaRules, SlotRules } from "./slot-rules.ts";

export interface GivenImage {
  readonly image: string;
  /** As TransferProtocolType says. */
  readonly protocol: string | undefined;
}

const malformed = (manner: Manner, image: string, condition: Condition): RedfishFailure =>
  badValue(manner, { what: "FormatError", name: "Image", value: image, condition });

const hostForm = (url: URL): MediaRules["hostForms"][number] => {
  const host = url.hostname.replaceAll(/^\[|\]$/gu, "");
  return isIP(host) === 4 ? "ipv4" : isIP(host) === 6 ? "ipv6" : "name";
};

const checkScheme = (url: URL, protocol: string | undefined, schemes: readonly string[]): void => {
  const scheme = url.protocol.slice(0, -1);
  if (protocol !== undefined && protocol.toLowerCase() !== scheme) {
    const details = { related: ["#/TransferProtocolType"], condition: "protocolMismatch" as const };
    throw new RedfishFailure(400, "ActionParameterValueConflict", {
      args: ["TransferProtocolType", protocol],
      ...details,
    });
  }
  if (schemes.includes(scheme)) return;
  const details = { related: ["#/Image"], condition: "schemeRefused" as const };
  throw new RedfishFailure(400, "SourceDoesNotSupportProtocol", { args: [url.host, scheme.toUpperCase()], ...details });
};

/**
 * The absolute URL that the BMC reads: with a scheme taken from TransferProtocolType, and cut where it cuts it.
 * @throws RedfishFailure 400
 */
export const readableUrl = (
  manner: Manner,
  { image, protocol }: GivenImage,
  media: MediaRules,
  rules: SlotRules,
): string => {
  const whole = image.includes("://") || protocol === undefined ? image : `${protocol.toLowerCase()}://${image}`;
  const { forbiddenCharacters, maxUrlLength, hostForms, cutAt } = media;
  const isForbidden = forbiddenCharacters.split("").some((character) => whole.includes(character));
  if (!URL.canParse(whole) || isForbidden) throw malformed(manner, image, "urlRefused");
  const url = new URL(whole);
  checkScheme(url, protocol, rules.schemes);
  if (maxUrlLength > 0 && whole.length > maxUrlLength) throw malformed(manner, image, "urlTooLong");
  if (!hostForms.includes(hostForm(url))) throw malformed(manner, image, "hostRefused");
  const { extensions } = rules;
  if (extensions.length > 0 && !extensions.some((extension) => url.pathname.endsWith(extension)))
    throw malformed(manner, image, "extensionRefused");
  const ends = cutAt
    .split("")
    .map((character) => whole.indexOf(character))
    .filter((index) => index >= 0);
  return whole.slice(0, Math.min(whole.length, ...ends));
};
