// Config drives in every form: named credentials of image origins, publications with terms, reads that tell how a BMC reads.
import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import { addColumns, createTable } from "../ddl.ts";

/** The secrets themselves are in `secrets`, under `credential/<name>`. */
const createSourceCredentials = (db: Kysely<unknown>): Promise<void> =>
  createTable(
    db,
    "source_credentials",
    { name: "text", kind: "text", destinations: "text", created_at: "bigint", updated_at: "bigint" },
    { key: ["name"] },
  );

/** `reads_since`: reads up to this number were made under the attachment's earlier publications. */
const addTerms = async (db: Kysely<unknown>): Promise<void> => {
  await addColumns(db, "publications", { terms: "text", ended_at: "bigint", reads_since: "bigint" });
  await addColumns(db, "reads", { full_reads: "bigint", is_ahead: "integer", is_wide: "integer" });
  await addColumns(db, "reads", { is_stranger: "integer", phase: "bigint" });
};

export const configDrives: Migration = {
  async up(db) {
    await createSourceCredentials(db);
    await addTerms(db);
  },
};
