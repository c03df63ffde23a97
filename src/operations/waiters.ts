// Waiting for ends of operations without asking again and again: the journal's events wake whoever waits.
import type { Json } from "../core/driver.ts";
import type { OperationEvent, OperationRecord } from "../core/records.ts";
import type { OperationState } from "../core/vocabulary.ts";

const endStates: readonly OperationState[] = ["succeeded", "failed", "cancelled"];

export const hasEnded = (operation: OperationRecord): boolean => endStates.includes(operation.state);

export interface Waiters {
  /** Resolves at the operation's end or when the signal is aborted. */
  ended(operationId: string, signal: AbortSignal): Promise<void>;
  onEvent(event: OperationEvent): void;
}

export const createWaiters = (): Waiters => {
  const waiting = new Map<string, Set<() => void>>();
  const wake = (operationId: string): void => {
    for (const resolve of waiting.get(operationId) ?? []) resolve();
  };
  return {
    async ended(operationId, signal) {
      if (signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const wakers = waiting.get(operationId) ?? new Set();
      waiting.set(operationId, wakers.add(resolve));
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      wakers.delete(resolve);
      if (wakers.size === 0) waiting.delete(operationId);
    },
    onEvent(event) {
      if (event.type === "state" && endStates.some((state) => state === stateOf(event.data))) wake(event.operationId);
    },
  };
};

const stateOf = (data: Json): unknown =>
  data !== null && typeof data === "object" && "state" in data ? data["state"] : undefined;
