// HTTP agents that connect only where the address policy permits: the answer of the resolver is judged and used in one go, so that
// a name cannot mean one address when it is checked and another when it is connected to.
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from "node:dns";
import { Agent as HttpAgent, type ClientRequestArgs } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { LookupFunction } from "node:net";
import type { Duplex } from "node:stream";
import { getCACertificates } from "node:tls";
import { type AddressPolicy, forbiddenByPolicy, type Refusal } from "../address-policy.ts";

export type { LookupFunction };

const asList = (
  address: string | readonly LookupAddress[],
  family: number | undefined,
): readonly Pick<LookupAddress, "address" | "family">[] =>
  typeof address === "string" ? [{ address, family: family ?? 4 }] : address;

/**
 * Resolves as `lookup` does and fails with SOURCE_FORBIDDEN when any of the answers is refused: a name that mixes permitted and
 * refused addresses is not trusted at all.
 */
const guardLookup =
  (policy: AddressPolicy, port: number, lookup: LookupFunction): LookupFunction =>
  (hostname: string, options: LookupOptions, callback): void => {
    lookup(hostname, options, (error, address, family) => {
      if (error !== null) return callback(error, address, family);
      const refusals = asList(address, family).map((one) => policy.refusal(one.address, port));
      const refused = refusals.find((one): one is Refusal => one !== undefined);
      return refused === undefined
        ? callback(null, address, family)
        : callback(forbiddenByPolicy(hostname, refused), address, family);
    });
  };

type Guard = (options: ClientRequestArgs) => { readonly options: ClientRequestArgs } | { readonly refused: Error };

const createGuard =
  (policy: AddressPolicy, lookup: LookupFunction): Guard =>
  (options) => {
    const host = options.host ?? "localhost";
    const port = Number(options.port ?? options.defaultPort ?? 0);
    // A literal address never reaches a lookup function.
    const refused = policy.refusalOfHost(host, port);
    if (refused !== undefined) return { refused: forbiddenByPolicy(host, refused) };
    return { options: { ...options, lookup: guardLookup(policy, port, lookup) } };
  };

type OnSocket = (error: Error | null, socket: Duplex) => void;

/** Node's own callback takes an error alone; its type asks for a socket beside it. */
const refuse = (callback: OnSocket | undefined, error: Error): undefined => {
  (callback as ((error: Error) => void) | undefined)?.(error);
  return undefined;
};

class GuardedHttpAgent extends HttpAgent {
  readonly #guard: Guard;

  constructor(guard: Guard) {
    super({ keepAlive: false });
    this.#guard = guard;
  }

  override createConnection(options: ClientRequestArgs, callback?: OnSocket): Duplex | null | undefined {
    const judged = this.#guard(options);
    return "refused" in judged ? refuse(callback, judged.refused) : super.createConnection(judged.options, callback);
  }
}

class GuardedHttpsAgent extends HttpsAgent {
  readonly #guard: Guard;

  constructor(guard: Guard, ca: readonly string[] | undefined) {
    super({ keepAlive: false, ...(ca === undefined ? {} : { ca: [...getCACertificates("default"), ...ca] }) });
    this.#guard = guard;
  }

  override createConnection(options: ClientRequestArgs, callback?: OnSocket): Duplex | null | undefined {
    const judged = this.#guard(options);
    return "refused" in judged ? refuse(callback, judged.refused) : super.createConnection(judged.options, callback);
  }
}

export interface GuardedAgents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/**
 * Agents without kept-alive connections: each request is judged anew, before its first packet.
 * @param ca PEM certificates trusted for https beside the default set
 */
export const createGuardedAgents = (
  policy: AddressPolicy,
  { lookup = systemLookup, ca }: { readonly lookup?: LookupFunction; readonly ca?: readonly string[] } = {},
): GuardedAgents => {
  const guard = createGuard(policy, lookup);
  return { http: new GuardedHttpAgent(guard), https: new GuardedHttpsAgent(guard, ca) };
};
