// Keeps a distance between the requests of one conversation, and a greater one once the BMC shows that it cannot follow.
import type { Clock } from "../../../core/driver.ts";

export interface Pace {
  /** From an answer to the next request. */
  minGapMs: number;
  /** Resolves when the next request may be sent. */
  turn(signal?: AbortSignal): Promise<void>;
  /** `overloaded`: the answer was that it is too busy, or there was none in time. */
  answered(overloaded: boolean): void;
}

const firstGapMs = 250;
const longestGapMs = 2000;

export const createPace = (clock: Clock): Pace => {
  let ownGapMs = 0;
  let lastAt: number | undefined;
  const pace: Pace = {
    minGapMs: 0,
    turn: async (signal) => {
      if (lastAt === undefined) return;
      const waitMs = lastAt + Math.max(pace.minGapMs, ownGapMs) - clock.monotonic();
      if (waitMs > 0) await clock.sleep(waitMs, signal);
    },
    answered: (overloaded) => {
      lastAt = clock.monotonic();
      if (overloaded) ownGapMs = Math.min(Math.max(firstGapMs, 2 * Math.max(pace.minGapMs, ownGapMs)), longestGapMs);
    },
  };
  return pace;
};
