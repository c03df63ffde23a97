// What is known of BMC families, as core/ports.ts and core/gateway.ts have it.
import { z } from "zod";
import { confidences, profileOrigins, protocols } from "../../core/vocabulary.ts";
import { identity } from "./hardware.ts";

const text = z.string();
const texts = z.array(text);
const confidence = z.enum(confidences);

const quirk = z
  .object({
    protocol: z.enum(protocols),
    section: text,
    key: text,
    value: z.unknown(),
    why: text,
    evidence: z.object({ source: text, date: text, firmwareSeen: text, confidence }),
    profile: text,
    origin: z.enum(profileOrigins),
    firmware: text.exactOptional(),
  })
  .meta({ id: "Quirk" });

export const profileSummary = z
  .object({
    id: text,
    title: text,
    confidence: confidence.exactOptional(),
    origins: z.array(z.enum(profileOrigins)),
  })
  .meta({ id: "ProfileSummary" });

export const profileView = profileSummary
  .extend({ priority: z.number().int(), rules: texts, notes: texts, quirks: z.array(quirk) })
  .meta({ id: "Profile" });

export const machineProfile = profileSummary
  .extend({ machine: text, identity, rule: text.exactOptional(), notes: texts, quirks: z.array(quirk) })
  .meta({ id: "MachineProfile" });

export const profileParams = z.strictObject({
  profile: z.string().min(1).max(128).describe("The profile's id, its slash encoded: `vendor%2Fproduct`."),
});
