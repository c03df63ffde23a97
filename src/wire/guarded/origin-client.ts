// Requests to an origin that a caller named: every connection is judged by the address policy, redirects are followed by hand so that
// each is judged anew, and credentials go to the origin they were given for and nowhere else (RFC 9110 §15.4, RFC 7617).
import type { IncomingHttpHeaders } from "node:http";
import got, { type OptionsInit, type Response } from "got";
import { MediabayError } from "../../core/errors.ts";
import { redactText } from "../../core/redact.ts";
import { type AddressPolicy, forbiddenByPolicy } from "../address-policy.ts";
import { createGuardedAgents, type LookupFunction } from "./agent.ts";
import { leastPieceBytes, watchPieces } from "./pieces.ts";

export interface OriginTimeouts {
  /** For each of name resolution, connecting and the TLS handshake. */
  readonly connectMs: number;
  /** From the request to the first byte of the answer. */
  readonly responseMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
}

export interface OriginClientOptions {
  readonly policy: AddressPolicy;
  /** Of other origins, to which one redirects. Default `policy`. */
  readonly elsewhere?: AddressPolicy;
  readonly timeouts: OriginTimeouts;
  readonly lookup?: LookupFunction;
  /** PEM certificates trusted beside the default set. */
  readonly ca?: readonly string[];
}

export type HeaderFields = Readonly<Record<string, string>>;

export interface OriginAnswer {
  /** Who answered, after all redirects; without user information. */
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The bytes as sent, never decompressed. @throws MediabayError SOURCE_UNREACHABLE when they break off */
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops the connection. Idempotent. */
  close(): void;
}

export interface OriginRequest {
  /** http or https; its user information becomes Basic for that origin only. */
  readonly uri: URL;
  readonly headers?: HeaderFields;
  /** For the URI's own origin alone, whoever redirects. */
  readonly credentials?: HeaderFields;
  /** What goes to one place alone: asked anew for each redirect's target. */
  readonly only?: (target: URL) => HeaderFields;
  /** `answered`: a redirect is the answer. Default `followed`. */
  readonly redirects?: "followed" | "answered";
}

export interface OriginReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Both throw MediabayError SOURCE_FORBIDDEN (policy), SOURCE_REFUSED, SOURCE_UNREACHABLE (`context.tls` set when the certificate is at fault). */
export interface OriginClient {
  get(request: OriginRequest, signal: AbortSignal): Promise<OriginAnswer>;
  /**
   * Sends JSON; a redirect is the answer.
   * @param mostBytes a longer answer is refused
   */
  post(uri: URL, json: unknown, mostBytes: number, signal: AbortSignal): Promise<OriginReply>;
}

const mostRedirects = 5;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

const certificateFault = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name does not resolve",
  EAI_AGAIN: "its name cannot be resolved at the moment",
  ECONNREFUSED: "it refused the connection",
  ECONNRESET: "it broke the connection",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no route to it",
  ETIMEDOUT: "it did not answer in time",
  EPROTO: "TLS with it failed",
};

const errorCode = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** The client's own error holds the whole request, credentials included: only its text and code may live on. */
const withoutRequest = (error: unknown, code: string): Error =>
  Object.assign(new Error(error instanceof Error ? redactText(error.message) : "unknown"), { code });

const translate = (error: unknown, host: string, signal: AbortSignal): unknown => {
  if (signal.aborted) return signal.reason;
  for (let inner = error; inner instanceof Error; inner = inner.cause) if (inner instanceof MediabayError) return inner;
  const code = errorCode(error);
  const tls = certificateFault.test(code);
  const reason = tls ? "its certificate is not trusted" : (reasons[code] ?? "the transfer failed");
  const context = tls
    ? {
        tls: code,
        hint: "Make the gateway trust the origin's CA: NODE_EXTRA_CA_CERTS names a PEM file in its environment.",
      }
    : {};
  const message = `The origin ${host} cannot be reached: ${reason}${code === "" ? "" : ` (${code})`}.`;
  return new MediabayError("SOURCE_UNREACHABLE", message, { host, ...context }, { cause: withoutRequest(error, code) });
};

const refused = (host: string, what: string, context: { readonly hint?: string } = {}): MediabayError =>
  new MediabayError("SOURCE_REFUSED", `The origin ${host} ${what}.`, { host, ...context });

const inCrumbs = (host: string): MediabayError =>
  refused(host, `sends its body in pieces of less than ${leastPieceBytes} bytes`, {
    hint: "Serve the image from an origin that sends it in larger pieces.",
  });

const basic = (uri: URL): string | undefined => {
  if (uri.username === "" && uri.password === "") return undefined;
  const pair = `${decodeURIComponent(uri.username)}:${decodeURIComponent(uri.password)}`;
  return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
};

const withoutUserInfo = (uri: URL): URL => {
  const bare = new URL(uri);
  bare.username = "";
  bare.password = "";
  return bare;
};

const ours = { "accept-encoding": "identity", "user-agent": "mediabay" } as const;

/** @throws MediabayError SOURCE_REFUSED when there are more */
const firstBytes = async ({ body, url }: OriginAnswer, mostBytes: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > mostBytes) throw refused(url.host, `answers with more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const portOf = (uri: URL): number => Number(uri.port) || (uri.protocol === "https:" ? 443 : 80);

/** @throws MediabayError SOURCE_REFUSED, SOURCE_FORBIDDEN */
const redirectTarget = (from: URL, location: string | undefined, credentialed: boolean): URL => {
  if (location === undefined || !URL.canParse(location, from.href)) throw refused(from.host, "redirects to nowhere");
  const target = withoutUserInfo(new URL(location, from));
  if (target.protocol !== "http:" && target.protocol !== "https:")
    throw new MediabayError(
      "SOURCE_FORBIDDEN",
      `The origin ${from.host} redirects to ${target.protocol}, which is not followed.`,
      { host: from.host, hint: "Give a URI that leads to the image by http or https." },
    );
  if (credentialed && from.protocol === "https:" && target.protocol === "http:")
    throw new MediabayError(
      "SOURCE_FORBIDDEN",
      `The origin ${from.host} redirects a request with credentials from https to http.`,
      { host: from.host, hint: "Give a URI that stays with https, or no credentials where the image needs none." },
    );
  return target;
};

export const createOriginClient = ({ policy, elsewhere, timeouts, lookup, ca }: OriginClientOptions): OriginClient => {
  const guard = (by: AddressPolicy) => ({
    policy: by,
    agent: createGuardedAgents(by, { ...(lookup && { lookup }), ...(ca && { ca }) }),
  });
  const here = guard(policy);
  const there = elsewhere === undefined ? here : guard(elsewhere);
  const options = {
    decompress: false,
    followRedirect: false,
    throwHttpErrors: false,
    retry: { limit: 0 },
    timeout: {
      lookup: timeouts.connectMs,
      connect: timeouts.connectMs,
      secureConnect: timeouts.connectMs,
      response: timeouts.responseMs,
      socket: timeouts.idleMs,
    },
  } satisfies OptionsInit;

  const request = async (
    uri: URL,
    changes: OptionsInit,
    signal: AbortSignal,
    { policy: judge, agent } = here,
  ): Promise<OriginAnswer> => {
    const refusal = judge.refusalOfHost(uri.hostname, portOf(uri));
    if (refusal !== undefined) throw forbiddenByPolicy(uri.hostname, refusal);
    signal.throwIfAborted();
    const stream = got.stream(uri.href, { ...options, ...changes, agent, signal });
    // Once the answer is there, an error reaches whoever iterates the body; before, this promise.
    stream.on("error", () => undefined);
    const response = await new Promise<Response>((resolve, reject) => {
      stream.once("response", (begun: Response) => {
        watchPieces(begun, () => stream.destroy(inCrumbs(uri.host)));
        resolve(begun);
      });
      stream.once("error", (error) => reject(translate(error, uri.host, signal)));
    });
    const body = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for await (const chunk of stream) yield chunk as Uint8Array;
      } catch (error) {
        throw translate(error, uri.host, signal);
      }
    };
    const { statusCode: status, headers: received } = response;
    return { url: uri, status, headers: received, body: body(), close: () => stream.destroy() };
  };

  return {
    async get({ uri, headers, credentials, only, redirects: wanted = "followed" }, signal) {
      const authorization = basic(uri);
      const own = { ...(authorization !== undefined && { authorization }), ...credentials };
      const credentialed = Object.keys(own).length > 0;
      let target = withoutUserInfo(uri);
      const { origin } = target;
      for (let hops = 0; hops <= mostRedirects; hops += 1) {
        const isOwn = target.origin === origin;
        const secret = isOwn ? own : {};
        const sent = { ...secret, ...headers, ...only?.(target), ...ours };
        const answer = await request(target, { headers: sent }, signal, isOwn ? here : there);
        if (wanted === "answered" || !redirects.has(answer.status)) return answer;
        answer.close();
        target = redirectTarget(target, answer.headers.location, credentialed);
      }
      throw refused(uri.host, `redirects more than ${mostRedirects} times`);
    },

    async post(uri, json, mostBytes, signal) {
      // The body is small and read at once: a bound on the whole keeps one that drips from holding us.
      const timeout = { ...options.timeout, request: timeouts.responseMs + timeouts.idleMs };
      const answer = await request(uri, { method: "POST", json, headers: ours, timeout }, signal);
      try {
        return { status: answer.status, headers: answer.headers, body: await firstBytes(answer, mostBytes) };
      } finally {
        answer.close();
      }
    },
  };
};
