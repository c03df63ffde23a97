// Undoing in reverse. Each undo has its own deadline and attempts, is journalled, and does not stop the others by failing.
import { asMediabayError, MediabayError, toErrorRecord } from "../core/errors.ts";
import type { Claim } from "../core/ports.ts";
import { backOffMs } from "./policy.ts";
import { Interruption, journalled, report, type RunDeps } from "./run-deps.ts";
import { settle, sleepUntilAborted } from "./settle.ts";
import type { Undo } from "./step-runner.ts";

/** @param cut aborted when there is no time left: what is undone then is undone again on resumption. @throws Interruption */
export const compensate = async (
  deps: RunDeps,
  claim: Claim,
  undos: readonly Undo[],
  cut: AbortSignal,
): Promise<void> => {
  for (const undo of undos.toReversed()) {
    const failure = await undoOne(deps, undo, cut);
    const record = failure && toErrorRecord(failure);
    await journalled(() => deps.journal.undoneStep(claim, undo.name, record));
    if (!failure) continue;
    deps.log.warn({ err: failure, step: undo.name }, "a step could not be undone");
    report(deps, claim.operationId, "warning", { text: `Could not be undone: ${undo.name}. ${failure.message}` });
  }
};

/** Answers why it could not be undone. */
const undoOne = async (deps: RunDeps, undo: Undo, cut: AbortSignal): Promise<MediabayError | undefined> => {
  const { clock, policy } = deps;
  const late = new AbortController();
  const done = new AbortController();
  void sleepUntilAborted(clock, policy.undoDeadlineMs, done.signal).then(() =>
    late.abort(new MediabayError("DEADLINE_EXCEEDED", "The step was not undone in time.")),
  );
  try {
    return await attempts(deps, undo, AbortSignal.any([late.signal, cut]));
  } finally {
    done.abort();
  }
};

const attempts = async (deps: RunDeps, undo: Undo, signal: AbortSignal): Promise<MediabayError | undefined> => {
  const { clock, policy, halt } = deps;
  for (let attempt = 1; ; attempt += 1) {
    if (halt.aborted) throw new Interruption("stopping");
    const outcome = await settle(() => undo.run(signal), signal, clock, policy.abortGraceMs);
    if (outcome.ok) return undefined;
    if (signal.reason instanceof Interruption) throw signal.reason;
    if (signal.aborted) return asMediabayError(signal.reason);
    if (attempt >= policy.undoAttempts) return asMediabayError(outcome.error);
    await sleepUntilAborted(clock, backOffMs(policy, attempt), AbortSignal.any([signal, halt]));
  }
};
