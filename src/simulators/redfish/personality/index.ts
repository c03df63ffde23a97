// How one simulated BMC behaves where the Redfish specification (DSP0266, DSP0268) leaves a choice or where products deviate from it.
// The default of every switch is the schema-true behaviour. Fixtures hold these as personality.json; tests override single values.
import { z } from "zod";
import { auth } from "./auth.ts";
import { boot } from "./boot.ts";
import { http } from "./http.ts";
import { media } from "./media.ts";
import { oem } from "./oem.ts";
import { bmc, power } from "./power.ts";
import { errors } from "./replies.ts";
import { standingFault } from "./standing-faults.ts";

const personalitySchema = z.strictObject({
  title: z.string().default(""),
  auth: auth.prefault({}),
  http: http.prefault({}),
  media: media.prefault({}),
  boot: boot.prefault({}),
  power: power.prefault({}),
  bmc: bmc.prefault({}),
  oem: oem.prefault({}),
  errors: errors.prefault({}),
  faults: z.array(standingFault).default([]),
});

export type Personality = z.output<typeof personalitySchema>;

/** Any part of a personality: what personality.json and a test's overrides hold. */
export type PersonalityOverrides = z.input<typeof personalitySchema>;

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const merge = (base: unknown, over: unknown): unknown => {
  if (over === undefined) return base;
  if (!isPlain(base) || !isPlain(over)) return over;
  const names = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...names].map((name) => [name, merge(base[name], over[name])]));
};

/** @throws ZodError naming the unknown or malformed switch */
export const readPersonality = (fixture: unknown, overrides: PersonalityOverrides = {}): Personality =>
  personalitySchema.parse(merge(fixture, overrides));
