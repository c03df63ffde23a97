// The state directory and its lock. The lock is an exclusive transaction on a small SQLite file: the kernel drops it with the process,
// so a crash leaves no stale lock and a reused process id fools nobody.
import { chmodSync, closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MediabayError } from "../core/errors.ts";
import { translateSqliteError } from "./sqlite-errors.ts";

export interface StateDir {
  readonly path: string;
  /** Another process may open it from now on. Idempotent. */
  release(): void;
}

const busyResult = 5;

/** A connection that nothing refers to any more is closed by the garbage collector, and its lock with it. */
const held = new Set<DatabaseSync>();

/** Made with mode 0700 when it does not exist. @throws STATE_LOCKED (another process has it), STORE_UNAVAILABLE */
export const openStateDir = (path: string): StateDir => {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700);
    const lock = takeLock(join(path, "lock"));
    return {
      path,
      release() {
        if (held.delete(lock)) lock.close();
      },
    };
  } catch (error) {
    throw lockedOr(error, path);
  }
};

const takeLock = (file: string): DatabaseSync => {
  closeSync(openSync(file, "a", 0o600));
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec("begin exclusive");
    held.add(lock);
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
};

const lockedOr = (error: unknown, path: string): unknown => {
  if (error instanceof Error && Reflect.get(error, "errcode") === busyResult) {
    return new MediabayError(
      "STATE_LOCKED",
      `The state directory ${path} is in use by another process.`,
      { path },
      { cause: error },
    );
  }
  return translateSqliteError(error);
};
