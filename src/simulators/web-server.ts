// A web server of a simulator: HTTP or HTTPS on a real socket, its connections numbered, able to refuse connects and to come back.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";

type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** PEM texts, and what else `node:tls` takes of them. */
export interface TlsOptions {
  readonly key: string;
  readonly cert: string;
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  readonly ciphers?: string;
}

export interface WebServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls: TlsOptions | undefined;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse, connection: number) => Promise<void>;
}

export class WebServer {
  readonly #options: WebServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #numbers = new WeakMap<Socket, number>();
  #port: number;
  #accepted = 0;
  #numbered = 0;

  constructor(options: WebServerOptions) {
    const { tls } = options;
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => this.#answer(request, response);
    this.#options = options;
    this.#port = options.port;
    this.#server = tls === undefined ? createServer(onRequest) : createTlsServer({ ...tls }, onRequest);
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on("connection", (socket: Socket) => {
      this.#accepted += 1;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    this.#server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      this.#numbered += 1;
      this.#numbers.set(socket, this.#numbered);
    });
  }

  /** `http://127.0.0.1:port`, without a path. */
  get url(): string {
    const { host, tls } = this.#options;
    return `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${this.#port}`;
  }

  /** TCP connections accepted since the start. */
  get connections(): number {
    return this.#accepted;
  }

  /** Listens; after a `refuse` on the same port again. @throws when the port is taken */
  async accept(): Promise<void> {
    if (this.#server.listening) return;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, this.#options.host, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Stops listening and drops every connection: the next connect is refused. */
  refuse(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    const closing = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    if (this.#server.listening) this.refuse();
    await Promise.all(closing);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#numbers.get(request.socket) ?? 0;
    this.#options.onRequest(request, response, connection).catch((error: unknown) => {
      // A client that went away while it sent its body; anything else is a defect of the simulator and shows in the reply.
      const text = String(error).replaceAll(/[^ -~]/gu, " ");
      if (!response.headersSent) response.writeHead(500, { "X-Simulator-Error": text });
      response.end();
    });
  }
}
