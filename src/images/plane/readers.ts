// Who reads: the address behind a connection, seen through reverse proxies, and whether a publication is meant for it.
import { inNetwork, type Network, parseAddress, parseNetwork } from "../../wire/addresses.ts";
import { MediabayError } from "../../core/errors.ts";

/** `off`: anybody; `log`: anybody, but strangers are reported; `enforce`: strangers get 404. */
export type AddressPolicy = "off" | "log" | "enforce";

/** `::ffff:192.0.2.1` is `192.0.2.1`: a dual-stack listener sees IPv4 readers in that form. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");

export interface ReaderPolicy {
  readonly policy: AddressPolicy;
  readonly isProxy: (address: bigint | undefined) => boolean;
}

/** `proxies` are addresses and CIDR networks. @throws MediabayError SETTINGS_INVALID */
export const readerPolicy = (policy: AddressPolicy, proxies: readonly string[]): ReaderPolicy => {
  const networks: readonly Network[] = proxies.map((text) => {
    const network = parseNetwork(text);
    if (!network)
      throw new MediabayError("SETTINGS_INVALID", `"${text}" is not a network.`, { field: "imagePlane.proxies" });
    return network;
  });
  return {
    policy,
    isProxy: (address) => address !== undefined && networks.some((network) => inNetwork(address, network)),
  };
};

export interface Reader {
  /** As it is recorded. */
  readonly remote: string;
  /** Undefined: a proxy that does not tell for whom it asks; its requests are accepted. */
  readonly address: bigint | undefined;
}

/**
 * The reader behind a connection from `peer`. Only a configured proxy's `X-Forwarded-For` is believed, from the right, up
 * to the first address that is not itself a proxy: what stands further left is the client's own claim.
 */
export const readerBehind = (
  peer: Reader,
  forwardedFor: string | readonly string[] | undefined,
  policy: ReaderPolicy,
): Reader => {
  const hops = [forwardedFor ?? []]
    .flat()
    .join(",")
    .split(",")
    .map((hop) => hop.trim())
    .filter((hop) => hop !== "");
  for (const hop of hops.toReversed()) {
    const address = parseAddress(hop);
    if (address === undefined) break;
    if (!policy.isProxy(address)) return { remote: plainAddress(hop), address };
  }
  return { remote: peer.remote, address: undefined };
};
