// Profiles as they are shown: families without their files' form, and each quirk with the place it is written in.
import type { ProfileQuirk, ProfileSummary, ProfileView } from "../core/ports.ts";
import type { Family } from "./families.ts";
import type { ProfileFile } from "./load.ts";
import { eachQuirk } from "./problems.ts";
import { describeRule } from "./rules.ts";
import type { FirmwareOverride, QuirksByProtocol } from "./schema.ts";
import { describeRange } from "./versions.ts";

export const summaryOf = ({ id, title, confidence, files }: Family): ProfileSummary => ({
  id,
  title,
  ...(confidence !== undefined && { confidence }),
  origins: files.map(({ origin }) => origin),
});

export const notesOf = ({ files }: Family): readonly string[] => files.flatMap(({ profile }) => profile.notes);

export const viewOf = (family: Family): ProfileView => ({
  ...summaryOf(family),
  priority: family.priority,
  rules: family.rules.map(describeRule),
  notes: notesOf(family),
  quirks: family.files.flatMap((file) => quirksOf(file, () => true)),
});

/** A file's quirks, its firmware entries' last; of those only the ones that `holds` lets through. */
export const quirksOf = (
  { origin, profile }: ProfileFile,
  holds: (entry: FirmwareOverride) => boolean,
): readonly ProfileQuirk[] => {
  const shown = (quirks: QuirksByProtocol, firmware?: string): readonly ProfileQuirk[] =>
    eachQuirk(quirks).map(({ protocol, section, key, quirk }) => ({
      protocol,
      section,
      key,
      ...quirk,
      profile: profile.id,
      origin,
      ...(firmware !== undefined && { firmware }),
    }));
  const entries = profile.firmware.filter(holds);
  return [...shown(profile.protocols), ...entries.flatMap((entry) => shown(entry.protocols, describeEntry(entry)))];
};

const describeEntry = ({ when, only }: FirmwareOverride): string =>
  [describeRange(when), ...(only === undefined ? [] : [describeRule(only)])].join(" and ");

/** `redfish.http.maxInFlight = 1: why (dell/idrac9, firmware below 6.00 (dotted))` */
export const describeQuirk = ({
  protocol,
  section,
  key,
  value,
  why,
  profile,
  origin,
  firmware,
}: ProfileQuirk): string => {
  const place = [
    profile,
    ...(firmware === undefined ? [] : [`firmware ${firmware}`]),
    ...(origin === "site" ? ["site"] : []),
  ];
  return `${protocol}.${section}.${key} = ${JSON.stringify(value)}: ${why} (${place.join(", ")})`;
};
