// The embedded store: every port over one SQLite file in the state directory.
import { join } from "node:path";
import type { Clock } from "../core/driver.ts";
import type {
  AuditLog,
  ImageCatalog,
  ImageKeys,
  Journal,
  Log,
  MachineStore,
  PublicationCatalog,
  SourceCredentialStore,
  TokenStore,
} from "../core/ports.ts";
import { type CountingAttachmentStore, createAttachmentStore } from "./catalogs/attachments.ts";
import { createAuditLog } from "./catalogs/audit.ts";
import { createImageKeys, rewrapImageKeys } from "./catalogs/image-keys.ts";
import { createImageCatalog } from "./catalogs/images.ts";
import { createMachineStore } from "./catalogs/machines.ts";
import { prune, type Pruned } from "./catalogs/prune.ts";
import { createPublicationCatalog } from "./catalogs/publications.ts";
import { createSourceCredentialStore } from "./catalogs/source-credentials.ts";
import { createTokenStore } from "./catalogs/tokens.ts";
import { EventFeed } from "./journal/event-feed.ts";
import { createJournal } from "./journal/journal.ts";
import { createScrubber } from "./catalogs/scrubber.ts";
import type { Sealer, SealingKey } from "./sealer.ts";
import { type CommitListener, openSqlite } from "./sqlite.ts";
import type { Database } from "./tables/database.ts";
import { openVault } from "./tables/vault.ts";

export interface Store {
  readonly machines: MachineStore;
  readonly attachments: CountingAttachmentStore;
  readonly journal: Journal;
  readonly audit: AuditLog;
  readonly tokens: TokenStore;
  readonly images: ImageCatalog;
  readonly imageKeys: ImageKeys;
  readonly publications: PublicationCatalog;
  readonly credentials: SourceCredentialStore;
  /** Forgets operations and attachments that ended before `before` (epoch milliseconds), their events and reads. */
  prune(before: number): Promise<Pruned>;
  /** Wraps every secret anew under `key`, which seals from now on; one transaction. Answers how many. */
  rotate(key: SealingKey): Promise<number>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** A directory whose lock this process holds (`openStateDir`). */
  readonly stateDir: string;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly log?: Log;
  /** Called around every commit that writes, migrations included; counted from 1 since opening. For tests that kill the process there. */
  readonly onCommit?: CommitListener;
}

export const databaseFile = (stateDir: string): string => join(stateDir, "mediabay.db");

/** @throws STORE_UNAVAILABLE (disk, damage, a newer schema, or a sealing key that is missing or wrong) */
export const openSqliteStore = async (options: StoreOptions): Promise<Store> => {
  const database = await openSqlite(databaseFile(options.stateDir), options.onCommit);
  try {
    return await createStore(database, options);
  } catch (error) {
    await database.close();
    throw error;
  }
};

const createStore = async (database: Database, { sealer, clock, log }: StoreOptions): Promise<Store> => {
  const vault = await openVault(database, sealer);
  const feed = new EventFeed(database, clock);
  const scrubber = createScrubber(database, clock, log);
  // What a crash kept from it, or another process until the end.
  if (!(await database.scrub())) scrubber.owe();
  return {
    machines: createMachineStore(database, vault, clock),
    attachments: createAttachmentStore(database, clock),
    journal: createJournal(database, vault, feed, clock),
    audit: createAuditLog(database),
    tokens: createTokenStore(database, clock),
    images: createImageCatalog(database),
    imageKeys: createImageKeys(database, sealer, scrubber),
    publications: createPublicationCatalog(database, vault),
    credentials: createSourceCredentialStore(database, vault),
    prune: (before) => prune(database, before, clock.now()),
    rotate: (key) => {
      sealer.use(key);
      return database.write(async (tables) => (await vault.rewrap(tables)) + (await rewrapImageKeys(tables, sealer)));
    },
    async close() {
      try {
        await feed.flush();
      } finally {
        await scrubber.close();
        await database.close();
      }
    },
  };
};
