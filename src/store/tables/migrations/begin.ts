// The first release: machines, attachments, operations, logs, images, publications.
import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import { createIndex, createTable } from "../ddl.ts";

const createMachines = async (db: Kysely<unknown>): Promise<void> => {
  await createTable(
    db,
    "machines",
    {
      id: "text",
      name: "text",
      labels: "text",
      endpoints: "text",
      identity: "text?",
      memory: "text?",
      memory_saved_at: "bigint?",
      created_at: "bigint",
      updated_at: "bigint",
    },
    { key: ["id"], unique: ["name"] },
  );
  await createTable(
    db,
    "machine_labels",
    { machine_id: "text", label: "text", value: "text" },
    { key: ["machine_id", "label"], belongsTo: { column: "machine_id", table: "machines" } },
  );
  await createIndex(db, "machine_labels", ["label", "value", "machine_id"]);
  await createTable(
    db,
    "secrets",
    { owner: "text", name: "text", key_id: "text", sealed: "text" },
    { key: ["owner", "name"] },
  );
  await createIndex(db, "secrets", ["key_id"]);
};

const createAttachments = async (db: Kysely<unknown>): Promise<void> => {
  await createTable(
    db,
    "attachments",
    {
      id: "text",
      machine_id: "text",
      role: "text",
      state: "text",
      record: "text",
      created_at: "bigint",
      updated_at: "bigint",
    },
    { key: ["id"] },
  );
  await createIndex(db, "attachments", ["created_at", "id"]);
  await createIndex(db, "attachments", ["machine_id", "created_at", "id"]);
  await createIndex(db, "attachments", ["state", "updated_at"]);
  await sql`create unique index attachments_live_role on attachments (machine_id, role)
    where state in ('attaching', 'attached', 'detaching')`.execute(db);
};

const createOperations = async (db: Kysely<unknown>): Promise<void> => {
  await createTable(
    db,
    "operations",
    {
      id: "text",
      seq: "bigint",
      kind: "text",
      machine_id: "text",
      machine_name: "text",
      attachment_id: "text?",
      state: "text",
      fence: "bigint",
      result: "text?",
      error: "text?",
      cancel_requested: "integer",
      deadline_at: "bigint?",
      created_by: "text",
      created_at: "bigint",
      started_at: "bigint?",
      ended_at: "bigint?",
      touched_at: "bigint",
    },
    { key: ["id"], unique: ["seq"] },
  );
  await createIndex(db, "operations", ["machine_id", "seq"]);
  await createIndex(db, "operations", ["state", "seq"]);
  await createIndex(db, "operations", ["ended_at"]);
};

const createOperationParts = async (db: Kysely<unknown>): Promise<void> => {
  const belongsTo = { column: "operation_id", table: "operations" };
  await createTable(
    db,
    "operation_steps",
    {
      operation_id: "text",
      name: "text",
      position: "integer",
      title: "text",
      state: "text",
      attempts: "integer",
      started_at: "bigint",
      ended_at: "bigint?",
      error: "text?",
    },
    { key: ["operation_id", "name"], belongsTo },
  );
  await createTable(
    db,
    "idempotency_keys",
    { actor: "text", idempotency_key: "text", request_hash: "text", operation_id: "text", created_at: "bigint" },
    { key: ["actor", "idempotency_key"], belongsTo },
  );
  await createIndex(db, "idempotency_keys", ["operation_id"]);
  await createIndex(db, "idempotency_keys", ["created_at"]);
};

const createLogs = async (db: Kysely<unknown>): Promise<void> => {
  await createTable(
    db,
    "events",
    { seq: "bigint", operation_id: "text", at: "bigint", type: "text", data: "text" },
    { key: ["seq"] },
  );
  await createIndex(db, "events", ["operation_id", "seq"]);
  await createTable(
    db,
    "audit",
    {
      seq: "bigint",
      at: "bigint",
      actor: "text",
      action: "text",
      machine_id: "text?",
      machine_name: "text?",
      attachment_id: "text?",
      digest: "text?",
      detail: "text",
    },
    { key: ["seq"] },
  );
  await createIndex(db, "audit", ["machine_id", "seq"]);
  await createIndex(db, "audit", ["attachment_id", "seq"]);
  await createTable(
    db,
    "tokens",
    { id: "text", name: "text", role: "text", hash: "text", created_at: "bigint", last_used_at: "bigint?" },
    { key: ["id"], unique: ["name", "hash"] },
  );
};

const createImages = async (db: Kysely<unknown>): Promise<void> => {
  await createTable(
    db,
    "images",
    {
      digest: "text",
      size_bytes: "bigint",
      format: "text",
      label: "text?",
      created_at: "bigint",
      last_used_at: "bigint",
    },
    { key: ["digest"] },
  );
  await createTable(db, "image_holds", { digest: "text", holder: "text" }, { key: ["digest", "holder"] });
  await createIndex(db, "image_holds", ["holder"]);
};

const createPublications = async (db: Kysely<unknown>): Promise<void> => {
  await createTable(
    db,
    "publications",
    {
      attachment_id: "text",
      machine_id: "text",
      digest: "text",
      file_name: "text",
      bmc_addresses: "text",
      created_at: "bigint",
      withdrawn_at: "bigint?",
    },
    { key: ["attachment_id"] },
  );
  await createIndex(db, "publications", ["withdrawn_at", "digest"]);
  await createTable(
    db,
    "reads",
    {
      seq: "bigint",
      attachment_id: "text",
      remote: "text",
      method: "text",
      from_byte: "bigint",
      to_byte: "bigint",
      requests: "bigint",
      first_at: "bigint",
      last_at: "bigint",
    },
    { key: ["seq"] },
  );
  await createIndex(db, "reads", ["attachment_id", "seq"]);
};

export const begin: Migration = {
  async up(db) {
    await createMachines(db);
    await createAttachments(db);
    await createOperations(db);
    await createOperationParts(db);
    await createLogs(db);
    await createImages(db);
    await createPublications(db);
  },
};
