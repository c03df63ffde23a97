// Runs what is accepted: claims in the machine's turn, runs to the end, and tries again while the journal cannot be written.
import type { Clock } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { Journal, Log, OperationHandler } from "../core/ports.ts";
import type { OperationRecord } from "../core/records.ts";
import type { OperationKind } from "../core/vocabulary.ts";
import { OperationRun } from "./operation-run.ts";
import { backOffMs, type OperationPolicy } from "./policy.ts";
import { createMachineQueue, type MachineQueue } from "./queue.ts";
import { type Claimed, Interruption } from "./run-deps.ts";
import { sleepUntilAborted } from "./settle.ts";
import { hasEnded } from "./waiters.ts";

export interface RunnerDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly handlers: Readonly<Record<OperationKind, OperationHandler>>;
  readonly concurrency: number;
  readonly policy: OperationPolicy;
}

export class OperationRunner {
  readonly #deps: RunnerDeps;
  readonly #queue: MachineQueue;
  readonly #halt = new AbortController();
  readonly #active = new Map<string, OperationRun>();
  /** Cancelled here and not yet ended: a claim under way may have read the operation before its cancellation. */
  readonly #cancelled = new Set<string>();
  /** Submitted before `start` has queued what is older; undefined from then on. */
  #early: OperationRecord[] | undefined = [];

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
    this.#queue = createMachineQueue(deps.concurrency, (id) => this.#runToEnd(id));
  }

  add(operation: OperationRecord): void {
    if (this.#early) this.#early.push(operation);
    else this.#queue.push(operation.machineId, operation.id);
  }

  /** `operation` as it is after its cancellation was recorded. */
  cancel(operation: OperationRecord): void {
    if (hasEnded(operation)) {
      this.#queue.remove(operation.id);
      return;
    }
    if (!this.#queue.has(operation.id)) return;
    this.#cancelled.add(operation.id);
    this.#active.get(operation.id)?.cancel();
  }

  busy(machineId: string): boolean {
    return this.#queue.busy(machineId) || (this.#early?.some((early) => early.machineId === machineId) ?? false);
  }

  async start(): Promise<void> {
    if (!this.#early) return;
    const left = await this.#deps.journal.unfinished();
    const waiting = [...left, ...this.#early];
    this.#early = undefined;
    for (const operation of waiting) this.add(operation);
  }

  async stop(graceMs: number): Promise<void> {
    this.#halt.abort(new Interruption("stopping"));
    const idle = this.#queue.halt();
    const done = new AbortController();
    void sleepUntilAborted(this.#deps.clock, graceMs, done.signal).then(() => {
      if (!done.signal.aborted) for (const run of this.#active.values()) run.cut();
    });
    await idle;
    done.abort();
  }

  /** Never rejects, and returns early only when we stop. */
  async #runToEnd(id: string): Promise<void> {
    const { clock, policy } = this.#deps;
    const { signal } = this.#halt;
    for (let failures = 1; !signal.aborted && !(await this.#attempt(id)); failures += 1) {
      await sleepUntilAborted(clock, backOffMs(policy, failures), signal);
    }
    this.#cancelled.delete(id);
  }

  /** True when the operation has ended, or goes on elsewhere. */
  async #attempt(id: string): Promise<boolean> {
    const { journal, log } = this.#deps;
    try {
      const outcome = await this.#runClaimed(await journal.claim(id));
      if (!(outcome instanceof Interruption)) return true;
      if (!this.#halt.signal.aborted) log.error({ err: outcome, operation: id }, "the operation was interrupted");
      return outcome.fenced;
    } catch (error) {
      const gone = error instanceof MediabayError && (error.code === "INVALID_REQUEST" || error.code === "NOT_FOUND");
      if (!gone) log.error({ err: error, operation: id }, "the operation could not be claimed");
      return gone;
    }
  }

  async #runClaimed(claimed: Claimed): Promise<OperationRecord | Interruption> {
    const { id, kind } = claimed.operation;
    const { handlers, journal, clock, log, policy } = this.#deps;
    const deps = { journal, clock, log, policy, halt: this.#halt.signal };
    const run = new OperationRun(deps, claimed, handlers[kind]);
    this.#active.set(id, run);
    if (this.#cancelled.has(id)) run.cancel();
    try {
      return await run.execute();
    } finally {
      this.#active.delete(id);
    }
  }
}
