// Bearer tokens (RFC 6750): who asks, whether the role suffices, and a bound on how fast wrong tokens are tried.
import { createHash } from "node:crypto";
import type { Request, Response } from "express";
import type { Clock } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { TokenStore } from "../core/ports.ts";
import type { Actor } from "../core/records.ts";
import type { Role } from "../core/vocabulary.ts";

/** Who may call: anyone, or a role and those above it. */
export type Access = "public" | Role;

const rank: Readonly<Record<Role, number>> = { reader: 0, operator: 1, admin: 2 };

export const anonymous: Actor = { name: "anonymous", role: "reader" };

/** @throws MediabayError FORBIDDEN */
export const requireRole = (actor: Actor, role: Role): void => {
  if (rank[actor.role] < rank[role])
    throw new MediabayError("FORBIDDEN", `This call needs the role ${role}; the token has ${actor.role}.`);
};

const windowMs = 60_000;
const mostRemotes = 10_000;
const mostKnownTokens = 1000;
const longestToken = 512;

/** RFC 6750 §2.1: `b64token`. */
const bearerPattern = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** An IPv6 host owns at least its /64, so that is what is counted. */
const remoteOf = (request: Request): string => {
  const address = request.socket.remoteAddress ?? "unknown";
  return address.includes(":") && !address.startsWith("::") ? address.split(":").slice(0, 4).join(":") : address;
};

interface Failures {
  readonly resetAt: number;
  count: number;
}

/** Failed attempts of each remote in the current minute; the oldest are forgotten first. */
const createFailureCounter = (clock: Clock, mostFailures: number) => {
  const remotes = new Map<string, Failures>();
  const current = (remote: string): Failures | undefined => {
    const entry = remotes.get(remote);
    return entry && entry.resetAt > clock.monotonic() ? entry : undefined;
  };
  return {
    /** Milliseconds until this remote may try again; 0 when it may now. */
    blockedMs: (remote: string): number => {
      const entry = current(remote);
      return entry && entry.count >= mostFailures ? entry.resetAt - clock.monotonic() : 0;
    },
    add: (remote: string): void => {
      const entry = current(remote) ?? { resetAt: clock.monotonic() + windowMs, count: 0 };
      entry.count += 1;
      remotes.delete(remote);
      remotes.set(remote, entry);
      const oldest = remotes.keys().next().value;
      if (remotes.size > mostRemotes && oldest !== undefined) remotes.delete(oldest);
    },
  };
};

export interface Authenticator {
  /** @throws MediabayError UNAUTHENTICATED, RATE_LIMITED, with the headers that go with them set on `response` */
  authenticate(request: Request, response: Response): Promise<Actor>;
}

/** `failuresPerMinute` bounds wrong tokens per remote; tokens that were right before still pass from a blocked remote. */
export const createAuthenticator = (tokens: TokenStore, clock: Clock, failuresPerMinute: number): Authenticator => {
  const failures = createFailureCounter(clock, failuresPerMinute);
  const known = new Set<string>();

  const refuse = (response: Response, message: string, error?: string): MediabayError => {
    response.set("WWW-Authenticate", `Bearer realm="mediabay"${error === undefined ? "" : `, error="${error}"`}`);
    return new MediabayError("UNAUTHENTICATED", message);
  };

  const remember = (hash: string): void => {
    known.add(hash);
    const oldest = known.values().next().value;
    if (known.size > mostKnownTokens && oldest !== undefined) known.delete(oldest);
  };

  const authenticate = async (request: Request, response: Response): Promise<Actor> => {
    const header = request.headers.authorization;
    if (header === undefined) throw refuse(response, "This call needs a token.");
    const token = bearerPattern.exec(header)?.[1];
    const hash = createHash("sha256")
      .update(token ?? header)
      .digest("hex");
    const remote = remoteOf(request);
    const blockedMs = failures.blockedMs(remote);
    if (blockedMs > 0 && !known.has(hash)) {
      response.set("Retry-After", String(Math.ceil(blockedMs / 1000)));
      throw new MediabayError("RATE_LIMITED", "Too many wrong tokens came from this address.");
    }
    const record = token === undefined || token.length > longestToken ? undefined : await tokens.find(token);
    if (!record) {
      known.delete(hash);
      failures.add(remote);
      throw refuse(response, "The token is not valid.", "invalid_token");
    }
    remember(hash);
    return { name: record.name, role: record.role };
  };
  return { authenticate };
};
