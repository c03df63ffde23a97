// Rows of stored images and who holds them. The bytes are files of the image store.
import type { ImageCatalog } from "../../core/ports.ts";
import type { ImageRecord } from "../../core/records.ts";
import type { ImageFormat } from "../../core/vocabulary.ts";
import type { Database, Tables } from "../tables/database.ts";
import { given } from "../tables/json.ts";
import { decodeCursor, nameKey, pageLimit, toPage } from "../tables/page.ts";
import type { ImagesTable } from "../tables/schema.ts";

export const createImageCatalog = (database: Database): ImageCatalog => ({
  put: (image) =>
    database.write(async (tables) => {
      const { digest, ...columns } = toRow(image);
      await tables
        .insertInto("images")
        .values({ digest, ...columns })
        .onConflict((conflict) => conflict.column("digest").doUpdateSet({ last_used_at: columns.last_used_at }))
        .execute();
    }),
  get: (digest) =>
    database.read(async (tables) => {
      const row = await selectImages(tables).where("digest", "=", digest).executeTakeFirst();
      return row && toRecord(row);
    }),
  list: (page) =>
    database.read(async (tables) => {
      const limit = pageLimit(page);
      const after = decodeCursor(page, nameKey);
      let query = selectImages(tables)
        .orderBy("digest")
        .limit(limit + 1);
      if (after) query = query.where("digest", ">", after[0]);
      return toPage(await query.execute(), limit, (row) => [row.digest], toRecord);
    }),
  remove: (digest) =>
    database.write(async (tables) => {
      await tables.deleteFrom("images").where("digest", "=", digest).execute();
      await tables.deleteFrom("image_holds").where("digest", "=", digest).execute();
    }),
  touch: (digest, at) =>
    database.write(async (tables) => {
      await tables
        .updateTable("images")
        .set({ last_used_at: at })
        .where("digest", "=", digest)
        .where("last_used_at", "<", at)
        .execute();
    }),
  ...createHolds(database),
});

type Holds = Pick<ImageCatalog, "hold" | "release" | "holders" | "allHolders" | "evictable">;

const createHolds = (database: Database): Holds => ({
  hold: (digest, holder) =>
    database.write(async (tables) => {
      const held = await selectHolds(tables, digest).where("holder", "=", holder).executeTakeFirst();
      if (!held) await tables.insertInto("image_holds").values({ digest, holder }).execute();
    }),
  release: (holder) =>
    database.write(async (tables) => {
      const held = await tables.selectFrom("image_holds").select("digest").where("holder", "=", holder).execute();
      if (held.length === 0) return [];
      await tables.deleteFrom("image_holds").where("holder", "=", holder).execute();
      const digests = held.map((row) => row.digest);
      const others = await tables
        .selectFrom("image_holds")
        .select("digest")
        .distinct()
        .where("digest", "in", digests)
        .execute();
      const stillHeld = new Set(others.map((row) => row.digest));
      return digests.filter((digest) => !stillHeld.has(digest));
    }),
  holders: (digest) =>
    database.read(async (tables) => {
      const rows = await selectHolds(tables, digest).orderBy("holder").execute();
      return rows.map((row) => row.holder);
    }),
  allHolders: () =>
    database.read(async (tables) => {
      const rows = await tables.selectFrom("image_holds").select("holder").distinct().orderBy("holder").execute();
      return rows.map((row) => row.holder);
    }),
  evictable: () =>
    database.read(async (tables) => {
      const rows = await selectImages(tables).orderBy("last_used_at").orderBy("digest").execute();
      return rows.map(toRecord).filter((image) => image.references === 0 && image.published === 0);
    }),
});

const selectHolds = (tables: Tables, digest: string) =>
  tables.selectFrom("image_holds").select("holder").where("digest", "=", digest);

const selectImages = (tables: Tables) =>
  tables
    .selectFrom("images")
    .selectAll()
    .select((image) => [
      image
        .selectFrom("image_holds")
        .select((hold) => hold.fn.countAll<number>().as("count"))
        .whereRef("image_holds.digest", "=", "images.digest")
        .as("holds"),
      image
        .selectFrom("publications")
        .select((publication) => publication.fn.countAll<number>().as("count"))
        .whereRef("publications.digest", "=", "images.digest")
        .where("publications.withdrawn_at", "is", null)
        .as("published"),
    ]);

const toRow = (image: Omit<ImageRecord, "references" | "published">): ImagesTable => ({
  digest: image.digest,
  size_bytes: image.sizeBytes,
  format: image.format,
  label: image.label ?? null,
  created_at: image.createdAt,
  last_used_at: image.lastUsedAt,
});

const toRecord = (
  row: ImagesTable & { readonly holds: number | null; readonly published: number | null },
): ImageRecord => ({
  digest: row.digest,
  sizeBytes: row.size_bytes,
  format: row.format as ImageFormat,
  ...given("label", row.label),
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  references: row.holds ?? 0,
  published: row.published ?? 0,
});
