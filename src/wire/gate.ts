// Lets a bounded number through at once; the rest wait in order. BMCs fall over when asked for many things at a time.
import { abortError } from "./errors.ts";

export interface Gate {
  limit: number;
  /** Resolves to the function that leaves again. Rejects when the signal is aborted first. */
  enter(signal?: AbortSignal): Promise<() => void>;
}

export const createGate = (limit: number): Gate => {
  const waiting: (() => void)[] = [];
  let inside = 0;

  const admit = (): void => {
    while (inside < gate.limit) {
      const next = waiting.shift();
      if (next === undefined) return;
      next();
    }
  };

  const pass = (): (() => void) => {
    inside += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      inside -= 1;
      admit();
    };
  };

  const gate: Gate = {
    limit,
    enter: (signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(abortError(signal));
          return;
        }
        const giveUp = (): void => {
          waiting.splice(waiting.indexOf(admitted), 1);
          if (signal !== undefined) reject(abortError(signal));
        };
        const admitted = (): void => {
          signal?.removeEventListener("abort", giveUp);
          resolve(pass());
        };
        signal?.addEventListener("abort", giveUp, { once: true });
        waiting.push(admitted);
        admit();
      }),
  };
  return gate;
};
