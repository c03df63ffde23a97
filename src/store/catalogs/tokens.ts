// API tokens: 32 random bytes behind `mb_`, of which only the SHA-256 is kept.
import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { TokenStore } from "../../core/ports.ts";
import type { TokenRecord } from "../../core/records.ts";
import type { Role } from "../../core/vocabulary.ts";
import { type Database, UniqueViolation } from "../tables/database.ts";
import { given } from "../tables/json.ts";
import type { TokensTable } from "../tables/schema.ts";

/** `lastUsedAt` is this exact; writing each use would cost a disk flush per request. */
const lastUseGrainMs = 60_000;

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

export const createTokenStore = (database: Database, clock: Clock): TokenStore => ({
  async create(name, role) {
    const token = `mb_${randomBytes(32).toString("base64url")}`;
    const record: TokenRecord = { id: randomUUID(), name, role, createdAt: clock.now() };
    const row: TokensTable = {
      id: record.id,
      name,
      role,
      hash: hashOf(token),
      created_at: record.createdAt,
      last_used_at: null,
    };
    try {
      await database.write((tables) => tables.insertInto("tokens").values(row).execute());
    } catch (error) {
      if (!(error instanceof UniqueViolation)) throw error;
      throw new MediabayError("INVALID_REQUEST", `A token ${name} exists.`, { field: "name" }, { cause: error });
    }
    return { token, record };
  },
  async find(token) {
    const hash = hashOf(token);
    const row = await database.read((tables) =>
      tables.selectFrom("tokens").selectAll().where("hash", "=", hash).executeTakeFirst(),
    );
    if (!row || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash))) return undefined;
    const used = clock.now();
    if (row.last_used_at !== null && used - row.last_used_at < lastUseGrainMs) return toRecord(row);
    await noteUse(database, row.id, used);
    return toRecord({ ...row, last_used_at: used });
  },
  list: () =>
    database.read(async (tables) => {
      const rows = await tables.selectFrom("tokens").selectAll().orderBy("name").execute();
      return rows.map(toRecord);
    }),
  remove: (id) =>
    database.write(async (tables) => {
      const removed = await tables.deleteFrom("tokens").where("id", "=", id).executeTakeFirst();
      if (removed.numDeletedRows === 0n) throw new MediabayError("NOT_FOUND", `There is no token ${id}.`);
    }),
});

const noteUse = async (database: Database, id: string, at: number): Promise<void> => {
  try {
    await database.write((tables) =>
      tables.updateTable("tokens").set({ last_used_at: at }).where("id", "=", id).execute(),
    );
  } catch (error) {
    // A full disk must not lock out whoever comes to look why.
    if (!(error instanceof MediabayError) || error.code !== "STORE_UNAVAILABLE") throw error;
  }
};

const toRecord = (row: TokensTable): TokenRecord => ({
  id: row.id,
  name: row.name,
  role: row.role as Role,
  createdAt: row.created_at,
  ...given("lastUsedAt", row.last_used_at),
});
