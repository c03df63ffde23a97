// Published URLs and what was read through them. Token and URL are sealed and are destroyed when the publication is withdrawn.
import { MediabayError } from "../../core/errors.ts";
import type { PublicationCatalog, PublicationRecord, PublicationTerms, ReadRecord } from "../../core/ports.ts";
import type { Database, Tables } from "../tables/database.ts";
import { fromText, given, toText, toTextOrNull } from "../tables/json.ts";
import type { PublicationsTable, ReadsTable } from "../tables/schema.ts";
import type { Vault } from "../tables/vault.ts";

const owner = (attachmentId: string): `publication/${string}` => `publication/${attachmentId}`;
const urlSecret = "url";

interface UrlSecret {
  readonly token: string;
  readonly url: string;
}

export const createPublicationCatalog = (database: Database, vault: Vault): PublicationCatalog => ({
  put: (publication) =>
    database.write(async (tables) => {
      const existing = await find(tables, publication.attachmentId);
      if (existing?.withdrawn_at === null) {
        throw new MediabayError("INTERNAL", "The attachment already has a live publication.");
      }
      const row = { ...toRow(publication), reads_since: await lastRead(tables, publication.attachmentId) };
      await tables
        .insertInto("publications")
        .values(row)
        .onConflict((conflict) => conflict.column("attachment_id").doUpdateSet(row))
        .execute();
      const { token, url } = publication;
      await vault.put(tables, owner(publication.attachmentId), urlSecret, { token, url });
    }),
  live: () =>
    database.read(async (tables) => {
      const rows = await tables
        .selectFrom("publications")
        .selectAll()
        .where("withdrawn_at", "is", null)
        .orderBy("created_at")
        .execute();
      return Promise.all(rows.map((row) => toPublication(tables, vault, row)));
    }),
  end: (attachmentId, at) =>
    database.write(async (tables) => {
      await tables
        .updateTable("publications")
        .set({ ended_at: at })
        .where("attachment_id", "=", attachmentId)
        .where("withdrawn_at", "is", null)
        .where("ended_at", "is", null)
        .execute();
    }),
  reopen: (attachmentId) =>
    database.write(async (tables) => {
      await tables
        .updateTable("publications")
        .set({ ended_at: null })
        .where("attachment_id", "=", attachmentId)
        .where("withdrawn_at", "is", null)
        .execute();
    }),
  withdraw: (attachmentId, at) =>
    database.write(async (tables) => {
      const existing = await find(tables, attachmentId);
      if (existing?.withdrawn_at !== null) return;
      await tables
        .updateTable("publications")
        .set({ withdrawn_at: at })
        .where("attachment_id", "=", attachmentId)
        .execute();
      await vault.drop(tables, owner(attachmentId));
    }),
  addReads: (attachmentId, reads) =>
    database.write(async (tables) => {
      const rows: ReadsTable[] = [];
      for (const read of reads) rows.push(toReadRow(attachmentId, read, await database.next("reads")));
      if (rows.length > 0) await tables.insertInto("reads").values(rows).execute();
    }),
  reads: (attachmentId) =>
    database.read(async (tables) => {
      const rows = await tables
        .selectFrom("reads")
        .selectAll()
        .where("attachment_id", "=", attachmentId)
        .where("seq", ">", (await find(tables, attachmentId))?.reads_since ?? 0)
        .orderBy("seq")
        .execute();
      return rows.map(toRead);
    }),
});

const find = (tables: Tables, attachmentId: string): Promise<PublicationsTable | undefined> =>
  tables.selectFrom("publications").selectAll().where("attachment_id", "=", attachmentId).executeTakeFirst();

const lastRead = async (tables: Tables, attachmentId: string): Promise<number | null> => {
  const row = await tables
    .selectFrom("reads")
    .select((read) => read.fn.max("seq").as("last"))
    .where("attachment_id", "=", attachmentId)
    .executeTakeFirst();
  return row?.last ?? null;
};

const toReadRow = (attachmentId: string, read: ReadRecord, seq: number): ReadsTable => ({
  seq,
  attachment_id: attachmentId,
  remote: read.remote,
  method: read.method,
  from_byte: read.from,
  to_byte: read.to,
  requests: read.requests,
  first_at: read.firstAt,
  last_at: read.lastAt,
  full_reads: read.fullReads ?? null,
  is_ahead: read.ahead ? 1 : null,
  is_wide: read.wide ? 1 : null,
  is_stranger: read.stranger ? 1 : null,
  phase: read.phase ?? null,
});

const toRead = (row: ReadsTable): ReadRecord => ({
  remote: row.remote,
  method: row.method as ReadRecord["method"],
  from: row.from_byte,
  to: row.to_byte,
  requests: row.requests,
  firstAt: row.first_at,
  lastAt: row.last_at,
  ...given("fullReads", row.full_reads),
  ...(row.is_ahead === 1 && { ahead: true }),
  ...(row.is_wide === 1 && { wide: true }),
  ...(row.is_stranger === 1 && { stranger: true }),
  ...given("phase", row.phase),
});

const toRow = (publication: PublicationRecord): PublicationsTable => ({
  attachment_id: publication.attachmentId,
  machine_id: publication.machineId,
  digest: publication.digest,
  file_name: publication.fileName,
  bmc_addresses: toText(publication.bmcAddresses),
  created_at: publication.createdAt,
  terms: toTextOrNull(publication.terms),
  ended_at: publication.endedAt ?? null,
  withdrawn_at: null,
  reads_since: null,
});

const toPublication = async (tables: Tables, vault: Vault, row: PublicationsTable): Promise<PublicationRecord> => {
  const secret = (await vault.get(tables, owner(row.attachment_id), urlSecret)) as unknown as UrlSecret | undefined;
  if (!secret) throw new MediabayError("INTERNAL", "A live publication has lost its sealed URL.");
  return {
    ...secret,
    fileName: row.file_name,
    digest: row.digest,
    attachmentId: row.attachment_id,
    machineId: row.machine_id,
    bmcAddresses: fromText(row.bmc_addresses) as string[],
    createdAt: row.created_at,
    ...(row.terms !== null && { terms: fromText(row.terms) as PublicationTerms }),
    ...given("endedAt", row.ended_at),
  };
};
