// The operations runner over a real journal in a temporary folder, with handlers that a test writes and a clock that it moves.
import type { Json } from "../../src/core/driver.ts";
import type { Log, NewOperation, OperationHandler } from "../../src/core/ports.ts";
import type { OperationRecord } from "../../src/core/records.ts";
import { operationKinds, type OperationKind } from "../../src/core/vocabulary.ts";
import type { OperationPolicy } from "../../src/operations/policy.ts";
import { createOperations, type RunningOperations } from "../../src/operations/runner.ts";
import type { Store } from "../../src/store/open-store.ts";
import type { ManualClock } from "./manual-clock.ts";
import { sampleMachine, sampleOperation } from "./store-samples.ts";
import { openTempStore } from "./temp-store.ts";

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: object;
}

export const collectingLog = (lines: LogLine[], bound: object = {}): Log => {
  const write = (level: LogLine["level"]) => (fields: object, message: string) => {
    lines.push({ level, message, fields: { ...bound, ...fields } });
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => collectingLog(lines, { ...bound, ...fields }),
  };
};

export interface OperationsBench {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly log: readonly LogLine[];
  readonly operations: RunningOperations;
  submit(id: string, changes?: Partial<NewOperation>): Promise<OperationRecord>;
  /** Submits and moves the clock until it has ended. */
  run(id: string, changes?: Partial<NewOperation>): Promise<OperationRecord>;
  ended(id: string): Promise<OperationRecord>;
  /** As after `kill -9`: what is on the disk is opened by new operations, not yet started. The old ones can write no more. */
  crash(handler: OperationHandler): Promise<RunningOperations>;
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly policy?: Partial<OperationPolicy>;
  readonly concurrency?: number;
  readonly started?: boolean;
  /** Stands between the runner and the journal. */
  readonly wrap?: (store: Store) => Store["journal"];
}

const everyKind = (handler: OperationHandler): Readonly<Record<OperationKind, OperationHandler>> =>
  Object.fromEntries(operationKinds.map((kind) => [kind, handler])) as Record<OperationKind, OperationHandler>;

export const openOperations = async (
  handler: OperationHandler,
  options: BenchOptions = {},
): Promise<OperationsBench> => {
  const { policy = {}, concurrency = 64, started = true, wrap = (store) => store.journal } = options;
  const temp = await openTempStore();
  const { clock } = temp;
  for (const name of ["m1", "m2", "m3"]) await temp.store.machines.create(sampleMachine(name), []);
  const lines: LogLine[] = [];
  const create = (handle: OperationHandler): RunningOperations =>
    createOperations({
      journal: wrap(temp.store),
      clock,
      log: collectingLog(lines),
      handlers: everyKind(handle),
      policy,
      concurrency,
    });
  const all = [create(handler)];
  const current = (): RunningOperations => {
    const last = all.at(-1);
    if (!last) throw new Error("there are no operations");
    return last;
  };
  if (started) await current().start();

  const ended = async (id: string): Promise<OperationRecord> => {
    let over = false;
    const waiting = current().wait(id, 86_400_000);
    void waiting.then(() => {
      over = true;
    });
    await clock.advanceUntil(() => over, 250);
    return waiting;
  };
  const submit: OperationsBench["submit"] = async (id, changes = {}) => {
    const { operation } = await current().submit(sampleOperation(id, { createdAt: clock.now(), ...changes }));
    return operation;
  };
  return {
    get store() {
      return temp.store;
    },
    get operations() {
      return current();
    },
    clock,
    log: lines,
    submit,
    ended,
    async run(id, changes) {
      await submit(id, changes);
      return ended(id);
    },
    async crash(next) {
      await temp.crash();
      all.push(create(next));
      return current();
    },
    async close() {
      const stopping = all.map((operations) => operations.stop(0));
      let stopped = false;
      void Promise.all(stopping).then(() => {
        stopped = true;
      });
      await clock.advanceUntil(() => stopped, 1_000);
      if (clock.sleeping > 0) throw new Error(`${clock.sleeping} sleeps were left behind`);
      await temp.close();
    },
  };
};

/** Never ends by itself; rejects with the signal's reason. */
export const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const stop = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });

export const stepStates = (operation: OperationRecord): readonly Json[] =>
  operation.steps.map((step) => [step.name, step.state, step.attempts]);
