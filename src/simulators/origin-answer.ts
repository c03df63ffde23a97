// How the origin answers a request for a file: Basic authentication, ETags, If-None-Match and single ranges (RFC 9110).
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";

export interface OriginRules {
  /** Whether Range is understood and Accept-Ranges is said; true when absent. */
  readonly ranges?: boolean;
  /** Whether files have strong ETags; true when absent. */
  readonly etags?: boolean;
  /** Demands Basic authentication on every request. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

type Window = { readonly from: number; readonly to: number };

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const nothing = new Uint8Array();

/** The answer to a GET or HEAD of a file that is there, or is not. */
export const answerTo = (request: IncomingMessage, body: Uint8Array | undefined, options: OriginRules): Answer => {
  if (!mayRead(request, options))
    return { status: 401, headers: { "WWW-Authenticate": 'Basic realm="origin"' }, body: nothing };
  if (request.method !== "GET" && request.method !== "HEAD")
    return { status: 405, headers: { Allow: "GET, HEAD" }, body: nothing };
  return body === undefined ? { status: 404, headers: {}, body: nothing } : fileAnswer(request, body, options);
};

const mayRead = (request: IncomingMessage, { credentials }: OriginRules): boolean => {
  if (credentials === undefined) return true;
  const token = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
  return request.headers.authorization === `Basic ${token}`;
};

const etags = new WeakMap<Uint8Array, string>();

const etagOf = (body: Uint8Array): string => {
  const etag = etags.get(body) ?? `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
  etags.set(body, etag);
  return etag;
};

const fileAnswer = (request: IncomingMessage, body: Uint8Array, options: OriginRules): Answer => {
  const ranges = options.ranges ?? true;
  const etag = etagOf(body);
  const headers = {
    "Content-Type": "application/octet-stream",
    ...(ranges ? { "Accept-Ranges": "bytes" } : {}),
    ...((options.etags ?? true) ? { ETag: etag } : {}),
  };
  if ((options.etags ?? true) && names(request.headers["if-none-match"], etag))
    return { status: 304, headers: { ETag: etag }, body: nothing };
  const ifRange = request.headers["if-range"];
  const asked = ranges && (ifRange === undefined || ifRange === etag) ? request.headers.range : undefined;
  const window = asked === undefined ? undefined : windowOf(asked, body.byteLength);
  if (window === undefined) return { status: 200, headers, body };
  if (window === "unsatisfiable")
    return { status: 416, headers: { "Content-Range": `bytes */${body.byteLength}` }, body: nothing };
  const contentRange = `bytes ${window.from}-${window.to - 1}/${body.byteLength}`;
  return {
    status: 206,
    headers: { ...headers, "Content-Range": contentRange },
    body: body.subarray(window.from, window.to),
  };
};

/** Whether If-None-Match names the tag, by weak comparison (§13.1.2). */
const names = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.trim() === "*" || (ifNoneMatch?.match(/"[^"]*"/g)?.includes(etag) ?? false);

/** A single range; several, or another unit, are answered with the whole. */
const windowOf = (range: string, size: number): Window | "unsatisfiable" | undefined => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range);
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const [first, last] = [match[1] ?? "", match[2] ?? ""];
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  return from < to ? { from, to } : "unsatisfiable";
};
