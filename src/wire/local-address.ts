// Which address of ours a host reaches us at: the source address that the kernel would use towards it. A UDP socket is
// connected for this, which asks the routing table and sends no packet.
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { MediabayError } from "../core/errors.ts";

export interface LocalRoute {
  /** Our address, without a zone. */
  readonly address: string;
  readonly family: 4 | 6;
}

/** Every address of a name. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

const resolveByDns: ResolveHost = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);

const unreachable = (host: string, message: string, cause: unknown): MediabayError =>
  new MediabayError("BMC_UNREACHABLE", message, { uri: host }, { cause });

/**
 * The addresses of `host`: itself when it is a literal (brackets allowed), else what DNS says, IPv4 first, since every
 * firmware can put an IPv4 address into a URL.
 * @throws MediabayError BMC_UNREACHABLE when the name does not resolve
 */
export const resolveHost = async (host: string, resolve: ResolveHost = resolveByDns): Promise<readonly string[]> => {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (isIP(bare)) return [bare];
  try {
    const addresses = await resolve(bare);
    if (addresses.length > 0) return addresses.toSorted((left, right) => isIP(left) - isIP(right));
  } catch (error) {
    throw unreachable(host, `The host name ${host} does not resolve.`, error);
  }
  throw unreachable(host, `The host name ${host} has no address.`, undefined);
};

const routeTo = (address: string): Promise<LocalRoute> =>
  new Promise((resolve, reject) => {
    const family = isIP(address) === 6 ? 6 : 4;
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    socket.once("error", (error) => {
      socket.close();
      reject(error);
    });
    // Any port will do: nothing is sent. 9 is "discard".
    socket.connect(9, address, () => {
      const local = socket.address().address.replace(/%.*$/, "");
      socket.close();
      // Some kernels let a socket be connected without a route, and then have no source address for it.
      if (local === "0.0.0.0" || local === "::") reject(new Error(`no source address towards ${address}`));
      else resolve({ address: local, family });
    });
  });

/**
 * The local address from which the first reachable one of `addresses` is reached.
 * @throws MediabayError BMC_UNREACHABLE when there is no route to any
 */
export const localRouteTo = async (host: string, addresses: readonly string[]): Promise<LocalRoute> => {
  const causes: unknown[] = [];
  for (const address of addresses) {
    try {
      return await routeTo(address);
    } catch (error) {
      causes.push(error);
    }
  }
  throw unreachable(
    host,
    `There is no route to ${host}.`,
    causes.length === 1 ? causes[0] : new AggregateError(causes),
  );
};
