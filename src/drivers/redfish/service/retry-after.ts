// When a service wants to be asked again (RFC 9110 §10.2.3).
import type { Reply } from "./message.ts";

const longestMs = 30_000;

/** Retry-After is seconds or a date; what asks for more than half a minute is asked sooner all the same. Undefined where there is none. */
export const retryAfterMs = ({ headers }: Pick<Reply, "headers">, now: number): number | undefined => {
  const wanted = headers["retry-after"];
  if (wanted === undefined) return undefined;
  const ms = /^\d+$/.test(wanted) ? Number(wanted) * 1000 : Date.parse(wanted) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestMs);
};
