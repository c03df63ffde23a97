// Time for simulators: a test hands in its own and moves it; the machine's is the default.
import { setTimeout as pause } from "node:timers/promises";

export interface SimulatorClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Rejects when `signal` aborts. A clock without it is slept on by the machine's timers. */
  sleep?(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: SimulatorClock = { now: () => Date.now() };

/** Waits `ms` on the clock; also resolves when `signal` aborts. */
export const sleepOn = async (clock: SimulatorClock, ms: number, signal: AbortSignal): Promise<void> => {
  if (ms <= 0 || signal.aborted) return;
  try {
    await (clock.sleep?.(ms, signal) ?? pause(ms, undefined, { signal, ref: false }));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
};
