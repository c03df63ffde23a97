// Paging: opaque cursors (base64url of the last row's sort key) and one row too many to see whether a page follows.
import { z } from "zod";
import { MediabayError } from "../../core/errors.ts";
import type { PageRequest } from "../../core/ports.ts";
import type { Page } from "../../core/records.ts";

export type CursorKey = readonly (string | number)[];

const largestPage = 1000;

export const pageLimit = (page: PageRequest): number => Math.min(Math.max(1, Math.trunc(page.limit)), largestPage);

const encodeCursor = (key: CursorKey): string => Buffer.from(JSON.stringify(key)).toString("base64url");

const invalidCursor = (cause?: unknown): MediabayError =>
  new MediabayError("INVALID_REQUEST", "The page cursor is not one of ours.", { field: "after" }, { cause });

/** @throws INVALID_REQUEST when the cursor is not of this listing */
export const decodeCursor = <T extends CursorKey>(page: PageRequest, schema: z.ZodType<T>): T | undefined => {
  if (page.after === undefined) return undefined;
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(page.after, "base64url").toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidCursor(error);
    throw error;
  }
  const parsed = schema.safeParse(key);
  if (!parsed.success) throw invalidCursor(parsed.error);
  return parsed.data;
};

/** `rows` holds up to `limit + 1`; the surplus one only tells that there is more. */
export const toPage = <Row, T>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => CursorKey,
  toItem: (row: Row) => T,
): Page<T> => {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map((row) => toItem(row));
  return rows.length > limit && last !== undefined ? { items, next: encodeCursor(keyOf(last)) } : { items };
};

/** Sorted by name; by age, newest first; by number, newest first. */
export const nameKey = z.tuple([z.string()]);
export const ageKey = z.tuple([z.number(), z.string()]);
export const numberKey = z.tuple([z.number()]);
