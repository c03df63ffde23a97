// What the catalogs need from a database engine. SQLite implements it here, PostgreSQL can beside it.
import type { Kysely } from "kysely";
import { MediabayError } from "../../core/errors.ts";
import type { Schema } from "./schema.ts";

/** Numbers that grow over the life of the store and are never given twice. */
export type Sequence = "operations" | "events" | "audit" | "reads";

export type Tables = Kysely<Schema>;

export interface Database {
  /** What several statements see is of one moment. @throws STORE_UNAVAILABLE */
  read<T>(query: (tables: Tables) => Promise<T>): Promise<T>;
  /**
   * All or nothing, on disk when it resolves; the only way to change anything. Changes are made, and end, in the order of calls. One that
   * writes nothing costs no flush; those that wait at the same time share one.
   * @throws STORE_UNAVAILABLE, UniqueViolation
   */
  write<T>(change: (tables: Tables) => Promise<T>): Promise<T>;
  /**
   * What was deleted before is in no file of the database when it resolves, as far as the engine overwrites what is deleted. False when
   * another process kept it from that.
   */
  scrub(): Promise<boolean>;
  /** The next number. Inside `write` they are given in the order of commits. */
  next(sequence: Sequence): Promise<number>;
  close(): Promise<void>;
}

/** A unique index refused a row: each catalog says what that means. Where none expected it, it is a defect. */
export class UniqueViolation extends MediabayError {
  constructor(cause: unknown) {
    super("INTERNAL", "The store has such a row already.", {}, { cause });
    this.name = "UniqueViolation";
  }
}
