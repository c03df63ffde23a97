// How often and how long: the figures of retries, compensation and stopping, and the arithmetic of back-off.
import type { MediabayError } from "../core/errors.ts";

export interface OperationPolicy {
  /** Of one step, those that a crash cut short included. */
  readonly maxAttempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** The most that a BMC's Retry-After is believed. */
  readonly longestRetryAfterMs: number;
  readonly undoAttempts: number;
  /** For one step's undo, its attempts together: a hanging BMC must not keep us from undoing what is ours. */
  readonly undoDeadlineMs: number;
  /** How long a step may take to end after its signal was aborted, before it is left behind. */
  readonly abortGraceMs: number;
  /** The same for a whole handler, which may still have a BMC session to close. */
  readonly handlerGraceMs: number;
}

export const defaultPolicy: OperationPolicy = {
  maxAttempts: 5,
  firstDelayMs: 1_000,
  longestDelayMs: 30_000,
  longestRetryAfterMs: 120_000,
  undoAttempts: 3,
  undoDeadlineMs: 60_000,
  abortGraceMs: 10_000,
  handlerGraceMs: 30_000,
};

/** 1 s, 2 s, 4 s, 8 s, … after attempt 1, 2, 3, 4, … */
export const backOffMs = (policy: OperationPolicy, attempt: number): number =>
  Math.min(policy.firstDelayMs * 2 ** (Math.max(1, attempt) - 1), policy.longestDelayMs);

/** What the error asks for (`context.retryAfterMs`), else back-off. */
export const retryDelayMs = (policy: OperationPolicy, error: MediabayError, attempt: number): number => {
  const asked = error.context["retryAfterMs"];
  return typeof asked === "number" && Number.isFinite(asked) && asked >= 0
    ? Math.min(asked, policy.longestRetryAfterMs)
    : backOffMs(policy, attempt);
};

export const mayRetry = (policy: OperationPolicy, error: MediabayError, attempts: number): boolean =>
  error.definition.retry === "soon" && attempts < policy.maxAttempts;
