// The URL under which one BMC reads one image: short, lower-case, without any character that firmware is known to choke on
// (`? & = , % @ " '`), and with a host of ours that this very BMC reaches.
import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { MediabayError } from "../../core/errors.ts";
import type { PublishRequest } from "../../core/ports.ts";
import { type LocalRoute, localRouteTo, resolveHost } from "../../wire/local-address.ts";

export interface ListenerAddress {
  readonly scheme: "http" | "https";
  /** The address it is bound to; `0.0.0.0` and `::` are all of ours. */
  readonly address: string;
  readonly port: number;
}

export interface UrlSettings {
  /** Host for every URL, where the automatic choice is wrong. */
  readonly publicHost?: string;
  /** Port for every URL, behind a port forwarding or a proxy. */
  readonly publicPort?: number;
  /** For tests: DNS and routing. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly route?: (host: string, addresses: readonly string[]) => Promise<LocalRoute>;
}

const tokenLength = 26;
const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
/** Bytes from here on are thrown away, so that each letter is equally likely. */
const unbiased = 256 - (256 % alphabet.length);

/** 26 letters of 36: 134 bits. */
const createToken = (): string => {
  let token = "";
  while (token.length < tokenLength) {
    for (const byte of randomBytes(tokenLength)) {
      if (byte < unbiased && token.length < tokenLength) token += alphabet[byte % alphabet.length];
    }
  }
  return token;
};

const defaultPorts = { http: 80, https: 443 } as const;

const authority = (scheme: "http" | "https", host: string, port: number): string => {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  const shown = isIP(bare) === 6 ? `[${bare}]` : bare;
  return port === defaultPorts[scheme] ? shown : `${shown}:${port}`;
};

/** The first scheme of the BMC for which we listen. @throws MediabayError UNSUPPORTED_BY_BMC */
const chooseListener = (schemes: readonly string[], listeners: readonly ListenerAddress[]): ListenerAddress => {
  for (const scheme of schemes) {
    const listener = listeners.find((candidate) => candidate.scheme === scheme);
    if (listener) return listener;
  }
  const servable = schemes.filter((scheme) => scheme === "http" || scheme === "https");
  const hint =
    servable.length > 0
      ? `Enable the listener in the settings: ${servable.map((scheme) => `imagePlane.${scheme}`).join(" or ")}.`
      : "The image plane serves http and https only; this BMC needs a file share of its own.";
  const wanted = schemes.length === 0 ? "neither http nor https" : `only ${schemes.join(" or ")}`;
  throw new MediabayError(
    "UNSUPPORTED_BY_BMC",
    `This BMC reads images over ${wanted}, which the image plane does not offer.`,
    { schemes, hint },
  );
};

export const isWildcard = (address: string): boolean => address === "0.0.0.0" || address === "::" || address === "";

const automaticHost = async (
  { bmcHost, family }: UrlRequest,
  listener: ListenerAddress,
  addresses: readonly string[],
  settings: UrlSettings,
): Promise<string> => {
  if (!isWildcard(listener.address)) return listener.address;
  // A listener on `::` takes IPv4 as well; one on 0.0.0.0 takes nothing else.
  const onlyIpv4 = listener.address === "0.0.0.0" || family === "ipv4";
  const reachable = onlyIpv4 ? addresses.filter((address) => isIP(address) === 4) : addresses;
  if (reachable.length === 0) {
    if (family === "ipv4") throw onlyIpv4Fits();
    throw new MediabayError(
      "UNSUPPORTED_BY_BMC",
      "This BMC is reached over IPv6, but the image plane listens on IPv4 only.",
      {
        hint: "Let the image plane listen on `::` (both families).",
      },
    );
  }
  return (await (settings.route ?? localRouteTo)(bmcHost, reachable)).address;
};

type UrlRequest = Pick<PublishRequest, "bmcHost" | "imageHost" | "schemes" | "maxLength" | "forbidden" | "family">;

const onlyIpv4Fits = (): MediabayError =>
  new MediabayError("UNSUPPORTED_BY_BMC", "This BMC takes no IPv6 address in an image's URL.", {
    hint: "Give the image plane an IPv4 address that this BMC reaches (imagePlane.publicHost, or the endpoint's imageHost).",
  });

/** @throws MediabayError UNSUPPORTED_BY_BMC when the BMC would not take this URL */
const checkUrl = (url: string, { maxLength, forbidden = "", family }: UrlRequest): void => {
  if (family === "ipv4" && new URL(url).hostname.startsWith("[")) throw onlyIpv4Fits();
  const bad = forbidden.split("").filter((character) => url.includes(character));
  const hint = "Choose another host or port for its URL (imagePlane.publicHost, imagePlane.publicPort).";
  if (bad.length > 0) {
    throw new MediabayError("UNSUPPORTED_BY_BMC", `This BMC takes no image URL with ${bad.join(" or ")}.`, { hint });
  }
  if (maxLength !== undefined && url.length > maxLength) {
    const message = `This BMC takes image URLs of at most ${maxLength} characters; ours has ${url.length}.`;
    throw new MediabayError("UNSUPPORTED_BY_BMC", message, { hint });
  }
};

export interface Placement {
  readonly url: string;
  readonly bmcAddresses: readonly string[];
}

/**
 * The URL of `path` for the BMC of `request`, and from which addresses it may come.
 * @throws MediabayError UNSUPPORTED_BY_BMC (no listener for it, or no URL that it takes), BMC_UNREACHABLE (no such name, no route)
 */
export const placeFor = async (
  request: UrlRequest,
  path: string,
  listeners: readonly ListenerAddress[],
  settings: UrlSettings,
): Promise<Placement> => {
  const listener = chooseListener(request.schemes, listeners);
  const fixedHost = request.imageHost ?? settings.publicHost;
  const resolving = resolveHost(request.bmcHost, settings.resolve);
  const bmcAddresses = fixedHost === undefined ? await resolving : await orNone(resolving);
  const host = fixedHost ?? (await automaticHost(request, listener, bmcAddresses, settings));
  const port = settings.publicPort ?? listener.port;
  const url = `${listener.scheme}://${authority(listener.scheme, host, port)}${path}`;
  checkUrl(url, request);
  return { url, bmcAddresses };
};

/** As `placeFor`, under a path that is nobody's yet. */
export const placeAnew = async (
  request: UrlRequest & Pick<PublishRequest, "extension">,
  listeners: readonly ListenerAddress[],
  settings: UrlSettings = {},
): Promise<Placement & { readonly token: string; readonly fileName: string }> => {
  const token = createToken();
  const fileName = `media.${request.extension}`;
  return { token, fileName, ...(await placeFor(request, `/m/${token}/${fileName}`, listeners, settings)) };
};

/** With a host of the operator's choice, a BMC whose name we cannot resolve is still served (unless policy enforces). */
const orNone = async (resolving: Promise<readonly string[]>): Promise<readonly string[]> => {
  try {
    return await resolving;
  } catch (error) {
    if (error instanceof MediabayError && error.code === "BMC_UNREACHABLE") return [];
    throw error;
  }
};
