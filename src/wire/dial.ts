// Opens one connection. It is handed over only once its certificate has been accepted, so nothing, and no credential, is written before.
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Clock, TlsPolicy } from "../core/driver.ts";
import { within } from "./deadline.ts";
import { isTlsCode, systemCode, WireFailure } from "./errors.ts";
import type { Origin } from "./origin.ts";
import { distrust, tlsOptions } from "./tls.ts";

export interface DialOptions {
  readonly tls: TlsPolicy;
  /** For the TCP connection, and again for the TLS handshake. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

const keepAliveProbeMs = 30_000;

/** @throws WireFailure with BMC_UNREACHABLE, BMC_TLS or BMC_TIMEOUT · MediabayError INVALID_REQUEST for an unusable policy */
export const dial = async (origin: Origin, options: DialOptions): Promise<Socket> => {
  const secure = origin.secure ? tlsOptions(options.tls, origin.host) : undefined;
  const socket = connectTcp({
    host: origin.host,
    port: origin.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveProbeMs,
  });
  await ready(socket, "connect", options, connectFailure);
  if (secure === undefined) return socket;
  const encrypted = connectTls({ ...secure, socket });
  await ready(encrypted, "secureConnect", options, handshakeFailure);
  return accepted(encrypted, options.tls);
};

/** `cause` is undefined when the deadline has passed. */
type Failure = (cause: unknown) => WireFailure;

const connectFailure: Failure = (cause) => {
  const why = cause === undefined ? "no connection in time" : `no connection (${systemCode(cause) ?? "closed"})`;
  return new WireFailure("BMC_UNREACHABLE", why, { cause });
};

const handshakeFailure: Failure = (cause) => {
  if (cause === undefined) return new WireFailure("BMC_TIMEOUT", "the TLS handshake did not end in time");
  const code = systemCode(cause);
  const why = isTlsCode(code) ? `TLS failed (${code})` : `the TLS handshake was cut off (${code ?? "closed"})`;
  return new WireFailure("BMC_TLS", why, { cause });
};

const accepted = (socket: TLSSocket, policy: TlsPolicy): TLSSocket => {
  const reason = distrust(socket, policy);
  if (reason === undefined) return socket;
  socket.destroy();
  throw new WireFailure("BMC_TLS", reason);
};

const ready = async (
  socket: Socket,
  event: "connect" | "secureConnect",
  { timeoutMs, clock, signal }: DialOptions,
  failure: Failure,
): Promise<void> => {
  let onError = (_error: unknown): void => undefined;
  const arrival = new Promise<void>((resolve, reject) => {
    onError = (error) => reject(failure(error));
    // Stays on after a failure: a socket that is being destroyed may still report an error.
    socket.on("error", onError);
    socket.once("close", () => onError(new Error("closed")));
    socket.once(event, resolve);
  });
  try {
    await within(arrival, timeoutMs, clock, () => failure(undefined), signal);
    socket.off("error", onError);
  } catch (error) {
    socket.destroy();
    throw error;
  }
};
