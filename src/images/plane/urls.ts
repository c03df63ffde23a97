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
export const createToken = (): string => {
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
const chooseListener = (
  schemes: readonly ("http" | "https")[],
  listeners: readonly ListenerAddress[],
): ListenerAddress => {
  for (const scheme of schemes) {
    const listener = listeners.find((candidate) => candidate.scheme === scheme);
    if (listener) return listener;
  }
  const wanted = schemes.length === 0 ? "neither http nor https" : `only ${schemes.join(" or ")}`;
  throw new MediabayError(
    "UNSUPPORTED_BY_BMC",
    `This BMC reads images over ${wanted}, which the image plane does not offer.`,
    {
      schemes,
      hint: "Enable the image plane's other listener in the settings (imagePlane.https, imagePlane.http).",
    },
  );
};

const isWildcard = (address: string): boolean => address === "0.0.0.0" || address === "::" || address === "";

const automaticHost = async (
  bmcHost: string,
  listener: ListenerAddress,
  addresses: readonly string[],
  settings: UrlSettings,
): Promise<string> => {
  if (!isWildcard(listener.address)) return listener.address;
  // A listener on `::` takes IPv4 as well; one on 0.0.0.0 takes nothing else.
  const reachable = listener.address === "0.0.0.0" ? addresses.filter((address) => isIP(address) === 4) : addresses;
  if (reachable.length === 0) {
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

export interface Placement {
  /** `scheme://host[:port]`. */
  readonly origin: string;
  readonly bmcAddresses: readonly string[];
}

/**
 * Where the BMC of `request` is to look for us, and from which addresses it may come.
 * @throws MediabayError UNSUPPORTED_BY_BMC (no listener for it), BMC_UNREACHABLE (no such name, no route)
 */
export const placeFor = async (
  request: Pick<PublishRequest, "bmcHost" | "imageHost" | "schemes">,
  listeners: readonly ListenerAddress[],
  settings: UrlSettings,
): Promise<Placement> => {
  const listener = chooseListener(request.schemes, listeners);
  const fixedHost = request.imageHost ?? settings.publicHost;
  const resolving = resolveHost(request.bmcHost, settings.resolve);
  const bmcAddresses = fixedHost === undefined ? await resolving : await orNone(resolving);
  const host = fixedHost ?? (await automaticHost(request.bmcHost, listener, bmcAddresses, settings));
  const port = settings.publicPort ?? listener.port;
  return { origin: `${listener.scheme}://${authority(listener.scheme, host, port)}`, bmcAddresses };
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
