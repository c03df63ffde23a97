// One claimed operation, from its handler's first line to its end. A handler runs again from its top after a crash and takes the
// same path, because its steps answer as they did; that also gives a resumed compensation its undos.
import { asMediabayError, fromErrorRecord, MediabayError, toErrorRecord } from "../core/errors.ts";
import type { Json } from "../core/driver.ts";
import type { OperationContext, OperationHandler } from "../core/ports.ts";
import type { OperationRecord } from "../core/records.ts";
import { compensate } from "./compensate.ts";
import { type Claimed, Interruption, journalled, report, type RunDeps } from "./run-deps.ts";
import { settle, type Settled, sleepUntilAborted } from "./settle.ts";
import { StepRunner } from "./step-runner.ts";

export class OperationRun {
  readonly #deps: RunDeps;
  readonly #claimed: Claimed;
  readonly #handler: OperationHandler;
  readonly #abort = new AbortController();
  readonly #cut = new AbortController();
  readonly #steps: StepRunner;
  readonly #deferred: (() => Promise<void>)[] = [];

  constructor(deps: RunDeps, claimed: Claimed, handler: OperationHandler) {
    const { operation } = claimed;
    const log = deps.log.child({ operation: operation.id, kind: operation.kind, machine: operation.machineName });
    this.#deps = { ...deps, log };
    this.#claimed = claimed;
    this.#handler = handler;
    this.#steps = new StepRunner(this.#deps, claimed, this.#abort);
  }

  /** Without effect once the handler has ended: then its outcome stands. */
  cancel(): void {
    this.#abort.abort(new MediabayError("CANCELLED", "The operation was cancelled."));
  }

  /** Stops as soon as possible and leaves the operation to be resumed. */
  cut(): void {
    const interruption = new Interruption("stopping");
    this.#cut.abort(interruption);
    this.#steps.interrupt(interruption);
  }

  /** Resolves with its end, or with why it has none yet. Never rejects. */
  async execute(): Promise<OperationRecord | Interruption> {
    try {
      return await this.#execute();
    } catch (error) {
      return error instanceof Interruption ? error : new Interruption("the runner failed", error);
    } finally {
      await this.#release();
    }
  }

  async #execute(): Promise<OperationRecord> {
    const { operation } = this.#claimed;
    if (operation.state === "compensating") this.#abort.abort(compensatedError(operation));
    else if (operation.cancelRequested) this.cancel();
    const outcome = await this.#runHandler();
    const reason: unknown = this.#abort.signal.aborted ? this.#abort.signal.reason : undefined;
    // Steps that a failing handler did not wait for must end before they are undone.
    if (!outcome.ok) this.#abort.abort(asMediabayError(outcome.error));
    await this.#steps.idle();
    if (this.#steps.interruption) throw this.#steps.interruption;
    const failure = this.#failureOf(outcome, reason);
    if (failure === undefined && outcome.ok) return this.#finish("succeeded", { result: outcome.value ?? null });
    return this.#undo(failure ?? compensatedError(operation));
  }

  async #runHandler(): Promise<Settled<Json>> {
    const { clock, policy } = this.#deps;
    const done = new AbortController();
    const { deadlineAt } = this.#claimed.operation;
    if (deadlineAt !== undefined) this.#abortAt(deadlineAt, done.signal);
    try {
      return await settle(() => this.#handler(this.#context()), this.#abort.signal, clock, policy.handlerGraceMs);
    } finally {
      done.abort();
    }
  }

  #abortAt(deadlineAt: number, done: AbortSignal): void {
    const { clock } = this.#deps;
    const expire = (): void => {
      if (!done.aborted) this.#abort.abort(new MediabayError("DEADLINE_EXCEEDED", "The operation's deadline passed."));
    };
    const leftMs = deadlineAt - clock.now();
    if (leftMs <= 0) expire();
    else void sleepUntilAborted(clock, leftMs, done).then(expire);
  }

  #context(): OperationContext {
    const { operation, input, steps } = this.#claimed;
    return {
      operation,
      input,
      signal: this.#abort.signal,
      resumed: steps.length > 0 || operation.state === "compensating",
      step: this.#steps.step,
      warn: (text) => {
        if (!this.#steps.replaying) report(this.#deps, operation.id, "warning", { text });
      },
      defer: (release) => void this.#deferred.push(release),
    };
  }

  /** Undefined when the handler succeeded. A cancellation that no step met came too late. */
  #failureOf(outcome: Settled<Json>, reason: unknown): MediabayError | undefined {
    if (this.#claimed.operation.state === "compensating") return compensatedError(this.#claimed.operation);
    if (this.#steps.refused !== undefined) return asMediabayError(this.#steps.refused);
    if (outcome.ok) return undefined;
    if (reason !== undefined) return asMediabayError(reason);
    if (!(outcome.error instanceof MediabayError)) {
      this.#deps.log.error({ err: outcome.error }, "the operation's handler failed unexpectedly");
    }
    return asMediabayError(outcome.error);
  }

  async #undo(failure: MediabayError): Promise<OperationRecord> {
    const { journal } = this.#deps;
    const { claim, operation } = this.#claimed;
    const { undos } = this.#steps;
    const error = toErrorRecord(failure);
    if (undos.length > 0 && operation.state !== "compensating") {
      await journalled(() => journal.compensating(claim, error));
    }
    await compensate(this.#deps, claim, undos, this.#cut.signal);
    return this.#finish(failure.code === "CANCELLED" ? "cancelled" : "failed", { error });
  }

  async #finish(...[state, outcome]: FinishArguments): Promise<OperationRecord> {
    await this.#release();
    return journalled(() => this.#deps.journal.finish(this.#claimed.claim, state, outcome));
  }

  /** What could not be released must not change how the operation ends. */
  async #release(): Promise<void> {
    for (const release of this.#deferred.splice(0).toReversed()) {
      const [outcome] = await Promise.allSettled([release()]);
      if (outcome?.status === "rejected") this.#deps.log.warn({ err: outcome.reason as unknown }, "releasing failed");
    }
  }
}

type FinishArguments = Parameters<RunDeps["journal"]["finish"]> extends [unknown, ...infer Rest] ? Rest : never;

const compensatedError = (operation: OperationRecord): MediabayError =>
  operation.error ? fromErrorRecord(operation.error) : new MediabayError("INTERNAL", "The operation failed.");
