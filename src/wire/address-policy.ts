// Which addresses the gateway may connect to on a caller's word (server-side request forgery). Pure: it decides, it never connects.
// Ranges: RFC 6890 special-purpose registry, and the instance-metadata addresses of the clouds.
import { networkInterfaces } from "node:os";
import { MediabayError } from "../core/errors.ts";
import { facesOf, inNetwork, parseAddress, parseNetwork, type Network } from "./addresses.ts";

export interface Listener {
  readonly address: string;
  readonly port: number;
}

export interface AddressPolicySettings {
  /** Networks (CIDR) or addresses that are permitted although a range below refuses them. Never opens our own listeners. */
  readonly allow: readonly string[];
  /** Permits our own listeners, where `allow` also permits their address. Default false. */
  readonly allowOwn?: boolean;
}

/** Why an address is refused: a word for people. */
export interface Refusal {
  readonly address: string;
  readonly why: string;
}

export interface AddressPolicy {
  /** Judges the address about to be connected to. Undefined permits it. */
  refusal(address: string, port: number): Refusal | undefined;
  /** Judges a host as written, without resolving it: a literal address in any spelling, or a name that always means loopback. */
  refusalOfHost(host: string, port: number): Refusal | undefined;
}

const networks = (...cidrs: readonly string[]): readonly Network[] =>
  cidrs.map((cidr) => {
    const network = parseNetwork(cidr);
    if (network === undefined) throw new TypeError(`${cidr} is not a network`);
    return network;
  });

const loopback = networks("127.0.0.0/8", "::1");
const unspecified = networks("0.0.0.0/8", "::");

/** In order: the more telling word first, since a metadata address is also link-local. */
const refused: readonly { readonly why: string; readonly networks: readonly Network[] }[] = [
  {
    why: "a cloud's metadata address",
    // AWS, Azure, OpenStack, GCP and others; AWS IPv6 services; Alibaba; Azure's WireServer; Oracle; GCP IPv6; Scaleway IPv6.
    networks: networks(
      "169.254.169.254",
      "fe80::a9fe:a9fe",
      "fd00:ec2::/32",
      "100.100.100.200",
      "168.63.129.16",
      "192.0.0.192",
      "fd20:ce::254",
      "fd00:42::42",
    ),
  },
  { why: "a loopback address", networks: loopback },
  { why: "a link-local address", networks: networks("169.254.0.0/16", "fe80::/10") },
  { why: "an unspecified address", networks: unspecified },
  { why: "a multicast address", networks: networks("224.0.0.0/4", "ff00::/8") },
  { why: "the broadcast address", networks: networks("255.255.255.255") },
];

const within = (address: bigint, list: readonly Network[]): boolean =>
  list.some((network) => inNetwork(address, network));

const addressesOfThisHost = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address));

/** True when a connection to `target` would reach something that listens on `listening`. */
const reaches = (target: bigint, listening: bigint, local: () => readonly string[]): boolean => {
  if (target === listening) return true;
  // Connecting to 0.0.0.0 or :: arrives on loopback.
  if (within(target, unspecified)) return within(listening, loopback) || within(listening, unspecified);
  if (!within(listening, unspecified)) return false;
  return within(target, loopback) || local().some((address) => parseAddress(address) === target);
};

const parseAllow = (allow: readonly string[]): readonly Network[] =>
  allow.map((cidr) => {
    const network = parseNetwork(cidr);
    if (network !== undefined) return network;
    throw new MediabayError("SETTINGS_INVALID", `"${cidr}" in sources.allow is neither a network nor an address.`, {
      field: "sources.allow",
    });
  });

const isLoopbackName = (host: string): boolean => /^(.+\.)?localhost\.?$/i.test(host);

/**
 * @param ownListeners where the control plane and the image plane listen now, asked at each judgement
 * @param localAddresses the addresses of this host, for listeners on every interface
 * @throws MediabayError SETTINGS_INVALID naming `sources.allow`
 */
export const createAddressPolicy = (
  settings: AddressPolicySettings,
  ownListeners: () => readonly Listener[],
  localAddresses: () => readonly string[] = addressesOfThisHost,
): AddressPolicy => {
  const allowed = parseAllow(settings.allow);

  const isOwn = (face: bigint, port: number): boolean =>
    ownListeners().some(
      // A listener whose address cannot be read counts as listening everywhere.
      (own) => own.port === port && reaches(face, parseAddress(own.address) ?? 0n, localAddresses),
    );

  const refusal = (address: string, port: number): Refusal | undefined => {
    const parsed = parseAddress(address);
    if (parsed === undefined) return { address, why: "not an IP address" };
    const faces = facesOf(parsed);
    if (settings.allowOwn !== true && faces.some((face) => isOwn(face, port))) return { address, why: own };
    for (const face of faces) {
      const range = within(face, allowed) ? undefined : refused.find(({ networks: list }) => within(face, list));
      if (range !== undefined) return { address, why: range.why };
    }
    return undefined;
  };

  return {
    refusal,
    refusalOfHost(host, port) {
      if (isLoopbackName(host)) {
        const refusals = ["127.0.0.1", "::1"].map((address) => refusal(address, port));
        return refusals.every((one) => one !== undefined) ? refusals[0] : undefined;
      }
      return parseAddress(host) === undefined ? undefined : refusal(host, port);
    },
  };
};

const own = "a listener of this gateway";
const ownHint =
  "An image on this gateway's own listeners needs `sources.allowOwn`, beside `sources.allow`, in the settings.";

/** The named error; it carries the host, and nothing else of the URI. */
export const forbiddenByPolicy = (host: string, { address, why }: Refusal): MediabayError => {
  const subject = parseAddress(host) === undefined ? `${host} (${address})` : host;
  return new MediabayError("SOURCE_FORBIDDEN", `The address policy refuses ${subject}: it is ${why}.`, {
    host,
    why,
    ...(why === own ? { hint: ownHint } : {}),
  });
};
