// The image plane: its own listeners, http and https, with nothing behind them but published images. It shares no port, no
// parser settings and no handler with the control plane.
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { Log } from "../core/ports.ts";
import type { TlsLevel } from "../core/vocabulary.ts";
import type { ImagePlaneObserver, Plane } from "./plane/answer.ts";
import { createAnswerer } from "./plane/answerer.ts";
import { type ConnectionLimits, defaultConnectionLimits } from "./plane/connection.ts";
import { createConnections } from "./plane/connections.ts";
import { Guesses } from "./plane/guesses.ts";
import { type AddressPolicy, readerPolicy } from "./plane/readers.ts";
import type { ListenerAddress } from "./plane/urls.ts";
import type { PublicationBook } from "./publications/book.ts";

export interface ListenOn {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface ListenOnTls extends ListenOn {
  /** PEM: the leaf and what stands above it. */
  readonly cert: string;
  readonly key: string;
  /** `legacy` also speaks TLS 1.0 and 1.1, with old ciphers. Default modern: TLS 1.2 and newer. */
  readonly level?: TlsLevel;
}

export interface ImagePlaneOptions {
  readonly http?: ListenOn;
  readonly https?: ListenOnTls;
  readonly publications: PublicationBook;
  readonly clock: Clock;
  readonly log: Log;
  /** Default `log`. */
  readonly addressPolicy?: AddressPolicy;
  /** Addresses and networks of reverse proxies in front of us. */
  readonly proxies?: readonly string[];
  readonly limits?: Partial<ConnectionLimits>;
  readonly observer?: ImagePlaneObserver;
}

export interface ImagePlane {
  readonly addresses: readonly ListenerAddress[];
  readonly activeConnections: number;
  /** Stops listening, lets running transfers end for `graceMs` (default 2000), then cuts them; flushes the reads. */
  close(graceMs?: number): Promise<void>;
}

const maxHeaderBytes = 8 << 10;
const refusedMethod =
  "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const badRequest = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/** Time-outs are those of the sweep (plane/connections.ts): Node's own are off, as they cost a timer per request. */
const httpOptions = {
  requireHostHeader: false,
  keepAliveTimeout: 0,
  headersTimeout: 0,
  requestTimeout: 0,
  maxHeaderSize: maxHeaderBytes,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
} as const;

const tlsOptions = ({ cert, key, level = "modern" }: ListenOnTls) => ({
  cert,
  key,
  handshakeTimeout: defaultConnectionLimits.headersMs,
  allowHalfOpen: true,
  ...(level === "legacy"
    ? { minVersion: "TLSv1" as const, ciphers: "DEFAULT:@SECLEVEL=0" }
    : { minVersion: "TLSv1.2" as const }),
});

/** Methods that Node's parser does not know are refused like those it knows. */
const onClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  const answerable = socket.writable && error.code !== "ECONNRESET" && socket.writableLength === 0;
  if (!answerable) socket.destroy();
  else socket.end(error.code === "HPE_INVALID_METHOD" ? refusedMethod : badRequest, () => socket.destroy());
};

const wire = (server: HttpServer, plane: Plane, secure: boolean): void => {
  const answer = createAnswerer(plane);
  // A client that has sent its last request and half-closed still gets its bytes. Not in Node's documentation, but the only way.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on("connection", (socket: Socket) => {
    plane.connections.admit(socket);
    if (!secure) plane.connections.watch(socket);
  });
  if (secure) server.on("secureConnection", (socket: Socket) => plane.connections.watch(socket));
  server.on("request", answer);
  // Without a listener of our own Node would answer "100 Continue" and take the body.
  server.on("checkContinue", answer);
  server.on("checkExpectation", answer);
  server.on("connect", (_request, socket: Duplex) => socket.end(refusedMethod, () => socket.destroy()));
  server.on("clientError", onClientError);
};

const listen = (server: HttpServer, scheme: "http" | "https", { host, port }: ListenOn): Promise<ListenerAddress> =>
  new Promise((resolve, reject) => {
    const onError = (error: Error): void =>
      reject(
        new MediabayError(
          "SETTINGS_INVALID",
          `The image plane cannot listen on ${host} port ${port}: ${error.message}.`,
          { field: `imagePlane.${scheme}`, hint: "Choose an address and port that are free and may be used." },
          { cause: error },
        ),
      );
    server.once("error", onError);
    server.listen({ host, port }, () => {
      server.off("error", onError);
      const bound = server.address();
      if (bound === null || typeof bound === "string")
        reject(new TypeError("a TCP listener has an address and a port"));
      else resolve({ scheme, address: bound.address, port: bound.port });
    });
  });

const stopListening = (server: HttpServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
  });

const createListener = (options: ImagePlaneOptions, scheme: "http" | "https"): HttpServer | undefined => {
  if (scheme === "http") return options.http && createHttpServer(httpOptions);
  return options.https && createHttpsServer({ ...httpOptions, ...tlsOptions(options.https) });
};

/**
 * Loads the live publications, listens, and tells the publications where. Starting half-way closes what was opened.
 * @throws MediabayError SETTINGS_INVALID (address in use or not ours, malformed proxy network)
 */
export const startImagePlane = async (options: ImagePlaneOptions): Promise<ImagePlane> => {
  const { publications, clock, log, observer = {} } = options;
  const readers = readerPolicy(options.addressPolicy ?? "log", options.proxies ?? []);
  const limits = { ...defaultConnectionLimits, ...options.limits };
  await publications.load();
  const connections = createConnections(limits, clock, log, readers.isProxy);
  const plane: Plane = {
    book: publications,
    connections,
    limits,
    readers,
    guesses: new Guesses(() => clock.monotonic(), log),
    observer,
    log,
    monotonic: () => clock.monotonic(),
  };
  const servers: HttpServer[] = [];
  const addresses: ListenerAddress[] = [];

  const close = async (graceMs = 2000): Promise<void> => {
    const stopped = servers.map(stopListening);
    await connections.drain(graceMs);
    connections.stop();
    await Promise.all(stopped);
    await publications.close();
  };

  try {
    for (const scheme of ["http", "https"] as const) {
      const [server, on] = [createListener(options, scheme), options[scheme]];
      if (!server || !on) continue;
      wire(server, plane, scheme === "https");
      addresses.push(await listen(server, scheme, on));
      servers.push(server);
    }
  } catch (error) {
    await close(0);
    throw error;
  }
  publications.listening(addresses);
  return {
    addresses,
    get activeConnections() {
      return connections.active;
    },
    close,
  };
};
