// One conversation with a machine's BMC at a time: BMC sessions are few, and a stored open session belongs to one conversation.
import { MediabayError } from "../core/errors.ts";

export interface Turns {
  /** Resolves when the turn comes, with the function that gives it back; in order, and ended early with the signal's reason. */
  take(key: string, signal: AbortSignal): Promise<() => void>;
}

export const createTurns = (): Turns => {
  const tails = new Map<string, Promise<void>>();

  const take: Turns["take"] = async (key, signal) => {
    const before = tails.get(key) ?? Promise.resolve();
    const mine = Promise.withResolvers<void>();
    const tail = before.then(() => mine.promise);
    tails.set(key, tail);
    const giveBack = (): void => {
      mine.resolve();
      if (tails.get(key) === tail) tails.delete(key);
    };
    try {
      await orAborted(before, signal);
      return giveBack;
    } catch (error) {
      giveBack();
      throw error;
    }
  };
  return { take };
};

const orAborted = async (turn: Promise<void>, signal: AbortSignal): Promise<void> => {
  if (signal.aborted) throw reasonOf(signal);
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(reasonOf(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([turn, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
};

const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof Error
    ? signal.reason
    : new MediabayError("MACHINE_BUSY", "The machine's turn did not come in time.");
