// A client for one BMC: few keep-alive connections, requests in turn, nothing followed, nothing repeated but a GET on a stale connection.
import type { Clock, TlsPolicy } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import { createAgent } from "./agent.ts";
import { exchange, type HttpReply, type HttpRequest, isSafe } from "./exchange.ts";
import { createGate } from "./gate.ts";
import type { Origin } from "./origin.ts";
import { tlsOptions } from "./tls.ts";

export type { HttpExchange, HttpMethod, HttpReply, HttpRequest } from "./exchange.ts";

export interface HttpTuning {
  /** Requests at once, and so connections. Default 1. */
  readonly maxInFlight?: number;
  /** For the TCP connection, and again for the TLS handshake. Default 30,000. */
  readonly connectTimeoutMs?: number;
}

export interface HttpClient {
  readonly origin: Origin;
  /** Connections opened so far. */
  readonly connections: number;
  tune(tuning: HttpTuning): void;
  /**
   * Any status is an answer. A GET or HEAD that breaks on a reused connection is sent once more on a new one.
   * @throws MediabayError BMC_UNREACHABLE, BMC_TLS, BMC_TIMEOUT, BMC_MALFORMED, CANCELLED; `isReplyLost` tells whether something may
   * have been done without an answer
   */
  request(request: HttpRequest): Promise<HttpReply>;
  /** Cuts what is under way and closes every connection. */
  close(): void;
}

export interface HttpClientOptions {
  readonly origin: Origin;
  readonly tls: TlsPolicy;
  readonly clock: Clock;
}

const defaultConnectTimeoutMs = 30_000;

/** @throws MediabayError INVALID_REQUEST for a fingerprint that is none */
export const createHttpClient = ({ origin, tls, clock }: HttpClientOptions): HttpClient => {
  if (origin.secure) tlsOptions(tls, origin.host);
  let connectTimeoutMs = defaultConnectTimeoutMs;
  const gate = createGate(1);
  const bmc = createAgent(origin, { maxSockets: 1, dialOptions: () => ({ tls, clock, timeoutMs: connectTimeoutMs }) });

  const attempt = async (request: HttpRequest): Promise<HttpReply> => {
    const first = await exchange(origin, bmc.agents, clock, request);
    if ("reply" in first) return first.reply;
    if (!first.stale || !isSafe(request.method)) throw first.error;
    bmc.dropIdle();
    const second = await exchange(origin, bmc.agents, clock, request);
    if ("reply" in second) return second.reply;
    throw second.error;
  };

  return {
    origin,
    get connections() {
      return bmc.connections;
    },
    tune: (tuning) => {
      connectTimeoutMs = tuning.connectTimeoutMs ?? connectTimeoutMs;
      gate.limit = tuning.maxInFlight ?? gate.limit;
      bmc.limit(gate.limit);
    },
    request: async (request) => {
      if (!request.path.startsWith("/")) {
        throw new MediabayError("BMC_MALFORMED", "A link that the BMC gave is not a path.", { uri: origin.text });
      }
      const leave = await gate.enter(request.signal);
      try {
        return await attempt(request);
      } finally {
        leave();
      }
    },
    close: () => bmc.destroy(),
  };
};
