// Structures as JSON text. What is read back was written by us, under this schema: the type is ours to state.

export const toText = (value: unknown): string => JSON.stringify(value);

export const fromText = (text: string): unknown => JSON.parse(text);

/** For columns that may be null. */
export const toTextOrNull = (value: unknown): string | null => (value === undefined ? null : toText(value));

/** `{ [name]: value }`, or nothing where the column was null: absent members stay absent. */
export const given = <const Name extends string, T>(name: Name, value: T | null | undefined): { [K in Name]?: T } =>
  (value === null || value === undefined ? {} : { [name]: value }) as { [K in Name]?: T };
