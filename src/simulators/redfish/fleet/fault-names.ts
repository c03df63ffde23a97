// Faults by a word, for a command line: each on every request until it is switched off.
import type { Fault } from "../http/faults.ts";

const always = { count: Number.POSITIVE_INFINITY } as const;

/** `refuse` and `expired-certificate` are not of one exchange: the whole simulator is started so. */
const byName = {
  refuse: undefined,
  "expired-certificate": undefined,
  reset: { kind: "reset", when: "before", ...always },
  "lost-reply": { kind: "reset", when: "after", ...always },
  truncate: { kind: "truncate", ...always },
  hang: { kind: "hang", when: "before", ...always },
  busy: { kind: "busy", retryAfterSeconds: 5, ...always },
  drip: { kind: "drip", chunkBytes: 16, intervalMs: 250, ...always },
  "invalid-json": { kind: "invalid-json", ...always },
  "content-type": { kind: "content-type", value: "text/plain", ...always },
  html: { kind: "html", status: 500, ...always },
  huge: { kind: "huge", sizeBytes: 16 * 1024 * 1024, ...always },
  redirect: { kind: "redirect", status: 308, location: "/elsewhere", ...always },
  poison: { kind: "poison", method: "POST", ...always },
} as const satisfies Record<string, Fault | undefined>;

export type FaultName = keyof typeof byName;

export const faultNames = Object.keys(byName) as readonly FaultName[];

export const isFaultName = (name: string): name is FaultName => Object.hasOwn(byName, name);

/** Undefined for what is not a fault of one exchange. */
export const faultNamed = (name: FaultName): Fault | undefined => byName[name];
