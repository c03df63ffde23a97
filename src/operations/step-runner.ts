// The steps of one run: each runs once and is journalled, a finished one answers its output, and undos are remembered in the
// order of their beginning. Once the run is refused (cancelled, out of time, stopping) only what was begun before is looked up.
import type { Json } from "../core/driver.ts";
import { asMediabayError, fromErrorRecord, MediabayError, toErrorRecord } from "../core/errors.ts";
import type { OperationContext, StepContext, StepEntry } from "../core/ports.ts";
import { mayRetry, retryDelayMs } from "./policy.ts";
import { type Claimed, Interruption, journalled, report, type RunDeps } from "./run-deps.ts";
import { settle, type Settled, sleepUntilAborted } from "./settle.ts";

export interface Undo {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

interface Step<T> {
  readonly name: string;
  readonly title: string;
  run(step: StepContext): Promise<T>;
  readonly undo: ((output: T | undefined, signal: AbortSignal) => Promise<void>) | undefined;
}

export class StepRunner {
  readonly #deps: RunDeps;
  readonly #claimed: Claimed;
  readonly #abort: AbortController;
  readonly #entries: Map<string, StepEntry>;
  readonly #undos = new Map<string, Undo>();
  readonly #underWay = new Map<string, Promise<unknown>>();
  #met = 0;
  #refused: unknown;
  #interruption: Interruption | undefined;

  constructor(deps: RunDeps, claimed: Claimed, abort: AbortController) {
    this.#deps = deps;
    this.#claimed = claimed;
    this.#abort = abort;
    this.#entries = new Map(claimed.steps.map((entry) => [entry.name, entry]));
  }

  /** Of the steps that were begun and not undone, in the order in which they were begun. */
  get undos(): readonly Undo[] {
    return [...this.#undos.values()];
  }

  /** Why a step was refused: then the run has not succeeded, whatever its handler made of it. */
  get refused(): unknown {
    return this.#refused;
  }

  /** Set when the run must stop where it is, without an end. */
  get interruption(): Interruption | undefined {
    return this.#interruption;
  }

  /** True until a resumed run has come to where it was. */
  get replaying(): boolean {
    return this.#met < this.#claimed.steps.length;
  }

  interrupt(interruption: Interruption): void {
    this.#interruption ??= interruption;
    this.#abort.abort(interruption);
  }

  /** Resolves when no step is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay.values());
  }

  readonly step: OperationContext["step"] = (name, title, run, undo) => {
    if (this.#underWay.has(name)) {
      return Promise.reject(new MediabayError("INTERNAL", `The step ${name} was begun twice at once.`));
    }
    const result = this.#step({ name, title, run, undo });
    const forget = (): void => {
      this.#underWay.delete(name);
    };
    this.#underWay.set(name, result.then(forget, forget));
    return result;
  };

  async #step<T>(step: Step<T>): Promise<T> {
    const entry = this.#entries.get(step.name);
    if (entry) this.#met += 1;
    if (entry && entry.state !== "undone") this.#remember(step, entry.output as T | undefined);
    if (entry?.state === "done") return entry.output as T;
    if (entry?.state === "failed") this.#failAgain(entry);
    this.#refuse();
    return this.#attempt(step);
  }

  async #attempt<T>(step: Step<T>): Promise<T> {
    const { journal, policy, clock } = this.#deps;
    const { signal } = this.#abort;
    for (;;) {
      const entry = await this.#write(() => journal.beginStep(this.#claimed.claim, step.name, step.title));
      this.#remember(step, undefined);
      const context = this.#contextOf(step.name, entry.attempts);
      const outcome = await settle(() => step.run(context), signal, clock, policy.abortGraceMs);
      if (outcome.ok) return this.#finish(step, outcome.value);
      const error = await this.#fail(step.name, outcome);
      if (signal.aborted) this.#refuse();
      if (!mayRetry(policy, error, entry.attempts)) throw error;
      await this.#pause(error, entry.attempts);
    }
  }

  #contextOf(name: string, attempt: number): StepContext {
    const { id } = this.#claimed.operation;
    return {
      attempt,
      signal: this.#abort.signal,
      progress: (data) => report(this.#deps, id, "progress", { step: name, ...asFields(data) }),
    };
  }

  async #finish<T>(step: Step<T>, value: T): Promise<T> {
    const output = (value ?? null) as Json;
    await this.#write(() => this.#deps.journal.endStep(this.#claimed.claim, step.name, output));
    this.#entries.set(step.name, { name: step.name, state: "done", attempts: 1, output });
    this.#remember(step, output as T);
    return output as T;
  }

  /** Journals the failure, and answers it. An interrupted step stays begun: it runs again when the operation is resumed. */
  async #fail(name: string, outcome: Settled<unknown> & { readonly ok: false }): Promise<MediabayError> {
    const { log, journal } = this.#deps;
    if (this.#interruption) throw this.#interruption;
    if (outcome.leftBehind) log.warn({ step: name }, "a step did not end when it was aborted, and was left behind");
    const aborted = this.#abort.signal.aborted;
    if (!aborted && !(outcome.error instanceof MediabayError)) {
      log.error({ err: outcome.error, step: name }, "a step failed unexpectedly");
    }
    const error = asMediabayError(aborted ? this.#abort.signal.reason : outcome.error);
    await this.#write(() => journal.failStep(this.#claimed.claim, name, toErrorRecord(error)));
    return error;
  }

  /** Waits before the next attempt, unless the deadline would pass meanwhile. */
  async #pause(error: MediabayError, attempts: number): Promise<void> {
    const { policy, clock, halt, log } = this.#deps;
    const delayMs = retryDelayMs(policy, error, attempts);
    const { deadlineAt } = this.#claimed.operation;
    if (deadlineAt !== undefined && clock.now() + delayMs >= deadlineAt) throw error;
    log.debug({ code: error.code, attempts, delayMs }, "a step is tried again");
    await sleepUntilAborted(clock, delayMs, AbortSignal.any([this.#abort.signal, halt]));
    this.#refuse();
  }

  /**
   * After a restart: a failed step whose failure the handler has already met fails again in the same way, so that the handler
   * takes the same path. The last one begun may simply be due for its next attempt.
   */
  #failAgain(entry: StepEntry): void {
    const record = this.#claimed.operation.steps.find((step) => step.name === entry.name)?.error;
    if (!record) return;
    const error = fromErrorRecord(record);
    const last = this.#claimed.steps.at(-1)?.name === entry.name;
    if (this.#abort.signal.aborted || !last || !mayRetry(this.#deps.policy, error, entry.attempts)) throw error;
  }

  #remember<T>({ name, undo }: Step<T>, output: T | undefined): void {
    if (undo) this.#undos.set(name, { name, run: (signal) => undo(output, signal) });
  }

  #refuse(): void {
    const { signal } = this.#abort;
    if (!signal.aborted && this.#deps.halt.aborted) this.interrupt(new Interruption("stopping"));
    if (!signal.aborted) return;
    this.#refused ??= signal.reason;
    throw this.#interruption ?? signal.reason;
  }

  async #write<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await journalled(write);
    } catch (error) {
      if (error instanceof Interruption) this.interrupt(error);
      throw error;
    }
  }
}

const asFields = (data: Json): { readonly [key: string]: Json } => {
  if (typeof data === "string") return { text: data };
  return data !== null && typeof data === "object" && !Array.isArray(data)
    ? (data as { readonly [key: string]: Json })
    : { value: data };
};
