// A SQLite store in a temporary folder, on a clock that the test moves.
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSealingKey, Sealer, type SealingKey } from "../../src/store/sealer.ts";
import { openSqliteStore, type Store, type StoreOptions } from "../../src/store/open-store.ts";
import { ManualClock } from "./manual-clock.ts";

export interface TempStore {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly dir: string;
  readonly key: SealingKey;
  /** Closes and opens again, as after a restart. */
  reopen(options?: Partial<StoreOptions>): Promise<Store>;
  /** Opens again from what is on the disk now, as after a crash: the predecessor's memory is lost. */
  crash(): Promise<Store>;
  close(): Promise<void>;
}

export const openTempStore = async (options: Partial<StoreOptions> = {}): Promise<TempStore> => {
  let dir = mkdtempSync(join(tmpdir(), "mediabay-store-"));
  const clock = new ManualClock();
  const key = generateSealingKey();
  const open = (changes: Partial<StoreOptions>): Promise<Store> =>
    openSqliteStore({ stateDir: dir, sealer: new Sealer([key]), clock, ...options, ...changes });
  let store = await open({});
  return {
    get store() {
      return store;
    },
    get dir() {
      return dir;
    },
    clock,
    key,
    async reopen(changes = {}) {
      await store.close();
      store = await open(changes);
      return store;
    },
    async crash() {
      const copy = mkdtempSync(join(tmpdir(), "mediabay-store-"));
      cpSync(dir, copy, { recursive: true });
      await store.close();
      rmSync(dir, { recursive: true });
      dir = copy;
      store = await open({});
      return store;
    },
    async close() {
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
};
