// One HTTP request over got and its whole answer, or the reason why there is none and whether it may have been carried out.
import type { ClientRequest, IncomingHttpHeaders } from "node:http";
import got, { type Request } from "got";
import type { Clock } from "../core/driver.ts";
import type { ErrorCode, MediabayError } from "../core/errors.ts";
import type { BmcAgent } from "./agent.ts";
import { abortError, WireFailure, wireError } from "./errors.ts";
import type { Origin } from "./origin.ts";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE";

export interface HttpRequest {
  readonly method: HttpMethod;
  /** Begins with `/`; may hold a query. It never leaves the origin. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** From the request's last byte to the answer's headers, and again from there to its end. Default 60,000. */
  readonly responseTimeoutMs?: number;
  /** Counted while streaming, after decompression. Default 8 MiB. */
  readonly maxBodyBytes?: number;
  readonly signal?: AbortSignal;
  /** Called for each request that was tried, a replayed one twice. */
  onExchange?(exchange: HttpExchange): void;
}

/** One request and what came of it: no header, no body. */
export interface HttpExchange {
  readonly method: HttpMethod;
  readonly path: string;
  readonly status?: number;
  readonly error?: ErrorCode;
  readonly durationMs: number;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type Outcome =
  | { readonly reply: HttpReply }
  /** `stale`: it broke on a connection that had been used before, so the connection may be all that is wrong. */
  | { readonly error: MediabayError; readonly stale: boolean };

const defaultResponseTimeoutMs = 60_000;
const defaultMaxBodyBytes = 8 * 1024 * 1024;

export const isSafe = (method: HttpMethod): boolean => method === "GET" || method === "HEAD";

export const exchange = async (
  origin: Origin,
  agents: BmcAgent["agents"],
  clock: Clock,
  request: HttpRequest,
): Promise<Outcome> => {
  const startedAt = clock.monotonic();
  const report = (outcome: { readonly status: number } | { readonly error: ErrorCode }): void =>
    request.onExchange?.({
      method: request.method,
      path: request.path,
      ...outcome,
      durationMs: clock.monotonic() - startedAt,
    });
  const seen: Seen = {};
  try {
    const reply = await send(origin, agents, request, seen);
    report({ status: reply.status });
    return { reply };
  } catch (cause) {
    // Nothing can follow a 204, so stray bytes behind it (an iDRAC 8 sends a last chunk) spoil the connection, not the answer.
    if (seen.status === 204) {
      report({ status: 204 });
      return { reply: { status: 204, headers: seen.headers ?? {}, body: Buffer.alloc(0) } };
    }
    const error = explain(cause, origin, request, seen);
    report({ error: error.code });
    return { error, stale: isStale(error, request, seen) };
  }
};

/** What had happened when it went wrong. */
interface Seen {
  native?: ClientRequest;
  status?: number;
  headers?: IncomingHttpHeaders;
}

const send = async (
  origin: Origin,
  agents: BmcAgent["agents"],
  request: HttpRequest,
  seen: Seen,
): Promise<HttpReply> => {
  const stream = open(origin, agents, request);
  stream.once("request", (native) => {
    seen.native = native;
  });
  stream.once("response", (response) => {
    seen.status = response.statusCode;
    seen.headers = response.headers;
  });
  // The reader below reports errors; one that comes after it has given up has nobody else to hear it.
  stream.on("error", () => undefined);
  const body = await collect(stream, request.maxBodyBytes ?? defaultMaxBodyBytes);
  if (seen.status === undefined) throw new WireFailure("BMC_MALFORMED", "answered without a status");
  return { status: seen.status, headers: seen.headers ?? {}, body };
};

const open = (origin: Origin, agents: BmcAgent["agents"], request: HttpRequest): Request => {
  const timeoutMs = request.responseTimeoutMs ?? defaultResponseTimeoutMs;
  return got.stream(`${origin.text}${request.path}`, {
    method: request.method,
    agent: agents,
    headers: { "user-agent": "mediabay", "accept-encoding": "identity", ...request.headers },
    // Without one got would wait for somebody to write into the stream.
    ...(isSafe(request.method) ? {} : { body: request.body ?? "" }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    timeout: { response: timeoutMs, read: timeoutMs },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    strictContentLength: true,
  });
};

const collect = async (stream: Request, maxBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.byteLength;
    if (size > maxBytes) throw new WireFailure("BMC_MALFORMED", `sent more than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
};

const explain = (cause: unknown, origin: Origin, request: HttpRequest, seen: Seen): MediabayError => {
  if (request.signal?.aborted === true) return abortError(request.signal);
  const context = {
    uri: `${origin.text}${request.path}`,
    operation: request.method,
    ...(seen.status === undefined ? {} : { status: seen.status }),
  };
  return wireError(cause, context, !isSafe(request.method) && wasSent(seen));
};

/** Before a socket was given to the request nothing of it can have been written. */
const wasSent = (seen: Seen): boolean => seen.native?.socket !== undefined && seen.native.socket !== null;

const isStale = (error: MediabayError, request: HttpRequest, seen: Seen): boolean =>
  seen.native?.reusedSocket === true &&
  request.signal?.aborted !== true &&
  (error.code === "BMC_UNREACHABLE" || error.code === "BMC_MALFORMED");
