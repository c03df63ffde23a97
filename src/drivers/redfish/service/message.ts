// A request to a Redfish service and its answer, as the rest of this driver sees them.
import type { IncomingHttpHeaders } from "node:http";
import type { HttpMethod, HttpReply } from "../../../wire/http.ts";
import { messagesOf, type Refusal } from "../errors.ts";
import { isResource, pathOf, type Resource } from "../schema.ts";

export interface ServiceRequest {
  readonly method: HttpMethod;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; undefined sends no body. */
  readonly body?: Resource;
  readonly timeoutMs?: number;
  /** Without our credentials, unless the service insists. */
  readonly anonymous?: boolean;
  /** With Basic even where a session is open; by the session only if Basic is refused. */
  readonly auth?: "basic";
}

export interface Reply extends Refusal {
  readonly request: ServiceRequest;
  readonly headers: IncomingHttpHeaders;
  /** Absent when the answer is not a JSON object. */
  readonly body?: Resource;
  /** The path of the Location header. */
  readonly location?: string;
}

/** Sends once, with just the given headers; `detached` outlives the session's signal. */
export type RawSend = (request: ServiceRequest, options?: { readonly detached?: boolean }) => Promise<Reply>;

export const isOk = ({ status }: { readonly status: number }): boolean => status >= 200 && status < 300;

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

export const toReply = (request: ServiceRequest, { status, headers, body: bytes }: HttpReply): Reply => {
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  const body = parseJson(text);
  const location = pathOf(headers.location);
  return {
    request,
    status,
    headers,
    text,
    messages: messagesOf(body),
    ...(isResource(body) ? { body } : {}),
    ...(location === undefined ? {} : { location }),
  };
};
