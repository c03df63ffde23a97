// The clock of the running process: the only place in src/ that reads time or sets a timer for waiting.
import type { Clock } from "../core/driver.ts";

/** Timers of Node hold at most 2^31 - 1 ms; longer waits are taken in turns. */
const longestTimerMs = 2_147_483_647;

const sleepOnce = (ms: number, signal: AbortSignal | undefined): Promise<void> => {
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
};

/** Wall clock, monotonic clock and timers of this process. A negative or zero wait still yields once. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    let leftMs = Math.max(0, ms);
    while (leftMs > longestTimerMs) {
      await sleepOnce(longestTimerMs, signal);
      leftMs -= longestTimerMs;
    }
    await sleepOnce(leftMs, signal);
  },
};
