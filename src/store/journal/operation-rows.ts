// Rows of operations and their steps, read as records.
import type { Json } from "../../core/driver.ts";
import { type ErrorRecord, MediabayError } from "../../core/errors.ts";
import type { OperationFilter, PageRequest } from "../../core/ports.ts";
import type { OperationRecord, Page, StepRecord } from "../../core/records.ts";
import type { OperationKind, OperationState, StepState } from "../../core/vocabulary.ts";
import type { Tables } from "../tables/database.ts";
import { fromText, given } from "../tables/json.ts";
import { decodeCursor, numberKey, pageLimit, toPage } from "../tables/page.ts";
import type { OperationStepsTable, OperationsTable } from "../tables/schema.ts";

/** @throws NOT_FOUND */
export const findOperation = async (tables: Tables, id: string): Promise<OperationsTable> => {
  const row = await tables.selectFrom("operations").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) throw new MediabayError("NOT_FOUND", `There is no operation ${id}.`, { operation: id });
  return row;
};

/** @throws NOT_FOUND */
export const getOperation = async (tables: Tables, id: string): Promise<OperationRecord> => {
  const row = await findOperation(tables, id);
  return toOperation(row, await stepsOf(tables, [id]));
};

/** Newest first. */
export const listOperations = async (
  tables: Tables,
  page: PageRequest,
  filter: OperationFilter,
): Promise<Page<OperationRecord>> => {
  const limit = pageLimit(page);
  const after = decodeCursor(page, numberKey);
  let query = tables
    .selectFrom("operations")
    .selectAll()
    .orderBy("seq", "desc")
    .limit(limit + 1);
  if (after) query = query.where("seq", "<", after[0]);
  if (filter.machineId !== undefined) query = query.where("machine_id", "=", filter.machineId);
  if (filter.states !== undefined) query = query.where("state", "in", [...filter.states]);
  const rows = await query.execute();
  const steps = await stepsOf(
    tables,
    rows.map((row) => row.id),
  );
  return toPage(
    rows,
    limit,
    (row) => [row.seq],
    (row) => toOperation(row, steps),
  );
};

/** In the order in which they were accepted. */
export const unfinishedOperations = async (tables: Tables): Promise<readonly OperationRecord[]> => {
  const rows = await tables
    .selectFrom("operations")
    .selectAll()
    .where("state", "in", ["queued", "running", "compensating"])
    .orderBy("seq")
    .execute();
  const steps = await stepsOf(
    tables,
    rows.filter((row) => row.state !== "queued").map((row) => row.id),
  );
  return rows.map((row) => toOperation(row, steps));
};

/** In the order in which they were first begun. */
export const stepsOf = async (
  tables: Tables,
  operationIds: readonly string[],
): Promise<readonly OperationStepsTable[]> => {
  if (operationIds.length === 0) return [];
  return tables
    .selectFrom("operation_steps")
    .selectAll()
    .where("operation_id", "in", [...operationIds])
    .orderBy("operation_id")
    .orderBy("position")
    .execute();
};

export const toOperation = (row: OperationsTable, steps: readonly OperationStepsTable[]): OperationRecord => ({
  id: row.id,
  kind: row.kind as OperationKind,
  machineId: row.machine_id,
  machineName: row.machine_name,
  ...given("attachmentId", row.attachment_id),
  state: row.state as OperationState,
  steps: steps.filter((step) => step.operation_id === row.id).map(toStep),
  ...(row.result === null ? {} : { result: fromText(row.result) as Json }),
  ...given("error", row.error === null ? undefined : (fromText(row.error) as ErrorRecord)),
  cancelRequested: row.cancel_requested === 1,
  ...given("deadlineAt", row.deadline_at),
  createdBy: row.created_by,
  createdAt: row.created_at,
  ...given("startedAt", row.started_at),
  ...given("endedAt", row.ended_at),
});

const toStep = (row: OperationStepsTable): StepRecord => ({
  name: row.name,
  title: row.title,
  state: row.state as StepState,
  attempts: row.attempts,
  startedAt: row.started_at,
  ...given("endedAt", row.ended_at),
  ...given("error", row.error === null ? undefined : (fromText(row.error) as ErrorRecord)),
});
