// The kinds of values that quirks are made of.
import { z } from "zod";

export const durationMs = z.int().min(0).max(3_600_000);

const isRegExp = (source: string): boolean => {
  try {
    return new RegExp(source, "iu") instanceof RegExp;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};

/** A regular expression, matched anywhere in the text and without regard to case. */
export const pattern = z.string().min(1).refine(isRegExp, { error: "is not a regular expression" });

/** Where a property is looked for: its name, or a path of names with `/` between (`Oem/Contoso/State`). */
const property = z.string().min(1);

const shown = z.union([z.null(), z.boolean(), z.number(), z.string()]);

/** Each named property shows one of the listed values; the word `absent` means that the property is not there. */
export const predicate = z.record(property, z.array(shown).min(1));
export type Predicate = z.output<typeof predicate>;

/** Statuses on which something is tried again. */
export const retries = (defaults: { readonly times: number; readonly delayMs: number; readonly on: number[] }) =>
  z
    .strictObject({
      /** After the first try. */
      times: z.int().min(0).max(30).default(defaults.times),
      delayMs: durationMs.default(defaults.delayMs),
      /** HTTP statuses; an error of `errors.list` with the action `retry` counts as well. */
      on: z.array(z.int().min(400).max(599)).default(defaults.on),
    })
    .prefault({});
