// The form of a profile file: one BMC family as data. This is its reference; `mediabay profile check FILE` holds a file to it.
import { z } from "zod";
import { confidences, protocols } from "../core/vocabulary.ts";
import { isEmptyRange, schemes } from "./versions.ts";

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

/** Compares without regard to case. Exactly one operator: `equals`, `oneOf`, `startsWith` (any of a list) or `matches` (an expression). */
const textTest = z.union(
  [
    z.strictObject({ equals: text }),
    z.strictObject({ oneOf: z.array(text).min(1) }),
    z.strictObject({ startsWith: z.array(text).min(1) }),
    z.strictObject({ matches: pattern }),
  ],
  { error: "needs exactly one of equals, oneOf, startsWith, matches" },
);

const schemeNames = Object.keys(schemes);

/**
 * `from` is inclusive, `below` is exclusive; one of them may be absent. `scheme` names how the versions are written: see versions.ts.
 * A BMC that does not tell its version, or tells it otherwise, is in no range.
 */
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
    if (isEmptyRange(range)) context.addIssue({ code: "custom", path: ["below"], message: "is not above from" });
  });

/** What a BMC says of itself, as the protocol's driver reports it; a test on something that it does not say fails. */
const identityTests = {
  /** The service root's `Vendor`. */
  vendor: textTest.optional(),
  /** The service root's `Product`. */
  product: textTest.optional(),
  /** A key of the service root's `Oem` object. */
  oem: textTest.optional(),
  /** The Manager's `Model`. */
  managerModel: textTest.optional(),
  /** The Manager's `FirmwareVersion` as text: some name their board only there. */
  firmwareText: textTest.optional(),
  systemManufacturer: textTest.optional(),
  systemModel: textTest.optional(),
};

const needsTest = (value: object): boolean => Object.keys(value).some((key) => key !== "score");

/** All of its tests must hold. `score` ranks it among rules of one priority; by default it is the number of tests. */
const rule = z
  .strictObject({
    score: z.int().min(1).max(100).optional(),
    ...identityTests,
    /** The Manager's `FirmwareVersion` as a version. */
    firmwareVersion: versionRange.optional(),
    /** Of the protocol: Redfish's `RedfishVersion`. Grows with the firmware where FirmwareVersion starts again with each board. */
    protocolVersion: versionRange.optional(),
  })
  .refine(needsTest, { error: "needs at least one test" });

/** What showed that the value is needed. */
const evidence = z.strictObject({
  /** Repository and file, document, or issue URL. */
  source: text,
  date: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$/u, { error: "must be YYYY-MM or YYYY-MM-DD" }),
  /** Of the BMC on which it was seen; `not stated` where the source does not say. */
  firmwareSeen: text,
  confidence: z.enum(confidences),
});

/** One deviation from what the protocol's driver does by itself. A value that is the driver's default does not belong in a file. */
const quirk = z.strictObject({
  value: z.json().refine((value) => value !== null, { error: "null says nothing" }),
  /** What goes wrong without it. */
  why: text,
  evidence,
});

const key = z.string().regex(/^[a-z][A-Za-z0-9]*$/u, { error: "must be a camelCase name" });

/** Section → key → quirk. The driver's own table (`src/drivers/<protocol>/quirks`) says which there are and what they take. */
const sections = z.record(key, z.record(key, quirk));
const byProtocol = z.partialRecord(z.enum(protocols), sections);

/**
 * Quirks of some firmware only; they win over the family's own, key by key. `only` narrows it further, to some models of the family.
 * Two entries that may hold for one BMC must not set the same quirk.
 */
const firmwareOverride = z.strictObject({
  when: versionRange,
  only: z.strictObject(identityTests).refine(needsTest, { error: "needs at least one test" }).optional(),
  protocols: byProtocol,
});

/**
 * One file of `vendors/`, or of a site's own folder (setting `profilesDir`). A BMC gets, one over the other and key by key: the driver's
 * defaults, `generic.json`, the file of its family, that file's firmware entries; then the same three of the site's folder. A site's file
 * with a shipped id changes that family: its quirks are added, its `match` and `priority` replace the shipped ones where given.
 */
export const profileSchema = z.strictObject({
  /** Of this form. A file of another version is refused. */
  schemaVersion: z.literal(1),
  /** The file's path without `.json`. */
  id: z.string().regex(/^(generic|[a-z0-9-]+\/[a-z0-9-]+)$/u, { error: "must be generic or vendor/product" }),
  title: text,
  /** What most of the file rests on; absent where each quirk's own evidence is all there is to say. */
  confidence: z.enum(confidences).optional(),
  /** Where sources contradict each other or are weak, and what to override if they prove wrong. */
  notes: z.array(text).default([]),
  /** Ranks before any score; 0 by default. */
  priority: z.int().min(-100).max(100).optional(),
  /** Any of them must hold. Families whose rules may hold for the same BMC at equal rank are refused. */
  match: z.array(rule).default([]),
  protocols: byProtocol.default({}),
  firmware: z.array(firmwareOverride).default([]),
});

export type Profile = z.infer<typeof profileSchema>;
export type Rule = z.infer<typeof rule>;
export type TextTest = z.infer<typeof textTest>;
export type QuirksByProtocol = z.infer<typeof byProtocol>;
export type FirmwareOverride = z.infer<typeof firmwareOverride>;
