// The embedded engine: kysely over node:sqlite, WAL with synchronous=FULL. What is SQLite's own stays in this file.
// Every commit passes one place, those of single statements included, so that a test can stop the process at each.
import { closeSync, openSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { Kysely, SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { MediabayError } from "../core/errors.ts";
import { translateSqliteError } from "./sqlite-errors.ts";
import { groupWrites } from "./group-commit.ts";
import type { Database, Sequence, Tables } from "./tables/database.ts";
import { migrations } from "./tables/migrations.ts";
import type { Schema } from "./tables/schema.ts";

/** Called around every commit that writes; `ordinal` counts them from 1 since the database was opened. */
export type CommitListener = (when: "before" | "after", ordinal: number) => void;

const busyTimeoutMs = 5_000;
/** The log is written into the database file, and cut to nothing: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint */
const truncateLog = "pragma wal_checkpoint(truncate)";
const statementsKept = 256;
const readOnlyStatement = /^\s*(select|with|begin|commit|rollback|savepoint|release)\b/i;

/** Event numbers given to progress that a crash forgot must not come again: after a start this many are passed over. */
const eventGap = 4_096;

/** Shapes node:sqlite as the database that kysely's SQLite dialect expects, and commits through `onCommit`. */
class CommittingDatabase implements SqliteDatabase {
  readonly #db: DatabaseSync;
  readonly #onCommit: CommitListener;
  readonly #statements = new Map<string, SqliteStatement>();
  #commits = 0;
  #dirty = false;

  constructor(db: DatabaseSync, onCommit: CommitListener) {
    this.#db = db;
    this.#onCommit = onCommit;
  }

  close(): void {
    this.#db.close();
  }

  prepare(text: string): SqliteStatement {
    const kept = this.#statements.get(text);
    if (kept) return kept;
    const statement = this.#wrap(text);
    if (this.#statements.size >= statementsKept) this.#statements.clear();
    this.#statements.set(text, statement);
    return statement;
  }

  #wrap(text: string): SqliteStatement {
    if (text === "begin") return this.#command(() => this.#begin());
    if (text === "commit") return this.#command(() => this.#commit());
    if (text === "rollback") return this.#command(() => this.#rollback());
    if (text === truncateLog) return this.#checkpoint();
    const statement = this.#db.prepare(text);
    const around = readOnlyStatement.test(text)
      ? <T>(run: () => T): T => run()
      : <T>(run: () => T) => this.#writing(run);
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => around(() => statement.all(...values(parameters))),
      run: (parameters) => around(() => statement.run(...values(parameters))),
      iterate: (parameters) => iterate(statement, parameters),
    };
  }

  #command(run: () => void): SqliteStatement {
    const done = { changes: 0, lastInsertRowid: 0 };
    return {
      reader: false,
      all: () => [],
      run: () => {
        run();
        return done;
      },
      iterate: () => [].values(),
    };
  }

  /** Waiting for another process's readers would stop all of ours. */
  #checkpoint(): SqliteStatement {
    const all = (): unknown[] => {
      this.#db.exec("pragma busy_timeout = 0");
      try {
        return this.#db.prepare(truncateLog).all();
      } finally {
        this.#db.exec(`pragma busy_timeout = ${busyTimeoutMs}`);
      }
    };
    return { ...this.#command(() => undefined), reader: true, all };
  }

  /** A single statement outside a transaction becomes a transaction of its own. */
  #writing<T>(run: () => T): T {
    if (this.#db.isTransaction) {
      this.#dirty = true;
      return run();
    }
    this.#begin();
    try {
      this.#dirty = true;
      const result = run();
      this.#commit();
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  #begin(): void {
    this.#dirty = false;
    // Immediate: a transaction that reads first and writes later can otherwise meet SQLITE_BUSY half-way.
    this.#db.exec("begin immediate");
  }

  #commit(): void {
    if (!this.#dirty) {
      this.#db.exec("commit");
      return;
    }
    this.#commits += 1;
    this.#onCommit("before", this.#commits);
    this.#db.exec("commit");
    this.#onCommit("after", this.#commits);
  }

  #rollback(): void {
    // A full disk or an I/O error has already rolled back: https://www.sqlite.org/lang_transaction.html §3
    if (this.#db.isTransaction) this.#db.exec("rollback");
  }
}

const values = (parameters: readonly unknown[]): SQLInputValue[] => parameters as SQLInputValue[];

const iterate = (statement: StatementSync, parameters: readonly unknown[]): IterableIterator<unknown> =>
  statement.iterate(...values(parameters));

/** DDL is transactional in SQLite: a migration that a crash cut short leaves nothing. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class NodeSqliteDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter();
  }
}

/** @throws STORE_UNAVAILABLE */
export const openSqlite = async (path: string, onCommit: CommitListener = () => undefined): Promise<Database> => {
  const tables = new Kysely<Schema>({
    dialect: new NodeSqliteDialect({ database: new CommittingDatabase(openFile(path), onCommit) }),
  });
  try {
    await migrate(tables);
    const sequences = await readSequences(tables);
    return toDatabase(tables, sequences);
  } catch (error) {
    await tables.destroy();
    throw translateSqliteError(error);
  }
};

const openFile = (path: string): DatabaseSync => {
  let db: DatabaseSync | undefined;
  try {
    // SQLite gives its -wal and -shm files the mode of the database file.
    closeSync(openSync(path, "a", 0o600));
    db = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
    db.exec(
      "pragma synchronous = full; pragma secure_delete = on; pragma temp_store = memory; pragma trusted_schema = off",
    );
    const mode = db.prepare("pragma journal_mode = wal").get();
    if (mode?.["journal_mode"] !== "wal") {
      throw new MediabayError(
        "STORE_UNAVAILABLE",
        "The state directory's file system does not allow a write-ahead log.",
        { path },
      );
    }
    return db;
  } catch (error) {
    db?.close();
    throw translateSqliteError(error);
  }
};

const migrate = async (tables: Tables): Promise<void> => {
  const migrator = new Migrator({ db: tables, provider: { getMigrations: async () => ({ ...migrations }) } });
  const pending = (await migrator.getMigrations()).filter((migration) => migration.executedAt === undefined);
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (pending.length > 0) throw asError(error);
  throw new MediabayError(
    "STORE_UNAVAILABLE",
    "The store was written by a newer Mediabay.",
    { hint: "Start the version that wrote it, or a newer one." },
    { cause: error },
  );
};

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const readSequences = async (tables: Tables): Promise<Map<Sequence, number>> => {
  const sequences = new Map<Sequence, number>();
  for (const sequence of ["operations", "events", "audit", "reads"] as const) {
    const row = await sql<{ last: number | null }>`select max(seq) as last from ${sql.table(sequence)}`.execute(tables);
    const last = row.rows[0]?.last ?? 0;
    sequences.set(sequence, sequence === "events" && last > 0 ? last + eventGap : last);
  }
  return sequences;
};

const truncateLogOf = async (tables: Tables): Promise<boolean> => {
  const { rows } = await sql.raw<{ busy: number }>(truncateLog).execute(tables);
  return rows[0]?.busy === 0;
};

const toDatabase = (tables: Tables, sequences: Map<Sequence, number>): Database => {
  const writes = groupWrites(tables);
  return {
    read: (query) => translated(() => tables.transaction().execute(query)),
    write: (change) => translated(() => writes.write(change)),
    scrub: () => translated(() => truncateLogOf(tables)),
    async next(sequence) {
      const number = (sequences.get(sequence) ?? 0) + 1;
      sequences.set(sequence, number);
      return number;
    },
    async close() {
      await writes.idle();
      await translated(() => tables.destroy());
    },
  };
};

const translated = async <T>(run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    throw translateSqliteError(error);
  }
};
