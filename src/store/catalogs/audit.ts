// The audit trail: appended, never changed. Newest first.
import type { Json } from "../../core/driver.ts";
import type { AuditLog } from "../../core/ports.ts";
import type { AuditRecord } from "../../core/records.ts";
import { redact } from "../../core/redact.ts";
import type { Database } from "../tables/database.ts";
import { fromText, given, toText } from "../tables/json.ts";
import { decodeCursor, numberKey, pageLimit, toPage } from "../tables/page.ts";
import type { AuditTable } from "../tables/schema.ts";

export const createAuditLog = (database: Database): AuditLog => ({
  append: (entry) =>
    database.write(async (tables) => {
      const row: AuditTable = {
        seq: await database.next("audit"),
        at: entry.at,
        actor: entry.actor,
        action: entry.action,
        machine_id: entry.machineId ?? null,
        machine_name: entry.machineName ?? null,
        attachment_id: entry.attachmentId ?? null,
        digest: entry.digest ?? null,
        detail: toText(redact(entry.detail)),
      };
      await tables.insertInto("audit").values(row).execute();
    }),
  list: (page, filter) =>
    database.read(async (tables) => {
      const limit = pageLimit(page);
      const after = decodeCursor(page, numberKey);
      let query = tables
        .selectFrom("audit")
        .selectAll()
        .orderBy("seq", "desc")
        .limit(limit + 1);
      if (after) query = query.where("seq", "<", after[0]);
      if (filter?.machineId !== undefined) query = query.where("machine_id", "=", filter.machineId);
      if (filter?.attachmentId !== undefined) query = query.where("attachment_id", "=", filter.attachmentId);
      return toPage(await query.execute(), limit, (row) => [row.seq], toRecord);
    }),
});

const toRecord = (row: AuditTable): AuditRecord => ({
  seq: row.seq,
  at: row.at,
  actor: row.actor,
  action: row.action,
  ...given("machineId", row.machine_id),
  ...given("machineName", row.machine_name),
  ...given("attachmentId", row.attachment_id),
  ...given("digest", row.digest),
  detail: fromText(row.detail) as Json,
});
