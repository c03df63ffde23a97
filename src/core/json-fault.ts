// What JSON text may say and a program's numbers and texts cannot hold (RFC 8259 §6, §8.2): it would arrive changed, without a word.

export interface JsonFault {
  /** Of members' names and places in lists. */
  readonly path: readonly (string | number)[];
  /** A sentence's end, for people; never the value. */
  readonly why: string;
}

const longestShownName = 40;

const faultOf = (value: unknown): string | undefined => {
  if (typeof value === "string" && !value.isWellFormed()) return "is no text: half of a surrogate pair is in it";
  if (typeof value !== "number" || (Number.isFinite(value) && !Number.isInteger(value))) return undefined;
  return Number.isSafeInteger(value)
    ? undefined
    : "is a number too large to be kept exactly: give it as text, in quotation marks";
};

const membersOf = (value: unknown): readonly (readonly [string | number, unknown])[] => {
  if (Array.isArray(value)) return value.map((item, index) => [index, item]);
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
};

interface JsonPlace {
  readonly value: unknown;
  readonly path: readonly (string | number)[];
}

/** A name may be anything, also a secret in the wrong place: its beginning is enough to find it. */
const shownName = (name: string | number): string | number =>
  typeof name === "number"
    ? name
    : (name.length > longestShownName ? `${name.slice(0, longestShownName)}…` : name).toWellFormed();

/** The first there is, the outer ones before the inner. Does not recurse: what it judges may be hostile. */
export const jsonFault = (whole: unknown): JsonFault | undefined => {
  let level: readonly JsonPlace[] = [{ value: whole, path: [] }];
  while (level.length > 0) {
    for (const { value, path } of level) {
      const why = faultOf(path.at(-1)) ?? faultOf(value);
      if (why !== undefined) return { path: path.map(shownName), why };
    }
    level = level.flatMap(({ value, path }) =>
      membersOf(value).map(([name, item]) => ({ value: item, path: [...path, name] })),
    );
  }
  return undefined;
};
