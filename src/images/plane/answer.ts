// Answers one request of the image plane: GET and HEAD of a published image, whole or a range, and nothing else.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "../../core/ports.ts";
import type { ByteRange } from "../../core/records.ts";
import type { PublicationBook } from "../publications/book.ts";
import type { LastStep } from "../publications/last-read.ts";
import type { LivePublication } from "../publications/live.ts";
import { parseRange } from "../ranges.ts";
import { type AdmissionObserver, admit, isStranger } from "./admission.ts";
import { evaluateConditions, rangeApplies } from "./conditions.ts";
import type { Connection, ConnectionLimits } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { Content } from "./contents.ts";
import type { Guesses } from "./guesses.ts";
import { type Reader, readerBehind, type ReaderPolicy } from "./readers.ts";
import { startTransfer } from "./transfer.ts";

/** What others may count. Called on the data path: be quick, never throw. */
export interface ImagePlaneObserver extends AdmissionObserver {
  /** One answer ended: its status, and the image bytes that were really sent. */
  onRequest?(answer: { readonly status: number; readonly bytes: number }): void;
}

export interface Plane {
  readonly book: PublicationBook;
  readonly connections: Connections;
  readonly limits: ConnectionLimits;
  readonly readers: ReaderPolicy;
  readonly guesses: Guesses;
  readonly observer: ImagePlaneObserver;
  readonly log: Log;
  monotonic(): number;
}

/** One request on its way. `sentBytes` says what was sent so far. */
export interface Exchange {
  readonly plane: Plane;
  readonly connection: Connection;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  status: number;
  sentBytes: () => number;
  /** Runs once, when the response ended or broke: notes the read and lets go of the content. */
  finish: (() => void) | undefined;
  lastStep: LastStep | undefined;
}

const bodies = {
  404: Buffer.from("Not found\n"),
  405: Buffer.from("Method not allowed\n"),
  412: Buffer.from("Precondition failed\n"),
  416: Buffer.from("Range not satisfiable\n"),
  429: Buffer.from("Too many requests\n"),
  500: Buffer.from("Internal error\n"),
} as const;

/** What a refused body may still send before the connection is cut. */
const swallowBytes = 1 << 20;

/** The path of an origin-form or absolute-form target; whatever else follows it (a query) makes it another path. */
const pathOf = (target: string): string =>
  target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?#]*/i, "");

const refuse = (exchange: Exchange, status: keyof typeof bodies, headers: readonly string[] = []): void => {
  const { request, response } = exchange;
  exchange.status = status;
  const body = bodies[status];
  response.writeHead(status, ["Content-Type", "text/plain", "Content-Length", String(body.length), ...headers]);
  if (request.method === "HEAD") response.end();
  else response.end(body);
};

const refuseMethod = (exchange: Exchange): void => {
  const { request } = exchange;
  const allow = ["Allow", "GET, HEAD"];
  // Who waits for "100 Continue" has not sent its body: with the connection closed it need not.
  if (request.headers.expect !== undefined) return refuse(exchange, 405, [...allow, "Connection", "close"]);
  let received = 0;
  request.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (received > swallowBytes) request.socket.destroy();
  });
  refuse(exchange, 405, allow);
};

const readerOf = ({ plane, connection, request }: Exchange): Reader =>
  plane.readers.isProxy(connection.peer.address)
    ? readerBehind(connection.peer, request.headers["x-forwarded-for"], plane.readers)
    : connection.peer;

/** `last`: before the last bytes. */
type Sending = ByteRange & { readonly head: string[]; readonly last: (() => LastStep | undefined) | undefined };

const sendBytes = (exchange: Exchange, content: Content, { from, to, head, last }: Sending): void => {
  const { plane, connection, response } = exchange;
  const transfer = startTransfer({
    response,
    content,
    from,
    to,
    sendHead: () => response.writeHead(exchange.status, head),
    beforeLast: () => {
      if (exchange.finish !== undefined) exchange.lastStep = last?.();
      return exchange.lastStep?.ready;
    },
    onProgress: () => {
      connection.progress += 1;
    },
    onFailure: (error) => {
      plane.log.error({ error }, "an image could not be read");
      if (response.headersSent) connection.socket.destroy();
      else refuse(exchange, 500);
    },
  });
  exchange.sentBytes = transfer.sentBytes;
};

const answerImage = (exchange: Exchange, live: LivePublication, reader: Reader, content: Content): void => {
  const { plane, request, response } = exchange;
  const { headers } = request;
  const { sizeBytes } = content;
  const isHead = request.method === "HEAD";
  const verdict = evaluateConditions(headers, live.validators);
  if (verdict === "failed") return refuse(exchange, 412);
  if (verdict === "not-modified") {
    exchange.status = 304;
    response.writeHead(304, [...live.headers]).end();
    return;
  }
  // Range is defined for GET only (RFC 9110 §14.2).
  const ranged = !isHead && rangeApplies(headers["if-range"], live.validators);
  const range = parseRange(ranged ? headers.range : undefined, sizeBytes);
  if (range.kind === "unsatisfiable") {
    return refuse(exchange, 416, ["Content-Range", `bytes */${sizeBytes}`, "Accept-Ranges", "bytes"]);
  }
  const [from, to] = range.kind === "part" ? [range.from, range.to] : [0, sizeBytes];
  exchange.status = range.kind === "part" ? 206 : 200;
  const head = [...live.headers, "Content-Length", String(to - from)];
  if (range.kind === "part") head.push("Content-Range", `bytes ${from}-${to - 1}/${sizeBytes}`);
  const method = isHead ? "HEAD" : "GET";
  const stranger = isStranger(live, reader);
  const { remote } = reader;
  exchange.finish = () =>
    plane.book.noteRead(live, { remote, method, from, to: from + exchange.sentBytes(), ...(stranger && { stranger }) });
  if (isHead || to === from) {
    response.writeHead(200, head).end();
    return;
  }
  const last = stranger ? undefined : () => plane.book.lastStep(live, { from, to });
  sendBytes(exchange, content, { from, to, head, last });
};

/** Holds the content until the exchange is over; a withdrawal in between is a 404, or cuts what runs. */
const withContent = (exchange: Exchange, live: LivePublication, reader: Reader, content: Content): void => {
  const { plane, connection, response } = exchange;
  const { digest } = live.record;
  if (response.destroyed || plane.book.at(live.path) !== live) {
    plane.book.contents.release(digest);
    if (!response.destroyed) refuse(exchange, 404);
    return;
  }
  answerImage(exchange, live, reader, content);
  const note = exchange.finish;
  const cut = (): void => {
    exchange.finish?.();
    connection.socket.destroy();
  };
  live.transfers.add(cut);
  exchange.finish = () => {
    exchange.finish = undefined;
    live.transfers.delete(cut);
    plane.book.contents.release(digest);
    if (exchange.status < 300) note?.();
    exchange.lastStep?.over();
  };
};

export const answer = (exchange: Exchange): void => {
  const { plane, request, response } = exchange;
  if (request.method !== "GET" && request.method !== "HEAD") return refuseMethod(exchange);
  const live = plane.book.at(pathOf(request.url ?? ""));
  const reader = readerOf(exchange);
  const verdict = admit(plane, live, reader);
  if (typeof verdict === "object") {
    return refuse(exchange, 429, ["Retry-After", String(verdict.retryAfterS), "Connection", "close"]);
  }
  if (!live || verdict === "unknown") {
    refuse(exchange, 404);
    if (live) plane.book.noteRefused(live, reader.remote);
    return;
  }
  const content = plane.book.ready(live);
  if (content) return withContent(exchange, live, reader, content);
  plane.book.prepare(live).then(
    (opened) => withContent(exchange, live, reader, opened),
    (error: unknown) => {
      plane.log.error({ error, attachmentId: live.record.attachmentId }, "a published image could not be opened");
      if (!response.destroyed) refuse(exchange, 500);
    },
  );
};
