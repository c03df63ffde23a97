// The keys of sealed image files, sealed by the store's own. Destroying one must leave no copy of it in the database's files, and deleting
// its row does not do that: SQLite's secure_delete overwrites a deleted row where it lies, but rows also move when their pages are split and
// joined, and what a moved row left in the free space of a page stays there. Hence a table of their own, small because it has a row for
// each stored image only: it is emptied, which overwrites all of its pages, and what is to stay is written anew. The write-ahead log holds
// the pages of before until it is truncated (./scrubber.ts). What the file system keeps in the blocks that it gives back is beyond our reach.
import type { ImageKeys } from "../../core/ports.ts";
import type { Scrubber } from "./scrubber.ts";
import type { Sealer } from "../sealer.ts";
import type { Database, Tables } from "../tables/database.ts";

/** Names the row where it is sealed. */
const rowId = (id: string): string => `image\0${id}`;

const rowsPerInsert = 500;

export const createImageKeys = (database: Database, sealer: Sealer, scrubber: Scrubber): ImageKeys => ({
  put: (id, key) =>
    database.write(async (tables) => {
      const { keyId, text } = sealer.seal(rowId(id), key.toString("base64"));
      await tables.insertInto("image_keys").values({ id, key_id: keyId, sealed: text }).execute();
    }),
  get: (id) =>
    database.read(async (tables) => {
      const row = await tables.selectFrom("image_keys").selectAll().where("id", "=", id).executeTakeFirst();
      const key = row && sealer.open(rowId(id), { keyId: row.key_id, text: row.sealed });
      return typeof key === "string" ? Buffer.from(key, "base64") : undefined;
    }),
  ids: () =>
    database.read(async (tables) => {
      const rows = await tables.selectFrom("image_keys").select("id").orderBy("id").execute();
      return rows.map(({ id }) => id);
    }),
  destroy: inTurns(async (ids) => {
    await database.write((tables) => rebuildWithout(tables, new Set(ids)));
    scrubber.owe();
  }),
  scrubbed: () => scrubber.done(),
});

/** Those that are called while one works go together in the next turn. */
const inTurns = (work: (ids: readonly string[]) => Promise<void>): ImageKeys["destroy"] => {
  let waiting: string[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return (ids) => {
    waiting.push(...ids);
    if (next === undefined) {
      next = last.then(() => {
        const together = waiting;
        [waiting, next] = [[], undefined];
        return work(together);
      });
      last = Promise.allSettled([next]);
    }
    return next;
  };
};

const rebuildWithout = async (tables: Tables, ids: ReadonlySet<string>): Promise<void> => {
  const rows = await tables.selectFrom("image_keys").selectAll().execute();
  const staying = rows.filter(({ id }) => !ids.has(id));
  if (staying.length === rows.length) return;
  // Without a condition: only so are the table's pages given back whole, and overwritten.
  await tables.deleteFrom("image_keys").execute();
  for (let at = 0; at < staying.length; at += rowsPerInsert) {
    await tables
      .insertInto("image_keys")
      .values(staying.slice(at, at + rowsPerInsert))
      .execute();
  }
};

/** Wraps every key anew under the sealer's first. Answers how many. */
export const rewrapImageKeys = async (tables: Tables, sealer: Sealer): Promise<number> => {
  const rows = await tables.selectFrom("image_keys").selectAll().where("key_id", "!=", sealer.keyId).execute();
  for (const row of rows) {
    const sealed = sealer.rewrap(rowId(row.id), { keyId: row.key_id, text: row.sealed });
    await tables
      .updateTable("image_keys")
      .set({ key_id: sealed.keyId, sealed: sealed.text })
      .where("id", "=", row.id)
      .execute();
  }
  return rows.length;
};
