// A clock on which every sleep is over at once and is written down: for code that waits between tries.
import type { Clock } from "../../src/core/driver.ts";

export interface HastyClock extends Clock {
  /** The sleeps so far, in milliseconds. */
  readonly slept: readonly number[];
}

export const createHastyClock = (startMs = Date.UTC(2026, 0, 1)): HastyClock => {
  const slept: number[] = [];
  let elapsedMs = 0;
  return {
    slept,
    now: () => startMs + elapsedMs,
    monotonic: () => elapsedMs,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      elapsedMs += ms;
    },
  };
};
