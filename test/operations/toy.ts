// A toy operation of four steps whose effects are lines in a file: what really happened, whatever the journal says.
import { appendFileSync } from "node:fs";
import { MediabayError } from "../../src/core/errors.ts";
import type { NewOperation, OperationHandler } from "../../src/core/ports.ts";
import type { OperationKind } from "../../src/core/vocabulary.ts";
import { createOperations, type RunningOperations } from "../../src/operations/runner.ts";
import type { Store } from "../../src/store/open-store.ts";
import { systemClock } from "../../src/wire/clock.ts";
import { collectingLog } from "../tools/operations-bench.ts";
import { sampleOperation } from "../tools/store-samples.ts";

export const toySteps = ["fetch", "publish", "insert", "record"] as const;

/** The same request each time, as a client that repeats itself sends it. */
export const toyRequest = (id: string): NewOperation =>
  sampleOperation(id, { kind: "power", idempotencyKey: "toy", requestHash: "toy" });

const toyHandler =
  (effects: string, outcome: "succeeds" | "fails"): OperationHandler =>
  async ({ step }) => {
    const note = (line: string): void => appendFileSync(effects, `${line}\n`);
    for (const name of toySteps) {
      const run = async (): Promise<string> => {
        note(`do ${name}`);
        if (outcome === "fails" && name === toySteps[3]) throw new MediabayError("BMC_REJECTED", "no");
        return name;
      };
      const undo = async (): Promise<void> => note(`undo ${name}`);
      await step(name, name, run, undo);
    }
    return "done";
  };

export const toyOperations = (store: Store, effects: string, outcome: "succeeds" | "fails"): RunningOperations => {
  const toy = toyHandler(effects, outcome);
  const handlers: Record<OperationKind, OperationHandler> = {
    attach: toy,
    replace: toy,
    detach: toy,
    boot: toy,
    power: toy,
    eject: toy,
  };
  return createOperations({ journal: store.journal, clock: systemClock, log: collectingLog([]), handlers });
};
