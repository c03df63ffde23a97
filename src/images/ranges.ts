// Range requests of RFC 9110 §14: which bytes of an image a `Range` header asks for. Pure.
//
// Policy for several ranges in one header: they are never answered as multipart/byteranges, which no firmware is known to
// read. The first satisfiable one is sent as a plain 206 (RFC 9110 §15.3.7 lets a server send a subset, and obliges the
// client to look at Content-Range); answering 200 with gigabytes would serve such a client worse.

/** The whole image (no range, or one to be ignored), the half-open run `[from, to)`, or nothing that exists. */
export type RangeOutcome =
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly from: number; readonly to: number }
  | { readonly kind: "unsatisfiable" };

const whole: RangeOutcome = { kind: "whole" };
const unsatisfiable: RangeOutcome = { kind: "unsatisfiable" };

/** Nearly every request of a BMC has exactly this form. */
const plain = /^bytes=(\d{1,15})-(\d{1,15})$/;
const unit = /^bytes\s*=/i;
const spec = /^(\d*)-(\d*)$/;

const part = (from: number, last: number, sizeBytes: number): RangeOutcome =>
  from >= sizeBytes ? unsatisfiable : { kind: "part", from, to: Math.min(last + 1, sizeBytes) };

/** Undefined when the text is no range at all. */
const parseSpec = (text: string, sizeBytes: number): RangeOutcome | undefined => {
  const [matched, first = "", last = ""] = spec.exec(text) ?? [];
  if (matched === undefined || matched === "-") return undefined;
  if (first === "") {
    const suffixBytes = Number(last);
    if (suffixBytes === 0 || sizeBytes === 0) return unsatisfiable;
    return { kind: "part", from: Math.max(0, sizeBytes - suffixBytes), to: sizeBytes };
  }
  if (last === "") return part(Number(first), sizeBytes - 1, sizeBytes);
  return Number(last) < Number(first) ? undefined : part(Number(first), Number(last), sizeBytes);
};

/**
 * What to send of an image of `sizeBytes`. A header that breaks the grammar, or another unit than bytes, is ignored
 * (RFC 9110 §14.2): the whole image. Never throws.
 */
export const parseRange = (header: string | undefined, sizeBytes: number): RangeOutcome => {
  if (header === undefined) return whole;
  const [quick, first, last] = plain.exec(header) ?? [];
  if (quick !== undefined && Number(last) >= Number(first)) return part(Number(first), Number(last), sizeBytes);
  if (!unit.test(header)) return whole;
  let found: RangeOutcome | undefined;
  for (const text of header.slice(header.indexOf("=") + 1).split(",")) {
    const trimmed = text.trim();
    if (trimmed === "") continue;
    const outcome = parseSpec(trimmed, sizeBytes);
    if (outcome === undefined) return whole;
    if (found === undefined || found.kind === "unsatisfiable") found = outcome;
  }
  return found ?? whole;
};
