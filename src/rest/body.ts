// Reads a JSON body with a limit, only after the caller is known. What is too large is refused by its length or at the byte that is too many.
import type { Request } from "express";
import { MediabayError } from "../core/errors.ts";
import { type BodyShare, usualBodyBytes } from "./body-budget.ts";

/** A 64 MiB image is 86 MiB in base64. */
export const sourceBodyLimitBytes = 96 * 1024 * 1024;

const mediaTypes = ["application/json", "application/merge-patch+json"];

const refuseType = (message: string, field: string): MediabayError =>
  new MediabayError("UNSUPPORTED_MEDIA_TYPE", message, { field });

/** Compressed bodies are refused: the limit would not bound what they become. */
const checkType = (request: Request): void => {
  if (request.is(mediaTypes) === false) throw refuseType("The body must be `application/json`.", "Content-Type");
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(request.headers["content-type"] ?? "")?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    throw refuseType("The body must be in UTF-8.", "Content-Type");
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() !== "identity") throw refuseType("The body must not be compressed.", "Content-Encoding");
};

/** Its length is more than usual, or not said. */
export const mayBeLarge = ({ headers }: Request): boolean =>
  Number(headers["content-length"] ?? Infinity) > usualBodyBytes;

const isReset = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ECONNRESET";

const readBytes = async (request: Request, share: BodyShare, limitBytes: number): Promise<Buffer> => {
  const tooLarge = new MediabayError("REQUEST_TOO_LARGE", `The body is larger than ${limitBytes} bytes.`);
  const statedBytes = Number(request.headers["content-length"] ?? 0);
  if (statedBytes > limitBytes) throw tooLarge;
  share.growTo(statedBytes);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    // Destroying the request would take the connection, and with it the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) throw tooLarge;
      share.growTo(sizeBytes);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (!isReset(cause)) throw cause;
    throw new MediabayError("INVALID_REQUEST", "The body did not arrive in full.", {}, { cause });
  }
  return Buffer.concat(chunks, sizeBytes);
};

/** zod drops a member of this name without a word; like every unknown member it is to be named. */
const refuseProto = (name: string, value: unknown): unknown => {
  if (name !== "__proto__") return value;
  throw new MediabayError("INVALID_REQUEST", "`__proto__` in the body is not known here.", { field: name });
};

const parse = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes), refuseProto);
  } catch (error) {
    // The error's own text quotes the body, so it is not kept as the cause.
    if (error instanceof SyntaxError) throw new MediabayError("INVALID_REQUEST", "The body is not valid JSON.");
    if (error instanceof RangeError)
      throw new MediabayError("INVALID_REQUEST", "The body's JSON is nested too deeply.");
    if (error instanceof TypeError) throw new MediabayError("INVALID_REQUEST", "The body is not valid UTF-8.");
    throw error;
  }
};

/**
 * The parsed body; undefined when there is none. `share` holds room for it.
 * @throws MediabayError INVALID_REQUEST, RATE_LIMITED, REQUEST_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE
 */
export const readBody = async (request: Request, share: BodyShare, limitBytes = usualBodyBytes): Promise<unknown> => {
  if (request.headers["content-length"] === "0") return undefined;
  checkType(request);
  const bytes = await readBytes(request, share, limitBytes);
  return bytes.length === 0 ? undefined : parse(bytes);
};
