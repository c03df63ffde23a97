// A small HTTP origin for images: ranges, ETags and Basic authentication as web servers do them (RFC 9110), and the ways they fail.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type SimulatorClock, systemClock } from "./clock.ts";
import { type Answer, answerTo, type OriginRules } from "./origin-answer.ts";
import { type TlsOptions, WebServer } from "./web-server.ts";

export type OriginFault = (
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The Content-Length of the whole, then the connection ends after this many bytes of the body. */
  | { readonly kind: "truncate"; readonly afterBytes: number }
  /** As `truncate`, with a TCP reset. */
  | { readonly kind: "reset"; readonly afterBytes: number }
  /** The body in small pieces with real pauses between. */
  | { readonly kind: "drip"; readonly chunkBytes: number; readonly intervalMs: number }
  | { readonly kind: "redirect"; readonly to: string; readonly status?: number }
  /** The body without a Content-Length. */
  | { readonly kind: "chunked" }
  /** No answer. */
  | { readonly kind: "hang" }
) & {
  /** Every path when absent. */
  readonly path?: string;
  readonly method?: string;
  /** How many requests are hit; all when absent. */
  readonly count?: number;
};

export interface OriginOptions extends OriginRules {
  /** Bodies by path; a leading slash may be left out. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly host?: string;
  readonly port?: number;
  readonly tls?: TlsOptions;
  readonly clock?: SimulatorClock;
}

export interface OriginRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly range?: string;
  readonly ifRange?: string;
  readonly userAgent?: string;
  /** Whether credentials were sent, right or wrong. */
  readonly authorized: boolean;
  /** Bytes of the body given to the socket so far. */
  readonly bytesSent: number;
  readonly connection: number;
  readonly at: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const rooted = (path: string): string => (path.startsWith("/") ? path : `/${path}`);

export class Origin {
  readonly #options: OriginOptions;
  readonly #clock: SimulatorClock;
  readonly #server: WebServer;
  readonly #files: Map<string, Uint8Array>;
  #faults: { readonly fault: OriginFault; left: number }[] = [];
  #records: Mutable<OriginRequest>[] = [];

  constructor(options: OriginOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#files = new Map(Object.entries(options.files ?? {}).map(([path, body]) => [rooted(path), body]));
    this.#server = new WebServer({
      host: options.host ?? "127.0.0.1",
      port: options.port ?? 0,
      tls: options.tls,
      onRequest: (request, response, connection) => this.#serve(request, response, connection),
    });
  }

  get url(): string {
    return this.#server.url;
  }

  urlOf(path: string): string {
    return this.url + rooted(path);
  }

  requests(): readonly OriginRequest[] {
    return this.#records.map((record) => ({ ...record }));
  }

  clearRequests(): void {
    this.#records = [];
  }

  /** TCP connections accepted since the start. */
  connections(): number {
    return this.#server.connections;
  }

  /** Adds or replaces a file; `undefined` removes it. */
  setFile(path: string, body: Uint8Array | undefined): void {
    if (body === undefined) this.#files.delete(rooted(path));
    else this.#files.set(rooted(path), body);
  }

  setFault(fault: OriginFault): void {
    this.#faults.push({ fault, left: fault.count ?? Number.POSITIVE_INFINITY });
  }

  clearFaults(): void {
    this.#faults = [];
  }

  /** From now on connects are refused and open connections are dropped. */
  refuseConnections(): void {
    this.#server.refuse();
  }

  acceptConnections(): Promise<void> {
    return this.#server.accept();
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse, connection: number): Promise<void> {
    const record = this.#record(request, connection);
    const path = new URL(record.path, "http://origin").pathname;
    const fault = this.#takeFault(record.method, path);
    if (fault?.kind === "hang") return;
    const answer = faultAnswer(fault) ?? answerTo(request, this.#files.get(path), this.#options);
    record.status = answer.status;
    await send(response, answer, fault, (bytes) => {
      record.bytesSent += bytes;
    });
  }

  #record(request: IncomingMessage, connection: number): Mutable<OriginRequest> {
    const { headers } = request;
    const record: Mutable<OriginRequest> = {
      method: request.method ?? "GET",
      path: request.url ?? "/",
      status: 0,
      ...(headers.range === undefined ? {} : { range: headers.range }),
      ...(typeof headers["if-range"] === "string" ? { ifRange: headers["if-range"] } : {}),
      ...(headers["user-agent"] === undefined ? {} : { userAgent: headers["user-agent"] }),
      authorized: headers.authorization !== undefined,
      bytesSent: 0,
      connection,
      at: this.#clock.now(),
    };
    this.#records.push(record);
    return record;
  }

  #takeFault(method: string, path: string): OriginFault | undefined {
    const hit = this.#faults.find(
      ({ fault, left }) =>
        left > 0 && (fault.path === undefined || rooted(fault.path) === path) && (fault.method ?? method) === method,
    );
    if (hit !== undefined) hit.left -= 1;
    return hit?.fault;
  }
}

/** @throws when the port is taken */
export const startOrigin = async (options: OriginOptions = {}): Promise<Origin> => {
  const origin = new Origin(options);
  await origin.acceptConnections();
  return origin;
};

const faultAnswer = (fault: OriginFault | undefined): Answer | undefined => {
  const body = new Uint8Array();
  if (fault?.kind === "status") return { status: fault.status, headers: fault.headers ?? {}, body };
  if (fault?.kind === "redirect") return { status: fault.status ?? 302, headers: { Location: fault.to }, body };
  return undefined;
};

const send = async (
  response: ServerResponse,
  { status, headers, body }: Answer,
  fault: OriginFault | undefined,
  onSent: (bytes: number) => void,
): Promise<void> => {
  // A 304 may tell the length of the file alone (RFC 9110 §8.6), and need not.
  const length = fault?.kind === "chunked" || status === 304 ? {} : { "Content-Length": String(body.byteLength) };
  response.writeHead(status, { ...headers, ...length });
  if (response.req.method === "HEAD") {
    response.end();
    return;
  }
  const cut = fault?.kind === "truncate" || fault?.kind === "reset" ? fault.afterBytes : undefined;
  const step = fault?.kind === "drip" ? fault.chunkBytes : 65_536;
  const end = Math.min(body.byteLength, cut ?? body.byteLength);
  for (let from = 0; from < end && !response.destroyed; from += step) {
    const chunk = body.subarray(from, Math.min(from + step, end));
    await write(response, chunk);
    onSent(chunk.byteLength);
    if (fault?.kind === "drip") await pause(fault.intervalMs);
  }
  if (cut === undefined) response.end();
  else if (fault?.kind === "reset") response.req.socket.resetAndDestroy();
  else response.req.socket.destroy();
};

/** Resolves when the chunk is with the system, or the client has gone. */
const write = (response: ServerResponse, chunk: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    if (response.destroyed) {
      resolve();
      return;
    }
    const done = (): void => {
      response.off("close", done);
      resolve();
    };
    response.once("close", done);
    response.write(chunk, done);
  });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
