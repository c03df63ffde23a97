// The HTTP side of a simulated service (DSP0266 clause "Protocol details"): pace, faults, and a record of every request.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { type TlsOptions, WebServer } from "../../web-server.ts";
import type { Personality } from "../personality/index.ts";
import { faultAfter, faultBefore, spillPoison } from "./fault-effects.ts";
import { FaultList } from "./faults.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Pace } from "./pace.ts";

export interface RequestRecord {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** 0 when no reply was sent. */
  readonly status: number;
  /** Number of the connection it came on, from 1. */
  readonly connection: number;
  /** On the simulator's clock. */
  readonly at: number;
}

export interface Incoming {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly remoteAddress: string;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions | undefined;
  readonly personality: Personality;
  readonly pace: Pace;
  readonly now: () => number;
  readonly handle: (incoming: Incoming) => Promise<Outgoing>;
  /** The reply to one request too many. */
  readonly overloaded: () => Outgoing;
  /** The BMC goes down under it. */
  readonly crash: () => void;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly url: URL;
  /** It is not one too many. */
  readonly fits: boolean;
}

const maxBodyBytes = 1024 * 1024;

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.byteLength;
    if (size > maxBodyBytes) throw new Error("request body over 1 MiB");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
};

export class Listener {
  readonly server: WebServer;
  readonly faults: FaultList;
  readonly #options: ListenerOptions;
  /** Replies by connection, where connections last for so many. */
  readonly #served = new WeakMap<Socket, number>();
  #records: { -readonly [K in keyof RequestRecord]: RequestRecord[K] }[] = [];

  constructor(options: ListenerOptions) {
    const { host, port, tls } = options;
    this.#options = options;
    this.faults = new FaultList(options.personality.faults);
    this.server = new WebServer({
      host,
      port,
      tls,
      onRequest: (request, response, connection) => this.#serve(request, response, connection),
    });
  }

  requests(): readonly RequestRecord[] {
    return this.#records.map((record) => ({ ...record }));
  }

  clearRequests(): void {
    this.#records = [];
  }

  async #serve(request: IncomingMessage, response: ServerResponse, connection: number): Promise<void> {
    const method = request.method ?? "GET";
    const path = request.url ?? "/";
    const url = new URL(path, "http://simulator");
    const record = { method, path, status: 0, connection, at: this.#options.now() };
    this.#records.push(record);
    response.on("finish", () => {
      record.status = response.statusCode;
    });
    const { pace } = this.#options;
    if (pace.gone || this.#isWornOut(request.socket)) {
      request.socket.resetAndDestroy();
      return;
    }
    const fits = pace.begin();
    try {
      spillPoison(request.socket);
      await this.#exchange({ request, response, method, url, fits });
    } finally {
      pace.end();
    }
  }

  async #exchange({ request, response, method, url, fits }: Exchange): Promise<void> {
    const body = await readBody(request);
    if (!fits) return this.#overload(response);
    await this.#options.pace.delay();
    const fault = this.faults.take(method, url.pathname);
    if (fault !== undefined && faultBefore(fault, response)) return undefined;
    const remoteAddress = request.socket.remoteAddress ?? "";
    const outgoing = await this.#options.handle({ method, url, headers: request.headers, body, remoteAddress });
    const { "Content-Encoding": _encoding, ...plain } = outgoing.headers;
    if (fault !== undefined && faultAfter(fault, response, { ...outgoing, headers: plain })) return undefined;
    return this.#reply(response, outgoing);
  }

  #overload(response: ServerResponse): void {
    const { overload } = this.#options.personality.http;
    if (overload === "refused") return this.#reply(response, this.#options.overloaded());
    if (overload === "crash") this.#options.crash();
    response.req.socket.resetAndDestroy();
    return undefined;
  }

  /** Its last reply was sent, without a word. */
  #isWornOut(socket: Socket): boolean {
    const { requestsPerConnection, closes } = this.#options.personality.http;
    const served = this.#served.get(socket) ?? 0;
    this.#served.set(socket, served + 1);
    return requestsPerConnection > 0 && closes === "silently" && served >= requestsPerConnection;
  }

  #closes(socket: Socket): boolean {
    const { keepAlive, requestsPerConnection, closes } = this.#options.personality.http;
    if (requestsPerConnection === 0 || closes === "silently") return !keepAlive;
    return !keepAlive || (this.#served.get(socket) ?? 0) >= requestsPerConnection;
  }

  #reply(response: ServerResponse, { status, headers, body }: Outgoing): void {
    const bytes = headers["Content-Encoding"] === "gzip" ? gzipSync(body) : Buffer.from(body);
    if (this.#closes(response.req.socket)) response.setHeader("Connection", "close");
    const length = status === 204 || status === 304 ? {} : { "Content-Length": String(bytes.byteLength) };
    response.writeHead(status, { ...headers, ...length });
    response.end(response.req.method === "HEAD" ? undefined : bytes);
  }
}
