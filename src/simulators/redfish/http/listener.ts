// The HTTP side of a simulated service (DSP0266 clause "Protocol details"): faults, and a record of every request.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type TlsOptions, WebServer } from "../../web-server.ts";
import { FaultList, faultAfter, faultBefore, spillPoison } from "./faults.ts";
import type { Outgoing } from "./outgoing.ts";

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
  readonly keepAlive: boolean;
  readonly now: () => number;
  readonly handle: (incoming: Incoming) => Promise<Outgoing>;
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
  readonly faults = new FaultList();
  readonly #options: ListenerOptions;
  #records: { -readonly [K in keyof RequestRecord]: RequestRecord[K] }[] = [];

  constructor(options: ListenerOptions) {
    const { host, port, tls } = options;
    this.#options = options;
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
    spillPoison(request.socket);
    const body = await readBody(request);
    const fault = this.faults.take(method, url.pathname);
    if (fault !== undefined && faultBefore(fault, response)) return;
    const remoteAddress = request.socket.remoteAddress ?? "";
    const outgoing = await this.#options.handle({ method, url, headers: request.headers, body, remoteAddress });
    if (fault !== undefined && faultAfter(fault, response, outgoing)) return;
    reply(response, outgoing, this.#options.keepAlive);
  }
}

const reply = (response: ServerResponse, { status, headers, body }: Outgoing, keepAlive: boolean): void => {
  if (!keepAlive) response.setHeader("Connection", "close");
  const length = status === 204 || status === 304 ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
  response.writeHead(status, { ...headers, ...length });
  response.end(response.req.method === "HEAD" ? undefined : body);
};
