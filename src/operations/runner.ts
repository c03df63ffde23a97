// Durable operations: accepted into the journal, run in their machine's turn, resumed after a crash.
import type { Clock } from "../core/driver.ts";
import type { Journal, Log, OperationHandler, Operations } from "../core/ports.ts";
import type { OperationKind } from "../core/vocabulary.ts";
import { defaultPolicy, type OperationPolicy } from "./policy.ts";
import { OperationRunner } from "./operation-runner.ts";
import { sleepUntilAborted } from "./settle.ts";
import { createWaiters, hasEnded } from "./waiters.ts";

export interface OperationsOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly handlers: Readonly<Record<OperationKind, OperationHandler>>;
  /** Operations under way at once, over all machines. Default 64. */
  readonly concurrency?: number;
  /** What differs from `defaultPolicy`. */
  readonly policy?: Partial<OperationPolicy>;
}

const defaultConcurrency = 64;

export interface RunningOperations extends Operations {
  /** Resumes what a predecessor left, in order, and begins with what was submitted meanwhile. @throws STORE_UNAVAILABLE */
  start(): Promise<void>;
  /**
   * Begins no step any more, gives those under way `graceMs` to end, then aborts them. Nothing is undone: what has not ended is
   * resumed at the next start. Resolves when nothing runs.
   */
  stop(graceMs: number): Promise<void>;
}

export const createOperations = (options: OperationsOptions): RunningOperations => {
  const waiters = createWaiters();
  const { journal, clock, log, handlers, concurrency = defaultConcurrency } = options;
  const unsubscribe = journal.subscribe((event) => waiters.onEvent(event));
  const runner = new OperationRunner({
    journal,
    clock,
    log,
    handlers,
    concurrency,
    policy: { ...defaultPolicy, ...options.policy },
  });
  const submissions = createTails();

  return {
    submit: (operation, attachment) =>
      submissions.after(operation.machineId, async () => {
        const accepted = await journal.accept(operation, attachment);
        if (!hasEnded(accepted.operation)) runner.add(accepted.operation);
        return accepted;
      }),
    async cancel(id) {
      const operation = await journal.requestCancel(id);
      runner.cancel(operation);
      return operation;
    },
    async wait(id, timeoutMs, signal) {
      const limit = new AbortController();
      const either = signal ? AbortSignal.any([limit.signal, signal]) : limit.signal;
      const ended = waiters.ended(id, either);
      try {
        const operation = await journal.get(id);
        if (hasEnded(operation) || timeoutMs <= 0) return operation;
        await Promise.race([ended, sleepUntilAborted(clock, timeoutMs, either)]);
        return await journal.get(id);
      } finally {
        limit.abort();
      }
    },
    busy: (machineId) => submissions.busy(machineId) || runner.busy(machineId),
    start: () => runner.start(),
    async stop(graceMs) {
      await runner.stop(graceMs);
      unsubscribe();
    },
  };
};

/** Work that is done one after the other per key, in the order of calls, also when some of it fails. */
const createTails = () => {
  const tails = new Map<string, Promise<void>>();
  const after = <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const result = (tails.get(key) ?? Promise.resolve()).then(work);
    const settled = (): void => {
      if (tails.get(key) === tail) tails.delete(key);
    };
    const tail: Promise<void> = result.then(settled, settled);
    tails.set(key, tail);
    return result;
  };
  return { after, busy: (key: string) => tails.has(key) };
};
