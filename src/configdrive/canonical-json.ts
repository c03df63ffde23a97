// JSON in one spelling: no white space, members sorted by name, so that equal data is equal bytes whoever wrote it down.
import type { Json } from "../core/driver.ts";

export type JsonObject = Readonly<Record<string, Json>>;

export const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !isList(value);

const byName = ([one]: readonly [string, Json], [other]: readonly [string, Json]): number => (one < other ? -1 : 1);

const sorted = (value: Json): Json => {
  if (isList(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(byName)
      .map(([name, member]) => [name, sorted(member)]),
  );
};

export const canonicalJson = (value: Json): string => JSON.stringify(sorted(value));

/** Whether lists and objects lie deeper in each other than `most`. Does not recurse: what it judges may be hostile. */
export const isDeeperThan = (most: number, value: Json): boolean => {
  let level: readonly Json[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > most) return true;
    level = level.flatMap((item) => (isList(item) ? item : isObject(item) ? Object.values(item) : []));
  }
  return false;
};
