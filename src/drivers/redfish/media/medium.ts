// A medium's URL: what a BMC can take of it, and whether it is the one that a slot shows. Pure.
import type { Medium, SlotState } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import type { RedfishQuirks } from "../quirks.ts";

/** @throws MediabayError UNSUPPORTED_BY_BMC, IMAGE_TOO_LARGE */
export const checkMedium = ({ url, sizeBytes }: Medium, { url: rules, limits }: RedfishQuirks): void => {
  const scheme = url.slice(0, url.indexOf(":")).toLowerCase();
  if (!rules.schemes.some((each) => each === scheme)) {
    throw unsupported(`This BMC reads no ${scheme} URLs, only ${rules.schemes.join(" and ")}.`);
  }
  if (rules.family === "ipv4" && new URL(url).hostname.startsWith("[")) {
    throw unsupported("This BMC takes no IPv6 address in a URL.");
  }
  if (rules.maxLength !== undefined && url.length > rules.maxLength) {
    throw unsupported(`This BMC takes URLs of at most ${rules.maxLength} characters; this one has ${url.length}.`);
  }
  const forbidden = (rules.forbidden ?? "").split("").filter((character) => url.includes(character));
  if (forbidden.length > 0) throw unsupported(`This BMC takes no URL with ${forbidden.join(" or ")}.`);
  if (limits.maxImageBytes !== undefined && sizeBytes > limits.maxImageBytes) {
    throw new MediabayError("IMAGE_TOO_LARGE", `This BMC takes images of at most ${limits.maxImageBytes} bytes.`, {
      protocol: "redfish",
      sizeBytes,
    });
  }
};

const unsupported = (message: string): MediabayError =>
  new MediabayError("UNSUPPORTED_BY_BMC", message, { protocol: "redfish" });

export const isExactly = (state: SlotState, url: string): boolean => state.inserted && state.image === url;

/** Without scheme and user, as some BMCs show it. */
const bare = (text: string): string => {
  const rest = text.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "");
  return rest.replace(/^[^/@]*@/, "");
};

/** Is what the slot shows compatible with this URL being in it? A slot that shows no image leaves nothing to compare. */
export const showsMedium = (state: SlotState, url: string, { verify }: RedfishQuirks): boolean => {
  if (!state.inserted) return false;
  return !verify.echoesImage || state.image === undefined || bare(state.image) === bare(url);
};
