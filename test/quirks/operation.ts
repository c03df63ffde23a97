// Runs a use case as the operations runner would, without a journal: steps with their retries, undos in reverse, releases last.
import type { Json } from "../../src/core/driver.ts";
import { asMediabayError } from "../../src/core/errors.ts";
import type { OperationContext } from "../../src/core/ports.ts";
import type { OperationRecord } from "../../src/core/records.ts";
import { defaultPolicy, mayRetry, retryDelayMs } from "../../src/operations/policy.ts";
import type { Clock } from "../../src/core/driver.ts";

type Undo = () => Promise<void>;

export const runAsOperation = async (
  clock: Clock,
  operation: OperationRecord,
  input: Json,
  handler: (context: OperationContext) => Promise<Json>,
): Promise<Json> => {
  const { signal } = new AbortController();
  const undos: Undo[] = [];
  const releases: Undo[] = [];
  const step: OperationContext["step"] = async (_name, _title, run, undo) => {
    let output: Awaited<ReturnType<typeof run>> | undefined;
    if (undo !== undefined) undos.push(() => undo(output, signal));
    for (let attempt = 1; ; attempt += 1) {
      try {
        output = await run({ attempt, signal, progress: () => undefined });
        return output;
      } catch (error) {
        const failure = asMediabayError(error);
        if (!mayRetry(defaultPolicy, failure, attempt)) throw error;
        await clock.sleep(retryDelayMs(defaultPolicy, failure, attempt));
      }
    }
  };
  const context: OperationContext = {
    operation,
    input,
    signal,
    resumed: false,
    step,
    warn: () => undefined,
    defer: (release) => void releases.push(release),
  };
  try {
    return await handler(context);
  } catch (error) {
    for (const undo of undos.toReversed()) await Promise.allSettled([undo()]);
    throw error;
  } finally {
    for (const release of releases.toReversed()) await release();
  }
};
