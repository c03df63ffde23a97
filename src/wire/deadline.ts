// Bounds a wait on a socket by the clock and by a signal.
import type { Clock } from "../core/driver.ts";

/**
 * The promise's outcome, or `expired()` thrown after `timeoutMs`, or the signal's reason when it is aborted first.
 * The loser's later rejection is taken care of.
 */
export const within = async <T>(
  promise: Promise<T>,
  timeoutMs: number,
  clock: Clock,
  expired: () => Error,
  signal?: AbortSignal,
): Promise<T> => {
  const settled = new AbortController();
  const stop = signal === undefined ? settled.signal : AbortSignal.any([settled.signal, signal]);
  const expiry = clock.sleep(timeoutMs, stop).then(() => {
    throw expired();
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    settled.abort();
    await Promise.allSettled([expiry]);
  }
};
