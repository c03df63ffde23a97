// Conditional requests of RFC 9110 §13 against an image that never changes while it is published. Pure.
import type { IncomingHttpHeaders } from "node:http";

/** Both are strong: the bytes under one URL are the same for its whole life. */
export interface Validators {
  /** With its quotes. */
  readonly etag: string;
  /** Epoch milliseconds, whole seconds. */
  readonly modifiedAt: number;
}

export type Verdict = "proceed" | "not-modified" | "failed";

const tags = (list: string): readonly string[] => list.match(/(?:W\/)?"[^"]*"/g) ?? [];

const names = (list: string, etag: string, weak: boolean): boolean =>
  list.trim() === "*" || tags(list).some((tag) => (weak ? tag.replace(/^W\//, "") : tag) === etag);

/** NaN for what is no date: every comparison with it is false, so the header is ignored. */
const date = (header: string | undefined): number => (header === undefined ? Number.NaN : Date.parse(header));

/** The order is that of RFC 9110 §13.2.2. */
export const evaluateConditions = (headers: IncomingHttpHeaders, { etag, modifiedAt }: Validators): Verdict => {
  const match = headers["if-match"];
  if (match !== undefined) {
    if (!names(match, etag, false)) return "failed";
  } else if (modifiedAt > date(headers["if-unmodified-since"])) {
    return "failed";
  }
  const noneMatch = headers["if-none-match"];
  if (noneMatch !== undefined) return names(noneMatch, etag, true) ? "not-modified" : "proceed";
  return modifiedAt <= date(headers["if-modified-since"]) ? "not-modified" : "proceed";
};

/** Whether `Range` counts (RFC 9110 §13.1.5): no If-Range, or one that names exactly this image. */
export const rangeApplies = (ifRange: string | readonly string[] | undefined, validators: Validators): boolean => {
  if (ifRange === undefined) return true;
  if (typeof ifRange !== "string") return false;
  const text = ifRange.trim();
  return text.endsWith('"') ? text === validators.etag : Date.parse(text) === validators.modifiedAt;
};

/** The part of the head that every answer about an image shares; node:http keeps the case, which some readers insist on. */
export const imageHeaders = ({ etag, modifiedAt }: Validators): readonly string[] =>
  Object.entries({
    "Content-Type": "application/octet-stream",
    // QEMU's curl driver looks for exactly these letters; nbdkit insists on lower-case `bytes`.
    "Accept-Ranges": "bytes",
    ETag: etag,
    "Last-Modified": new Date(modifiedAt).toUTCString(),
    // Config drives hold secrets: nothing between us and the BMC may keep them, or change (compress) them.
    "Cache-Control": "no-store, no-transform",
  }).flat();
