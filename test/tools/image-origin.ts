// An HTTP origin on loopback that does what the test says, one scripted answer a request, and remembers what it was asked.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface ImageOrigin {
  readonly port: number;
  readonly url: string;
  readonly asked: readonly Asked[];
  /** How many connections came, requests or not. */
  connections(): number;
  close(): Promise<void>;
}

/** The answer is the next of `script`; the last one stays. */
export const startImageOrigin = async (...script: readonly [Answer, ...Answer[]]): Promise<ImageOrigin> => {
  const asked: Asked[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const answer = script[Math.min(asked.length, script.length - 1)] ?? script[0];
    asked.push({ path: request.url ?? "", headers: request.headers });
    answer(request, response);
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    asked,
    connections: () => connections,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** All bytes with their length; further headers as given. */
export const whole =
  (bytes: Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) => {
    response.writeHead(200, { "content-length": bytes.byteLength, ...headers }).end(bytes);
  };

/** Announces all bytes, sends `sentBytes` of them and breaks the connection. */
export const broken =
  (bytes: Uint8Array, sentBytes: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) => {
    response.writeHead(200, { "content-length": bytes.byteLength, ...headers });
    response.write(bytes.subarray(0, sentBytes), () => setImmediate(() => response.destroy()));
  };

/** Serves the range that is asked for when If-Range names `etag`, else the whole. */
export const ranged =
  (bytes: Uint8Array, etag: string): Answer =>
  (request, response) => {
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
    if (from === undefined || request.headers["if-range"] !== etag) return whole(bytes, { etag })(request, response);
    const rest = bytes.subarray(Number(from));
    const range = `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}`;
    response.writeHead(206, { "content-length": rest.byteLength, "content-range": range, etag }).end(rest);
  };

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) => {
    response.writeHead(code, headers).end("no");
  };
