// The quirks that this driver understands, by section. Each has a default that suits a service which follows DSP0266 and DSP0268;
// a profile of vendors/ overrides single ones. Every quirk here is read somewhere in this folder.
import { z } from "zod";
import type { QuirkTable } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import { auth, http } from "./quirks/access.ts";
import { boot } from "./quirks/boot.ts";
import { errors } from "./quirks/errors.ts";
import { eject, insert, limits, prepare, url, verify } from "./quirks/media.ts";
import { power, recovery } from "./quirks/power.ts";
import { empty, slots } from "./quirks/slots.ts";

const schema = z.strictObject({
  auth: auth.prefault({}),
  http: http.prefault({}),
  slots: slots.prefault({}),
  empty: empty.prefault({}),
  url: url.prefault({}),
  prepare: prepare.prefault({}),
  insert: insert.prefault({}),
  eject: eject.prefault({}),
  verify: verify.prefault({}),
  boot: boot.prefault({}),
  power: power.prefault({}),
  recovery: recovery.prefault({}),
  errors: errors.prefault({}),
  limits: limits.prefault({}),
});

export type { Step } from "./quirks/step.ts";
export type { Predicate } from "./quirks/value.ts";
export type RedfishQuirks = z.output<typeof schema>;
export type ErrorRule = RedfishQuirks["errors"]["list"][number];
export type ErrorAction = NonNullable<ErrorRule["action"]>;

const parse = (raw: Readonly<Record<string, unknown>>): RedfishQuirks => {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const field = ["redfish", ...(issue?.path ?? []), ...unknown].join(".");
  const why = unknown.length > 0 ? "is unknown" : `is malformed: ${issue?.message ?? "no reason given"}`;
  throw new MediabayError("SETTINGS_INVALID", `Quirk ${field} ${why}.`, { field }, { cause: parsed.error });
};

export const redfishQuirks: QuirkTable<RedfishQuirks> = { defaults: parse({}), parse };
