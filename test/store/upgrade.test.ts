// A store that an earlier release has made opens, keeps what is in it, and takes what is new.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Kysely, type SqliteDatabase, SqliteDialect } from "kysely";
import { Migrator } from "kysely/migration";
import { expect, it } from "vitest";
import { generateSealingKey, Sealer } from "../../src/store/sealer.ts";
import { databaseFile, openSqliteStore } from "../../src/store/open-store.ts";
import { migrations } from "../../src/store/tables/migrations.ts";
import { ManualClock } from "../tools/manual-clock.ts";
import { sampleCredentials, sampleMachine } from "../tools/store-samples.ts";

/** As the release that ended with the migration `last` left it. */
const makeStore = async (file: string, last: string): Promise<void> => {
  const sqlite = new DatabaseSync(file);
  const database: SqliteDatabase = {
    close: () => sqlite.close(),
    prepare: (text) => {
      const statement = sqlite.prepare(text);
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...(values as string[])),
        run: (values) => statement.run(...(values as string[])),
        iterate: (values) => statement.iterate(...(values as string[])),
      };
    },
  };
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database }) });
  const known = Object.fromEntries(Object.entries(migrations).filter(([name]) => name <= last));
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => known } }).migrateToLatest();
  await db.destroy();
  expect(error).toBeUndefined();
};

it.each(Object.keys(migrations))(
  "a store of the release with %s opens, and takes a machine and a credential",
  async (last) => {
    const stateDir = mkdtempSync(join(tmpdir(), "mediabay-upgrade-"));
    try {
      await makeStore(databaseFile(stateDir), last);
      const sealer = new Sealer([generateSealingKey()]);
      const store = await openSqliteStore({ stateDir, sealer, clock: new ManualClock() });
      try {
        const { basic } = sampleCredentials((place) => place);
        await store.machines.create(sampleMachine("m1"), []);
        await store.credentials.put("mirror", basic, 1);
        expect(await store.credentials.get("mirror")).toEqual(basic);
        expect(await store.machines.get("m1")).toMatchObject({ name: "m1" });
      } finally {
        await store.close();
      }
    } finally {
      rmSync(stateDir, { recursive: true });
    }
  },
);
