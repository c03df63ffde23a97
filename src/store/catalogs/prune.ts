// Forgetting by age: ended operations with their steps and events, ended attachments with their reads, expired idempotency keys.
import { idempotencyLifeMs } from "../journal/accept.ts";
import type { Database, Tables } from "../tables/database.ts";

export interface Pruned {
  readonly operations: number;
  readonly attachments: number;
}

/** Rows a transaction, so that a large clean-up stops nobody for long. */
const batch = 200;

/** What ended before `before` (epoch milliseconds). The audit trail stays. */
export const prune = async (database: Database, before: number, now: number): Promise<Pruned> => {
  await database.write((tables) =>
    tables
      .deleteFrom("idempotency_keys")
      .where("created_at", "<=", now - idempotencyLifeMs)
      .execute(),
  );
  const operations = await inBatches(() => database.write((tables) => pruneOperations(tables, before)));
  const attachments = await inBatches(() => database.write((tables) => pruneAttachments(tables, before)));
  return { operations, attachments };
};

const inBatches = async (removeSome: () => Promise<number>): Promise<number> => {
  let total = 0;
  for (let removed = batch; removed === batch; total += removed) removed = await removeSome();
  return total;
};

const pruneOperations = async (tables: Tables, before: number): Promise<number> => {
  const rows = await tables
    .selectFrom("operations")
    .select("id")
    .where("ended_at", "<", before)
    .orderBy("ended_at")
    .limit(batch)
    .execute();
  const ids = rows.map((row) => row.id);
  if (ids.length === 0) return 0;
  // The newest event stays: numbers go on after it when the store is opened again.
  await tables
    .deleteFrom("events")
    .where("operation_id", "in", ids)
    .where((expression) =>
      expression(
        "seq",
        "<",
        expression.selectFrom("events as newest").select((newest) => newest.fn.max("newest.seq").as("last")),
      ),
    )
    .execute();
  await tables.deleteFrom("operations").where("id", "in", ids).execute();
  return ids.length;
};

const pruneAttachments = async (tables: Tables, before: number): Promise<number> => {
  const rows = await tables
    .selectFrom("attachments")
    .select("attachments.id")
    .leftJoin("publications", (join) =>
      join.onRef("publications.attachment_id", "=", "attachments.id").on("publications.withdrawn_at", "is", null),
    )
    .where("publications.attachment_id", "is", null)
    .where("attachments.state", "in", ["detached", "failed"])
    .where("attachments.updated_at", "<", before)
    .orderBy("attachments.updated_at")
    .limit(batch)
    .execute();
  const ids = rows.map((row) => row.id);
  if (ids.length === 0) return 0;
  await tables.deleteFrom("reads").where("attachment_id", "in", ids).execute();
  await tables.deleteFrom("publications").where("attachment_id", "in", ids).execute();
  await tables.deleteFrom("attachments").where("id", "in", ids).execute();
  return ids.length;
};
