// A TCP or TLS server that answers each request with the bytes a test gives: for what no proper web server would send.
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

export interface RawRequest {
  /** `GET /path`. */
  readonly line: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Number of its connection, from 1. */
  readonly connection: number;
}

export interface RawServer {
  readonly port: number;
  /** `http://127.0.0.1:port`, or https. */
  readonly url: string;
  readonly requests: readonly RawRequest[];
  /** Connections accepted; for TLS those whose handshake was done. */
  connections(): number;
  /** Bytes of requests received, of whole ones or not. */
  receivedBytes(): number;
  close(): Promise<void>;
}

export type RawHandler = (request: RawRequest, socket: Socket) => void;

/** A whole answer with its Content-Length. */
export const answer = (status: number, body = "", headers: Readonly<Record<string, string>> = {}): string => {
  const lines = Object.entries({ "Content-Length": String(Buffer.byteLength(body)), ...headers });
  return [`HTTP/1.1 ${status} X`, ...lines.map(([name, value]) => `${name}: ${value}`), "", body].join("\r\n");
};

const parse = (text: string, connection: number): { request: RawRequest; rest: string } | undefined => {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line = "", ...fields] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    fields.map((field) => {
      const [name = "", ...value] = field.split(": ");
      return [name.toLowerCase(), value.join(": ")];
    }),
  );
  const length = Number(headers["content-length"] ?? 0);
  if (text.length < end + 4 + length) return undefined;
  const body = text.slice(end + 4, end + 4 + length);
  const request = { line: line.replace(/ HTTP\/1\.1$/, ""), headers, body, connection };
  return { request, rest: text.slice(end + 4 + length) };
};

export const startRawServer = async (handle: RawHandler, tls?: TlsOptions): Promise<RawServer> => {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let receivedBytes = 0;
  const serve = (socket: Socket): void => {
    const connection = (connections += 1);
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    let text = "";
    socket.on("data", (data) => {
      receivedBytes += data.length;
      text += data.toString("latin1");
      for (let next = parse(text, connection); next !== undefined; next = parse(text, connection)) {
        text = next.rest;
        requests.push(next.request);
        handle(next.request, socket);
      }
    });
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  server.on("tlsClientError", (_error, socket: Socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    requests,
    connections: () => connections,
    receivedBytes: () => receivedBytes,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
