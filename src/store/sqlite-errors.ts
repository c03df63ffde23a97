// SQLite's result codes (https://www.sqlite.org/rescode.html) and node:sqlite's own, as errors of our table.
import { MediabayError } from "../core/errors.ts";
import { UniqueViolation } from "./tables/database.ts";

/** Primary result codes that say the store cannot work now, and in which words. */
const unavailable: Readonly<Record<number, string>> = {
  3: "The store's files may not be accessed.",
  5: "The store is locked by another process.",
  6: "The store is locked by another process.",
  7: "The store has no memory left.",
  8: "The store's disk is read-only.",
  10: "The store's disk fails to read or write.",
  11: "The store's database is damaged.",
  13: "The store's disk is full.",
  14: "The store's database file cannot be opened.",
  15: "The store's lock cannot be had on this file system.",
  22: "The store's file system cannot hold so large a file.",
  26: "The store's database file is not a database.",
};

const uniqueCodes = new Set([1555, 2067]);

const textOf = (error: Error, name: string): unknown => Reflect.get(error, name);

const isFileError = (error: Error): boolean =>
  typeof textOf(error, "syscall") === "string" && typeof textOf(error, "code") === "string";

/** Errors that are not the engine's pass unchanged. */
export const translateSqliteError = (error: unknown): unknown => {
  if (!(error instanceof Error) || error instanceof MediabayError) return error;
  const code = textOf(error, "code");
  if (code === "ERR_SQLITE_ERROR") return translateResult(error);
  if (code === "ERR_INVALID_STATE" || error.message === "driver has already been destroyed") {
    return new MediabayError("STORE_UNAVAILABLE", "The store is closed.", {}, { cause: error });
  }
  if (isFileError(error)) {
    return new MediabayError("STORE_UNAVAILABLE", "The state directory cannot be used.", { code }, { cause: error });
  }
  return error;
};

const translateResult = (error: Error): unknown => {
  const result = Number(textOf(error, "errcode"));
  if (uniqueCodes.has(result)) return new UniqueViolation(error);
  // The low byte is the primary code; the rest says where exactly.
  const words = unavailable[result & 0xff];
  return new MediabayError(
    words === undefined ? "INTERNAL" : "STORE_UNAVAILABLE",
    words ?? "The store refused a statement.",
    { sqliteCode: result },
    { cause: error },
  );
};
