// Waiting for work that may not end when it is told to.
import type { Clock } from "../core/driver.ts";

export type Settled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown; readonly leftBehind: boolean };

/** Sleeps; an aborted signal ends the sleep early, without an error. */
export const sleepUntilAborted = async (clock: Clock, ms: number, signal: AbortSignal): Promise<void> => {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
};

/** Resolves when the signal is aborted; `release` forgets the wait. */
const whenAborted = (signal: AbortSignal): { readonly aborted: Promise<void>; release(): void } => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  if (signal.aborted) resolve();
  else signal.addEventListener("abort", onAbort, { once: true });
  return { aborted: promise, release: () => signal.removeEventListener("abort", onAbort) };
};

/**
 * Runs `work` to its end. Once `signal` is aborted it has `graceMs` more; after that it is left behind (its later outcome is
 * dropped) and the signal's reason is the error.
 */
export const settle = async <T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  clock: Clock,
  graceMs: number,
): Promise<Settled<T>> => {
  const ended = new AbortController();
  const outcome: Promise<Settled<T>> = (async () => work())().then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, error, leftBehind: false }),
  );
  const abortion = whenAborted(signal);
  const tooLate = abortion.aborted.then(async (): Promise<Settled<T>> => {
    await sleepUntilAborted(clock, graceMs, ended.signal);
    return { ok: false, error: signal.reason, leftBehind: true };
  });
  try {
    return await Promise.race([outcome, tooLate]);
  } finally {
    ended.abort();
    abortion.release();
  }
};
