// The secrets table: values sealed by owner and name. Beside it only the keys of image files are sealed in a table of their own.
import type { Json } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import { missingKey, type Sealer } from "../sealer.ts";
import type { Database, Tables } from "./database.ts";

/** What a secret belongs to: it is dropped with it. */
export type Owner =
  | `machine/${string}`
  | `operation/${string}`
  | `publication/${string}`
  | `credential/${string}`
  | "store";

export interface Vault {
  get(tables: Tables, owner: Owner, name: string): Promise<Json | undefined>;
  /** Every secret of the owner, by name. */
  all(tables: Tables, owner: Owner): Promise<ReadonlyMap<string, Json>>;
  /** Everything that has a secret of this name. */
  owners(tables: Tables, name: string): Promise<readonly string[]>;
  put(tables: Tables, owner: Owner, name: string, value: Json): Promise<void>;
  /** Without a name: all of the owner's. Answers how many there were. */
  drop(tables: Tables, owner: Owner, name?: string): Promise<number>;
  /** Wraps every row anew under the sealer's first key. Answers how many. */
  rewrap(tables: Tables): Promise<number>;
}

const rowId = (owner: string, name: string): string => `${owner}\0${name}`;

/**
 * Proves that the loaded keys open this store before anything is read or written with them.
 * @throws STORE_UNAVAILABLE when a key is missing or wrong
 */
export const openVault = async (database: Database, sealer: Sealer): Promise<Vault> => {
  const vault = createVault(sealer);
  const known = new Set(sealer.keyIds);
  const used = await database.read((tables) =>
    tables.selectFrom("secrets").select("key_id").union(tables.selectFrom("image_keys").select("key_id")).execute(),
  );
  const unknown = used.find((row) => !known.has(row.key_id));
  if (unknown) throw missingKey(unknown.key_id);
  const check = await database.read((tables) => vault.get(tables, "store", "check"));
  if (check === undefined) {
    await database.write((tables) => vault.put(tables, "store", "check", "mediabay"));
  } else if (check !== "mediabay") {
    throw new MediabayError("STORE_UNAVAILABLE", "The store's check row is not what was sealed.");
  }
  return vault;
};

const createVault = (sealer: Sealer): Vault => ({
  async get(tables, owner, name) {
    const row = await tables
      .selectFrom("secrets")
      .selectAll()
      .where("owner", "=", owner)
      .where("name", "=", name)
      .executeTakeFirst();
    return row && sealer.open(rowId(owner, name), { keyId: row.key_id, text: row.sealed });
  },
  async all(tables, owner) {
    const rows = await tables.selectFrom("secrets").selectAll().where("owner", "=", owner).execute();
    return new Map(
      rows.map((row) => [row.name, sealer.open(rowId(owner, row.name), { keyId: row.key_id, text: row.sealed })]),
    );
  },
  async owners(tables, name) {
    const rows = await tables.selectFrom("secrets").select("owner").where("name", "=", name).execute();
    return rows.map(({ owner }) => owner);
  },
  async put(tables, owner, name, value) {
    const { keyId, text } = sealer.seal(rowId(owner, name), value);
    await tables
      .insertInto("secrets")
      .values({ owner, name, key_id: keyId, sealed: text })
      .onConflict((conflict) => conflict.columns(["owner", "name"]).doUpdateSet({ key_id: keyId, sealed: text }))
      .execute();
  },
  async drop(tables, owner, name) {
    let deletion = tables.deleteFrom("secrets").where("owner", "=", owner);
    if (name !== undefined) deletion = deletion.where("name", "=", name);
    const { numDeletedRows } = await deletion.executeTakeFirst();
    return Number(numDeletedRows);
  },
  rewrap: (tables) => rewrapAll(tables, sealer),
});

const rewrapAll = async (tables: Tables, sealer: Sealer): Promise<number> => {
  const rows = await tables.selectFrom("secrets").selectAll().where("key_id", "!=", sealer.keyId).execute();
  for (const row of rows) {
    const sealed = sealer.rewrap(rowId(row.owner, row.name), { keyId: row.key_id, text: row.sealed });
    await tables
      .updateTable("secrets")
      .set({ key_id: sealed.keyId, sealed: sealed.text })
      .where("owner", "=", row.owner)
      .where("name", "=", row.name)
      .execute();
  }
  return rows.length;
};
