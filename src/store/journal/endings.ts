// How operations end: after their steps, by cancellation before they began, or by failing into compensation.
import { type ErrorRecord, MediabayError, toErrorRecord } from "../../core/errors.ts";
import type { Claim, Journal } from "../../core/ports.ts";
import type { OperationRecord } from "../../core/records.ts";
import { redact } from "../../core/redact.ts";
import { changeAttachment } from "../catalogs/attachments.ts";
import type { Tables } from "../tables/database.ts";
import { fromText, toText, toTextOrNull } from "../tables/json.ts";
import type { Vault } from "../tables/vault.ts";
import type { AttachmentRecord } from "../../core/records.ts";
import type { OperationsTable } from "../tables/schema.ts";
import { operationOwner } from "./accept.ts";
import type { Emit } from "./event-feed.ts";
import { findOperation, getOperation } from "./operation-rows.ts";
import { holdClaim } from "./steps.ts";

export type Ending = Parameters<Journal["finish"]>[1];
export type Outcome = Parameters<Journal["finish"]>[2];

export const beginCompensating = async (
  tables: Tables,
  emit: Emit,
  claim: Claim,
  error: ErrorRecord,
  now: number,
): Promise<void> => {
  await holdClaim(tables, claim, now);
  await tables
    .updateTable("operations")
    .set({ state: "compensating", error: toText(redact(error)) })
    .where("id", "=", claim.operationId)
    .execute();
  await emit(claim.operationId, "state", { state: "compensating", error: asJson(error) });
};

export const finishOperation = async (
  vault: Vault,
  tables: Tables,
  emit: Emit,
  claim: Claim,
  end: { readonly state: Ending; readonly outcome: Outcome; readonly now: number },
): Promise<OperationRecord> => {
  await holdClaim(tables, claim, end.now);
  const row = await findOperation(tables, claim.operationId);
  return endOperation(vault, tables, emit, row, end);
};

/** A queued operation ends at once; a running one is told. Ended ones stay as they are. */
export const cancelOperation = async (
  vault: Vault,
  tables: Tables,
  emit: Emit,
  id: string,
  now: number,
): Promise<OperationRecord> => {
  const row = await findOperation(tables, id);
  if (row.state === "queued") {
    await tables.updateTable("operations").set({ cancel_requested: 1 }).where("id", "=", id).execute();
    const error = toErrorRecord(new MediabayError("CANCELLED", "The operation was cancelled before it began."));
    return endOperation(vault, tables, emit, row, { state: "cancelled", outcome: { error }, now });
  }
  if (row.ended_at === null && row.cancel_requested === 0) {
    await tables.updateTable("operations").set({ cancel_requested: 1, touched_at: now }).where("id", "=", id).execute();
    await emit(id, "state", { state: row.state, cancelRequested: true });
  }
  return getOperation(tables, id);
};

const endOperation = async (
  vault: Vault,
  tables: Tables,
  emit: Emit,
  row: OperationsTable,
  { state, outcome, now }: { readonly state: Ending; readonly outcome: Outcome; readonly now: number },
): Promise<OperationRecord> => {
  const error = outcome.error && toText(redact(outcome.error));
  await tables
    .updateTable("operations")
    .set({ state, ended_at: now, result: toTextOrNull(redact(outcome.result)), error: error ?? null, touched_at: now })
    .where("id", "=", row.id)
    .execute();
  await tables
    .updateTable("operation_steps")
    .set({ state: "failed", ended_at: now, ...(error === undefined ? {} : { error }) })
    .where("operation_id", "=", row.id)
    .where("state", "=", "running")
    .execute();
  if (state !== "succeeded") await failBegunAttachment(tables, row, outcome.error, now);
  await vault.drop(tables, operationOwner(row.id));
  await emit(row.id, "state", { state, ...(outcome.error ? { error: asJson(outcome.error) } : {}) });
  return getOperation(tables, row.id);
};

/** `attaching` means that an operation is under way: the end of that operation must not leave it behind. */
const failBegunAttachment = async (
  tables: Tables,
  row: OperationsTable,
  error: ErrorRecord | undefined,
  now: number,
): Promise<void> => {
  if (row.attachment_id === null) return;
  const found = await tables
    .selectFrom("attachments")
    .select("record")
    .where("id", "=", row.attachment_id)
    .executeTakeFirst();
  if (!found) return;
  const attachment = fromText(found.record) as AttachmentRecord;
  if (attachment.state !== "attaching" || attachment.operationId !== row.id) return;
  await changeAttachment(tables, attachment.id, { state: "failed", error }, now);
};

/** An error record is plain data; the round trip gives it the type that events carry. */
const asJson = (error: ErrorRecord) => fromText(toText(error)) as { readonly code: string };
