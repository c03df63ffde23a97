// What one run of an operation is given, and how it may stop without an end.
import type { Clock } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { Journal, Log } from "../core/ports.ts";
import type { OperationPolicy } from "./policy.ts";

export interface RunDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly policy: OperationPolicy;
  /** Aborted when we are to stop: from then on no step begins. */
  readonly halt: AbortSignal;
}

export type Claimed = Awaited<ReturnType<Journal["claim"]>>;

/** We are stopping, or the journal cannot be written: the operation stays as it is and is resumed later. */
export class Interruption extends Error {
  /** True when another runner holds the operation now: it is not ours to resume. */
  readonly fenced: boolean;

  constructor(why: string, cause?: unknown) {
    super(why, { cause });
    this.name = "Interruption";
    this.fenced = cause instanceof MediabayError && cause.context["fenced"] === true;
  }
}

/** A write that fails leaves the journal behind the truth: whatever the cause, the operation may not go on from there. */
export const journalled = async <T>(write: () => Promise<T>): Promise<T> => {
  try {
    return await write();
  } catch (error) {
    throw new Interruption("the journal could not be written", error);
  }
};

/** Events of progress and warnings are a courtesy: one that cannot be kept stops no work. */
export const report = (
  { journal, log }: RunDeps,
  ...[operationId, type, data]: Parameters<Journal["progress"]>
): void => {
  journal
    .progress(operationId, type, data)
    .catch((error: unknown) => log.warn({ err: error, operation: operationId }, "an event was not kept"));
};
