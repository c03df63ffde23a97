// Acceptance: the operation, the attachment it begins and its idempotency key, in one transaction or not at all.
import { MediabayError } from "../../core/errors.ts";
import type { NewOperation } from "../../core/ports.ts";
import type { AttachmentRecord, OperationRecord } from "../../core/records.ts";
import { liveStates } from "../../core/vocabulary.ts";
import { alreadyAttached, insertAttachment } from "../catalogs/attachments.ts";
import type { Database, Tables } from "../tables/database.ts";
import type { OperationsTable } from "../tables/schema.ts";
import type { Vault } from "../tables/vault.ts";
import type { Emit } from "./event-feed.ts";
import { getOperation, toOperation } from "./operation-rows.ts";

/** After this long a key may be used for another request. */
export const idempotencyLifeMs = 24 * 60 * 60 * 1000;

export const operationOwner = (id: string): `operation/${string}` => `operation/${id}`;
export const inputSecret = "input";

export interface Acceptance {
  readonly operation: NewOperation;
  readonly attachment: AttachmentRecord | undefined;
  readonly now: number;
}

export const acceptOperation = async (
  database: Database,
  vault: Vault,
  tables: Tables,
  emit: Emit,
  { operation, attachment, now }: Acceptance,
): Promise<{ readonly operation: OperationRecord; readonly created: boolean }> => {
  const earlier = await findEarlier(tables, operation, now);
  if (earlier !== undefined) return { operation: await getOperation(tables, earlier), created: false };
  const machineName = await nameOfMachine(tables, operation.machineId);
  if (attachment) await refuseSecondAttachment(tables, attachment);
  const whole = attachment ? { attachmentId: attachment.id, ...operation } : operation;
  const row = toRow(whole, machineName, await database.next("operations"), now);
  await tables.insertInto("operations").values(row).execute();
  if (attachment) await insertAttachment(tables, attachment);
  await keepKey(tables, operation, now);
  await vault.put(tables, operationOwner(operation.id), inputSecret, operation.input);
  await emit(operation.id, "state", { state: "queued" });
  return { operation: toOperation(row, []), created: true };
};

const findEarlier = async (tables: Tables, operation: NewOperation, now: number): Promise<string | undefined> => {
  if (operation.idempotencyKey === undefined) return undefined;
  const known = await tables
    .selectFrom("idempotency_keys")
    .selectAll()
    .where("actor", "=", operation.createdBy)
    .where("idempotency_key", "=", operation.idempotencyKey)
    .executeTakeFirst();
  if (!known || known.created_at <= now - idempotencyLifeMs) return undefined;
  if (known.request_hash !== (operation.requestHash ?? "")) {
    throw new MediabayError("IDEMPOTENCY_CONFLICT", "The idempotency key was used for a different request.", {
      operation: known.operation_id,
    });
  }
  return known.operation_id;
};

const keepKey = async (tables: Tables, operation: NewOperation, now: number): Promise<void> => {
  if (operation.idempotencyKey === undefined) return;
  const columns = { request_hash: operation.requestHash ?? "", operation_id: operation.id, created_at: now };
  await tables
    .insertInto("idempotency_keys")
    .values({ actor: operation.createdBy, idempotency_key: operation.idempotencyKey, ...columns })
    .onConflict((conflict) => conflict.columns(["actor", "idempotency_key"]).doUpdateSet(columns))
    .execute();
};

const nameOfMachine = async (tables: Tables, machineId: string): Promise<string> => {
  const machine = await tables.selectFrom("machines").select("name").where("id", "=", machineId).executeTakeFirst();
  if (machine) return machine.name;
  throw new MediabayError("MACHINE_NOT_FOUND", `There is no machine ${machineId}.`, { machine: machineId });
};

const refuseSecondAttachment = async (tables: Tables, attachment: AttachmentRecord): Promise<void> => {
  const live = await tables
    .selectFrom("attachments")
    .select("id")
    .where("machine_id", "=", attachment.machineId)
    .where("role", "=", attachment.role)
    .where("state", "in", [...liveStates])
    .executeTakeFirst();
  if (live) throw alreadyAttached(attachment.machineName, attachment.role, live.id);
};

const toRow = (operation: NewOperation, machineName: string, seq: number, now: number): OperationsTable => ({
  id: operation.id,
  seq,
  kind: operation.kind,
  machine_id: operation.machineId,
  machine_name: machineName,
  attachment_id: operation.attachmentId ?? null,
  state: "queued",
  fence: 0,
  result: null,
  error: null,
  cancel_requested: 0,
  deadline_at: operation.deadlineAt ?? null,
  created_by: operation.createdBy,
  created_at: operation.createdAt,
  started_at: null,
  ended_at: null,
  touched_at: now,
});
