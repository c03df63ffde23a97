// The schema's history, forward only. An entry is never edited once released: installations have run it.
import type { Migration } from "kysely/migration";
import { begin } from "./migrations/begin.ts";
import { configDrives } from "./migrations/config-drives.ts";
import { imageKeys } from "./migrations/image-keys.ts";

/** In the order of their names. */
export const migrations: Readonly<Record<string, Migration>> = {
  "0001-begin": begin,
  "0002-config-drives": configDrives,
  "0003-image-keys": imageKeys,
};
