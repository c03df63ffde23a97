// API tokens: 32 random bytes behind `mb_`, of which only the SHA-256 is kept.
import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { TokenStore } from "../../core/ports.ts";
import type { TokenRecord } from "../../core/records.ts";
import type { Role } from "../../core/vocabulary.ts";
import { type Database, type Tables, UniqueViolation } from "../tables/database.ts";
import { given } from "../tables/json.ts";
import type { TokensTable } from "../tables/schema.ts";

/** `lastUsedAt` is this exact; writing each use would cost a disk flush per request. */
const lastUseGrainMs = 60_000;

const makeToken = (): string => `mb_${randomBytes(32).toString("base64url")}`;

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

export const createTokenStore = (database: Database, clock: Clock): TokenStore => ({
  async create(name, role) {
    const token = makeToken();
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
  async renew(id) {
    const token = makeToken();
    const changes = { hash: hashOf(token), last_used_at: null };
    const row = await database.write((tables) =>
      tables.updateTable("tokens").set(changes).where("id", "=", id).returningAll().executeTakeFirst(),
    );
    if (!row) throw unknown(id);
    return { token, record: toRecord(row) };
  },
  remove: (id) =>
    database.write(async (tables) => {
      const row = await tables.selectFrom("tokens").select("role").where("id", "=", id).executeTakeFirst();
      if (!row) throw unknown(id);
      if (row.role === "admin") await keepAnAdmin(tables, id);
      await tables.deleteFrom("tokens").where("id", "=", id).execute();
    }),
});

const unknown = (id: string): MediabayError => new MediabayError("NOT_FOUND", `There is no token ${id}.`);

/** Without an admin's token nobody could make another. */
const keepAnAdmin = async (tables: Tables, leaving: string): Promise<void> => {
  const others = tables.selectFrom("tokens").select("id").where("role", "=", "admin").where("id", "!=", leaving);
  if (await others.executeTakeFirst()) return;
  throw new MediabayError("INVALID_REQUEST", `Token ${leaving} is the last one of an admin, so it stays.`, {
    hint: "Create another token with the role admin first, then remove this one with it.",
  });
};

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
