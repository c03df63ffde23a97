// Claims and steps. Every commit checks the fence on the operation's row: whoever lost the claim can write nothing more.
import type { Json } from "../../core/driver.ts";
import { type ErrorRecord, MediabayError } from "../../core/errors.ts";
import type { Claim, Journal, StepEntry } from "../../core/ports.ts";
import { redact } from "../../core/redact.ts";
import type { Tables } from "../tables/database.ts";
import { fromText, toText } from "../tables/json.ts";
import type { OperationStepsTable } from "../tables/schema.ts";
import type { Vault } from "../tables/vault.ts";
import { inputSecret, operationOwner } from "./accept.ts";
import type { Emit } from "./event-feed.ts";
import { findOperation, stepsOf, toOperation } from "./operation-rows.ts";

const stepSecret = (name: string): string => `step/${name}`;

/** @throws STORE_UNAVAILABLE with `context.fenced` when the claim was lost or the operation has ended */
export const holdClaim = async (tables: Tables, claim: Claim, now: number): Promise<void> => {
  const held = await tables
    .updateTable("operations")
    .set({ touched_at: now })
    .where("id", "=", claim.operationId)
    .where("fence", "=", claim.fence)
    .where("ended_at", "is", null)
    .executeTakeFirst();
  if (held.numUpdatedRows > 0n) return;
  throw new MediabayError("STORE_UNAVAILABLE", "The operation was claimed by another runner.", {
    operation: claim.operationId,
    fenced: true,
    hint: "Look at the operation: it goes on elsewhere, or has ended.",
  });
};

/** @throws NOT_FOUND, INVALID_REQUEST when the operation has ended */
export const claimOperation = async (
  vault: Vault,
  tables: Tables,
  emit: Emit,
  id: string,
  now: number,
): ReturnType<Journal["claim"]> => {
  const before = await findOperation(tables, id);
  if (before.ended_at !== null) {
    throw new MediabayError("INVALID_REQUEST", "The operation has ended.", { operation: id });
  }
  const change = {
    fence: before.fence + 1,
    state: before.state === "queued" ? "running" : before.state,
    started_at: before.started_at ?? now,
    touched_at: now,
  };
  await tables.updateTable("operations").set(change).where("id", "=", id).execute();
  if (before.state === "queued") await emit(id, "state", { state: "running" });
  const steps = await stepsOf(tables, [id]);
  const secrets = await vault.all(tables, operationOwner(id));
  return {
    claim: { operationId: id, fence: change.fence },
    operation: toOperation({ ...before, ...change }, steps),
    input: secrets.get(inputSecret) ?? null,
    steps: steps.map((step) => toEntry(step, secrets.get(stepSecret(step.name)))),
  };
};

export const beginStep = async (
  tables: Tables,
  emit: Emit,
  claim: Claim,
  step: { readonly name: string; readonly title: string; readonly now: number },
): Promise<StepEntry> => {
  await holdClaim(tables, claim, step.now);
  const steps = await stepsOf(tables, [claim.operationId]);
  const before = steps.find((candidate) => candidate.name === step.name);
  if (before?.state === "done" || before?.state === "undone") {
    throw new MediabayError("INTERNAL", `The step ${step.name} is ${before.state} and cannot begin again.`);
  }
  const row: OperationStepsTable = {
    operation_id: claim.operationId,
    name: step.name,
    position: before?.position ?? steps.length,
    title: step.title,
    state: "running",
    attempts: (before?.attempts ?? 0) + 1,
    started_at: before?.started_at ?? step.now,
    ended_at: null,
    error: null,
  };
  await tables
    .insertInto("operation_steps")
    .values(row)
    .onConflict((conflict) => conflict.columns(["operation_id", "name"]).doUpdateSet(row))
    .execute();
  await emitStep(emit, row);
  return toEntry(row, undefined);
};

export const endStep = async (
  vault: Vault,
  tables: Tables,
  emit: Emit,
  claim: Claim,
  step: { readonly name: string; readonly output: Json; readonly now: number },
): Promise<void> => {
  // Outputs may hold what a step learnt under seal (a published URL): they are sealed like the input.
  await vault.put(tables, operationOwner(claim.operationId), stepSecret(step.name), step.output);
  await changeStep(tables, emit, claim, { name: step.name, state: "done", error: null, now: step.now });
};

export interface StepChange {
  readonly name: string;
  readonly state: "done" | "failed" | "undone";
  /** Undefined leaves the error that the step has. */
  readonly error?: ErrorRecord | null;
  readonly now: number;
}

export const changeStep = async (tables: Tables, emit: Emit, claim: Claim, change: StepChange): Promise<void> => {
  await holdClaim(tables, claim, change.now);
  const row = await tables
    .updateTable("operation_steps")
    .set({
      state: change.state,
      ended_at: change.now,
      ...(change.error === undefined ? {} : { error: change.error === null ? null : toText(redact(change.error)) }),
    })
    .where("operation_id", "=", claim.operationId)
    .where("name", "=", change.name)
    .returningAll()
    .executeTakeFirst();
  if (!row) throw new MediabayError("INTERNAL", `The step ${change.name} was never begun.`);
  await emitStep(emit, row);
};

const emitStep = (emit: Emit, row: OperationStepsTable): Promise<void> =>
  emit(row.operation_id, "step", {
    name: row.name,
    title: row.title,
    state: row.state,
    attempts: row.attempts,
    ...(row.error === null ? {} : { error: fromText(row.error) as Json }),
  });

const toEntry = (row: OperationStepsTable, output: Json | undefined): StepEntry => ({
  name: row.name,
  state: row.state as StepEntry["state"],
  attempts: row.attempts,
  ...(output === undefined ? {} : { output }),
});
