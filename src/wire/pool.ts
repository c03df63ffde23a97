// The clients of one process: sessions with the same BMC, the same trust and the same user share its connection, which closes when idle.
import type { Clock, TlsPolicy } from "../core/driver.ts";
import { systemClock } from "./clock.ts";
import { createHttpClient, type HttpClient } from "./http.ts";
import { parseOrigin } from "./origin.ts";

export interface HttpTarget {
  /** `https://host[:port]`, `http://…`, or a bare host. */
  readonly address: string;
  readonly tls: TlsPolicy;
  /** Connections are not shared between users. */
  readonly user?: string;
}

export interface HttpLease {
  readonly client: HttpClient;
  /** The connection stays open for the next lease until it has been idle too long. Idempotent. */
  release(): void;
}

export interface HttpPool {
  /** @throws MediabayError INVALID_REQUEST for an address or a fingerprint that is none */
  lease(target: HttpTarget): HttpLease;
  /** Clients that are leased or idle. */
  readonly size: number;
  close(): void;
}

export interface HttpPoolOptions {
  readonly clock?: Clock;
  /** Default 20,000: shorter than the session and connection time-outs of 30 s that are common on BMCs. */
  readonly idleMs?: number;
}

interface Entry {
  readonly client: HttpClient;
  leases: number;
  idle?: AbortController;
}

export const createHttpPool = ({ clock = systemClock, idleMs = 20_000 }: HttpPoolOptions = {}): HttpPool => {
  const entries = new Map<string, Entry>();

  const drop = (key: string, entry: Entry): void => {
    entries.delete(key);
    entry.client.close();
  };

  const expire = async (key: string, entry: Entry, idle: AbortController): Promise<void> => {
    await Promise.allSettled([clock.sleep(idleMs, idle.signal)]);
    if (!idle.signal.aborted) drop(key, entry);
  };

  return {
    lease: (target) => {
      const origin = parseOrigin(target.address);
      const key = JSON.stringify([origin.text, target.tls, target.user]);
      const entry = entries.get(key) ?? { client: createHttpClient({ origin, tls: target.tls, clock }), leases: 0 };
      entries.set(key, entry);
      entry.idle?.abort();
      entry.leases += 1;
      let released = false;
      return {
        client: entry.client,
        release: () => {
          if (released) return;
          released = true;
          entry.leases -= 1;
          if (entry.leases > 0 || entries.get(key) !== entry) return;
          entry.idle = new AbortController();
          void expire(key, entry, entry.idle);
        },
      };
    },
    get size() {
      return entries.size;
    },
    close: () => {
      for (const [key, entry] of entries) {
        entry.idle?.abort();
        drop(key, entry);
      }
    },
  };
};
