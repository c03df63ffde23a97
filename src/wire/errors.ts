// What goes wrong between us and a BMC's socket, in our codes. The driver above adds what the BMC itself said.
import { MediabayError, type ErrorCode, type ErrorContext } from "../core/errors.ts";

/** Thrown by the dialler and the body reader, so that no code has to be guessed from a message. */
export class WireFailure extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "WireFailure";
    this.code = code;
  }
}

/** Error codes of Node and OpenSSL that speak of certificates or the handshake. */
const tlsCode =
  /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH)/;

/** llhttp's parser codes, and the lengths that do not add up. */
const brokenCode = /^(HPE_|ERR_HTTP_CONTENT_LENGTH_MISMATCH|Z_|ERR_STREAM_PREMATURE_CLOSE)/;

const property = (error: unknown, name: "code" | "cause"): unknown =>
  error instanceof Error && name in error ? Reflect.get(error, name) : undefined;

const chain = (error: unknown): readonly unknown[] => {
  const links: unknown[] = [];
  for (let link: unknown = error; link instanceof Error && links.length < 8; link = property(link, "cause"))
    links.push(link);
  return links;
};

const find = <T>(error: unknown, kind: abstract new (...args: never[]) => T): T | undefined =>
  chain(error).find((link): link is T => link instanceof kind);

/** The system or library code at the root of an error, such as ECONNREFUSED. */
export const systemCode = (error: unknown): string | undefined =>
  chain(error)
    .map((link) => property(link, "code"))
    .find((code): code is string => typeof code === "string" && !code.startsWith("ERR_GOT"));

export const isTlsCode = (code: string | undefined): boolean => code !== undefined && tlsCode.test(code);

const classify = (error: unknown): { readonly code: ErrorCode; readonly why: string } => {
  const failure = find(error, WireFailure);
  if (failure !== undefined) return { code: failure.code, why: failure.message };
  const code = systemCode(error);
  if (isTlsCode(code)) return { code: "BMC_TLS", why: `TLS failed (${code})` };
  if (code === "ETIMEDOUT") return { code: "BMC_TIMEOUT", why: "did not answer in time" };
  if (code !== undefined && brokenCode.test(code))
    return { code: "BMC_MALFORMED", why: `sent a broken HTTP answer (${code})` };
  return { code: "BMC_UNREACHABLE", why: `the connection failed (${code ?? "no code"})` };
};

/** The reason of an abort as an error that may cross a room's border. */
export const abortError = (signal: AbortSignal): MediabayError =>
  signal.reason instanceof MediabayError
    ? signal.reason
    : new MediabayError("CANCELLED", "The request to the BMC was given up.", {}, { cause: signal.reason });

/**
 * `lost` says that the request may have been carried out although no answer was understood: never repeat such a POST blindly.
 */
export const wireError = (error: unknown, context: ErrorContext, lost: boolean): MediabayError => {
  if (error instanceof MediabayError) return error;
  const { code, why } = classify(error);
  const message = `${context.uri ?? "The BMC"}: ${why}.`;
  return new MediabayError(code, message, lost ? { ...context, replyLost: true } : context, { cause: error });
};

/** True when a request that changes something was sent but its answer never came or was not understood. */
export const isReplyLost = (error: unknown): boolean =>
  error instanceof MediabayError && error.context["replyLost"] === true;
