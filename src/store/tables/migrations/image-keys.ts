// The keys of sealed image files: a table of their own, because of how a key is destroyed (../../catalogs/image-keys.ts).
import type { Migration } from "kysely/migration";
import { createTable } from "../ddl.ts";

export const imageKeys: Migration = {
  up: (db) => createTable(db, "image_keys", { id: "text", key_id: "text", sealed: "text" }, { key: ["id"] }),
};
