// What an origin tells the bytes of one answer from others by (RFC 9110 §8.8), and whether a later answer is of the same bytes.
import { createHash } from "node:crypto";
import type { OriginAnswer } from "../../wire/guarded/origin-client.ts";
import type { Validator } from "../sources/source.ts";

export const contentLength = ({ headers }: OriginAnswer): number | undefined =>
  headers["content-length"] === undefined ? undefined : Number(headers["content-length"]);

/** Swift sends an object's MD5 without the quotes that RFC 9110 asks for, and takes it with them. */
const entityTag = ({ headers }: OriginAnswer): string | undefined =>
  headers.etag !== undefined && /^[0-9a-f]{32}$/.test(headers.etag) ? `"${headers.etag}"` : headers.etag;

/** A strong entity tag, or a date old enough to be strong (RFC 9110 §8.8.2.2). */
const strongValidatorOf = (answer: OriginAnswer): string | undefined => {
  const { headers } = answer;
  const etag = entityTag(answer);
  if (etag !== undefined) return /^"[^"]*"$/.test(etag) ? etag : undefined;
  const modified = headers["last-modified"];
  const ageMs = Date.parse(headers.date ?? "") - Date.parse(modified ?? "");
  return ageMs >= 1000 ? modified : undefined;
};

/** What If-Range may carry. */
export const rangeValidatorOf = (answer: OriginAnswer): string | undefined =>
  answer.headers["accept-ranges"] === "none" ? undefined : strongValidatorOf(answer);

/** A signed URI is a secret, and this is kept. */
export const fingerprint = (place: string): string => createHash("sha256").update(place).digest("hex");

/**
 * None for a body that ends where its connection does: nobody can tell such a one from a part of it.
 * @param answeredBy fingerprint of the place that answered
 */
export const lastingValidatorOf = (answer: OriginAnswer, answeredBy: string): Validator | undefined => {
  const { etag, "transfer-encoding": encoding } = answer.headers;
  const strong = strongValidatorOf(answer);
  if (strong === undefined || (contentLength(answer) === undefined && encoding !== "chunked")) return undefined;
  return { answeredBy, condition: { [etag === undefined ? "if-modified-since" : "if-none-match"]: strong } };
};

/** If-None-Match compares weakly (RFC 9110 §13.1.2), and a date may match a later one: a 304 that names other bytes is not believed. */
export const confirms = (answer: OriginAnswer, { condition }: Validator): boolean => {
  const { "if-none-match": etag, "if-modified-since": modified } = condition;
  const { headers } = answer;
  if (etag !== undefined) return headers.etag === undefined || entityTag(answer) === etag;
  return headers["last-modified"] === undefined || headers["last-modified"] === modified;
};

/** Whether a 206 goes on at `from` with the bytes that `rangeValidator` is of: some servers know Range and ignore If-Range. */
export const continues = (
  answer: OriginAnswer,
  from: number,
  totalBytes: number | undefined,
  rangeValidator: string,
): boolean => {
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.headers["content-range"] ?? "") ?? [];
  const known = totalBytes === undefined || total === "*" || Number(total) === totalBytes;
  const etag = entityTag(answer);
  const sameTag = etag === undefined || !rangeValidator.startsWith('"') || etag === rangeValidator;
  return Number(first) === from && known && sameTag;
};
