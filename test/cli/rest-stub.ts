// A scripted gateway on a real socket: answers exactly the requests it expects, in order. One too many, one too few or a different one fails.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { expect } from "vitest";

export interface Expected {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status?: number;
  readonly json?: unknown;
  /** Instead of `json`. */
  readonly answer?: (response: ServerResponse) => void;
}

export const get = (path: string, json: unknown): Expected => ({ method: "GET", path, json });

export const post = (path: string, body: unknown, json: unknown, status = 202): Expected => ({
  method: "POST",
  path,
  body,
  json,
  status,
});

/** Answered with 202 and what was accepted, or with 204. */
export const remove = (path: string, json?: unknown): Expected => ({
  method: "DELETE",
  path,
  json,
  status: json === undefined ? 204 : 202,
});

export interface RestStub {
  readonly url: string;
  /** Fails unless every expected request came. */
  finished(): Promise<void>;
  close(): Promise<void>;
}

export const token = "mb_canary-token-0123456789";

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? undefined : JSON.parse(text);
};

const reply = (response: ServerResponse, { status = 200, json, answer }: Expected): void => {
  if (answer !== undefined) return answer(response);
  const type = status >= 400 ? "application/problem+json" : "application/json";
  response.writeHead(status, { "content-type": type });
  response.end(json === undefined ? undefined : JSON.stringify(json));
};

export const startRestStub = async (script: readonly Expected[]): Promise<RestStub> => {
  const left = [...script];
  const complaints: unknown[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const expected = left.shift();
    const body = await readBody(request);
    try {
      expect({ method: request.method, path: request.url, body }).toEqual({
        method: expected?.method,
        path: expected?.path,
        body: expected?.body,
      });
      expect(request.headers).toMatchObject({ authorization: `Bearer ${token}`, ...expected?.headers });
    } catch (error) {
      complaints.push(error);
      response.writeHead(500).end();
      return;
    }
    if (expected !== undefined) reply(response, expected);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      complaints.push(error);
      response.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the stub has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    finished: async () => {
      if (complaints.length > 0) throw complaints[0];
      expect(left.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    },
    close: async () => {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};

export interface SentEvent {
  readonly id?: number;
  readonly type: string;
  readonly data: unknown;
}

const frame = ({ id, type, data }: SentEvent): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify({ operationId: "op-1", at: "2026-11-24T03:00:00.000Z", data })}\n\n`;

/** Writes the events; `cut` breaks the connection instead of ending the stream. */
export const streams =
  (events: readonly SentEvent[], after: "end" | "cut" | "open" = "end") =>
  (response: ServerResponse): void => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`: heart-beat\n\n${events.map(frame).join("")}`, () => {
      if (after === "end") response.end();
      if (after === "cut") response.destroy();
    });
  };
