// The form of a profile file: one BMC family as data. Every value states why it is there and what showed it.
import { z } from "zod";
import { protocols } from "../core/vocabulary.ts";
import { schemes } from "./versions.ts";

const text = z.string().trim().min(1);

const pattern = text.refine((source) => isRegExp(source), { error: "is not a regular expression" });

const isRegExp = (source: string): boolean => {
  try {
    return new RegExp(source, "iu") instanceof RegExp;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};

/** Compares without regard to case. Exactly one operator. */
const textTest = z.union([
  z.strictObject({ equals: text }),
  z.strictObject({ oneOf: z.array(text).min(1) }),
  z.strictObject({ startsWith: z.array(text).min(1) }),
  z.strictObject({ matches: pattern }),
]);

const schemeNames = Object.keys(schemes);

/** `from` is inclusive, `below` is exclusive; one of them may be absent. */
const versionRange = z
  .strictObject({
    scheme: z
      .string()
      .refine((name) => schemeNames.includes(name), { error: `must be one of ${schemeNames.join(", ")}` }),
    from: text.optional(),
    below: text.optional(),
  })
  .superRefine((range, context) => {
    const scheme = schemes[range.scheme];
    if (scheme === undefined) return;
    for (const bound of ["from", "below"] as const) {
      const value = range[bound];
      if (value !== undefined && scheme.parse(value) === undefined)
        context.addIssue({ code: "custom", path: [bound], message: `is not a version of the scheme ${range.scheme}` });
    }
    if (range.from === undefined && range.below === undefined)
      context.addIssue({ code: "custom", message: "needs from, below or both" });
  });

/** All of its tests must hold. `score` ranks it among rules of one priority; by default it is the number of tests. */
const rule = z
  .strictObject({
    score: z.int().min(1).max(100).optional(),
    vendor: textTest.optional(),
    product: textTest.optional(),
    /** A key of the service root's `Oem` object. */
    oem: textTest.optional(),
    managerModel: textTest.optional(),
    systemManufacturer: textTest.optional(),
    systemModel: textTest.optional(),
    firmwareVersion: versionRange.optional(),
  })
  .refine((value) => Object.keys(value).some((key) => key !== "score"), { error: "needs at least one test" });

/** `code`: read in the maker's code or manual. `capture`: in a recorded tree. `measured`: tried by us. `report`: an issue. */
const confidence = z.enum(["code", "capture", "measured", "report", "inferred"]);

const evidence = z.strictObject({
  source: text,
  date: z.string().regex(/^\d{4}-\d{2}(-\d{2})?$/u, { error: "must be YYYY-MM or YYYY-MM-DD" }),
  firmwareSeen: text,
  confidence,
});

const quirk = z.strictObject({
  value: z.json().refine((value) => value !== null, { error: "null says nothing" }),
  why: text,
  evidence,
});

const key = z.string().regex(/^[a-z][A-Za-z0-9]*$/u, { error: "must be a camelCase name" });
const sections = z.record(key, z.record(key, quirk));
const byProtocol = z.partialRecord(z.enum(protocols), sections);

const firmwareOverride = z.strictObject({ when: versionRange, protocols: byProtocol });

/** One file of `vendors/`, or of a site's own folder. `id` is its path without `.json`. */
export const profileSchema = z.strictObject({
  schemaVersion: z.literal(1),
  id: z.string().regex(/^(generic|[a-z0-9-]+\/[a-z0-9-]+)$/u, { error: "must be generic or vendor/product" }),
  title: text,
  /** Ranks before any score; 0 by default. */
  priority: z.int().min(-100).max(100).optional(),
  /** Any of them must hold. */
  match: z.array(rule).default([]),
  protocols: byProtocol.default({}),
  firmware: z.array(firmwareOverride).default([]),
});

export type Profile = z.infer<typeof profileSchema>;
export type Rule = z.infer<typeof rule>;
export type TextTest = z.infer<typeof textTest>;
export type QuirksByProtocol = z.infer<typeof byProtocol>;
