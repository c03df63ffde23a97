// What may be wrong with a profile file beyond its form: each law answers every violation, so that a check names them all at once.
import { MediabayError } from "../core/errors.ts";
import type { ProtocolName } from "../core/vocabulary.ts";
import { rulesMayMeet } from "./rules.ts";
import type { FirmwareOverride, Profile, QuirksByProtocol, Rule } from "./schema.ts";

/**
 * A protocol's own check. Answers the sections with all defaults filled in, so that two sets of quirks can be compared by effect.
 * Throws a MediabayError when the driver does not know, or not take, what it is given.
 */
export type QuirkValidators = Partial<Record<ProtocolName, (sections: Sections) => unknown>>;

/** `key` is a path inside the file. */
export interface Problem {
  readonly key: string;
  readonly problem: string;
}

/** The profile under all others: what it sets holds for every BMC that no family says otherwise of. */
export const genericId = "generic";

export const eachQuirk = (quirks: QuirksByProtocol) =>
  (Object.keys(quirks) as ProtocolName[]).flatMap((protocol) =>
    Object.entries(quirks[protocol] ?? {}).flatMap(([section, keys]) =>
      Object.entries(keys).map(([key, quirk]) => ({
        protocol,
        section,
        key,
        quirk,
        name: `${protocol}.${section}.${key}`,
      })),
    ),
  );

interface QuirkGroup {
  /** Its path inside the file. */
  readonly at: string;
  readonly quirks: QuirksByProtocol;
  readonly someFirmware: boolean;
}

export const quirkGroups = ({ protocols, firmware }: Profile): readonly QuirkGroup[] => [
  { at: "protocols", quirks: protocols, someFirmware: false },
  ...firmware.map((entry, index) => ({
    at: `firmware.${index}.protocols`,
    quirks: entry.protocols,
    someFirmware: true,
  })),
];

/** `under` is what the file lies upon: for a site's file the shipped ones that it changes. */
export const problemsOf = (
  profile: Profile,
  validators: QuirkValidators,
  under: readonly QuirksByProtocol[] = [],
): readonly Problem[] => [
  ...(profile.id === genericId && profile.match.length + profile.firmware.length > 0
    ? [{ key: "match", problem: "the generic profile holds for every BMC" }]
    : []),
  ...meetingRanges(profile),
  ...quirkGroups(profile).flatMap((group) => refusedQuirks(group, [...under, profile.protocols], validators)),
];

/**
 * Each quirk is shown to its driver alone, so that the one at fault can be named. Some mean something only beside others of their section:
 * those may be refused alone.
 */
const refusedQuirks = (
  { at, quirks }: QuirkGroup,
  under: readonly QuirksByProtocol[],
  validators: QuirkValidators,
): readonly Problem[] =>
  eachQuirk(quirks).flatMap(({ protocol, section, key, quirk, name }) => {
    const validate = validators[protocol];
    const alone = refusalOf(() => validate?.({ [section]: { [key]: quirk.value } }));
    if (alone === undefined) return [];
    const together = { [section]: sectionsOf([...under, quirks], protocol)[section] ?? {} };
    return refusalOf(() => validate?.(together)) === undefined ? [] : [{ key: `${at}.${name}`, problem: alone }];
  });

const refusalOf = (check: () => unknown): string | undefined => {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof MediabayError) return error.message.replace(/\.$/u, "");
    throw error;
  }
};

export type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** One protocol's values; a later layer's replaces an earlier one's whole. */
export const sectionsOf = (layers: readonly QuirksByProtocol[], protocol: ProtocolName): Sections => {
  const sections: Record<string, Record<string, unknown>> = {};
  for (const layer of layers)
    for (const each of eachQuirk(layer))
      if (each.protocol === protocol) (sections[each.section] ??= {})[each.key] = each.quirk.value;
  return sections;
};

const meetingRanges = ({ firmware }: Profile): readonly Problem[] =>
  firmware.flatMap((one, index) =>
    firmware.slice(index + 1).flatMap((other) => {
      const names = new Set(eachQuirk(one.protocols).map(({ name }) => name));
      const both = eachQuirk(other.protocols).find(({ name }) => names.has(name));
      return both !== undefined && rulesMayMeet(asRule(one), asRule(other))
        ? [{ key: "firmware", problem: `two ranges that may meet both set ${both.name}` }]
        : [];
    }),
  );

/** When a firmware entry holds, as a match rule. */
export const asRule = ({ when, only }: FirmwareOverride): Rule => ({ ...only, firmwareVersion: when });
