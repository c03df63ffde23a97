// Joins the shipped files and a site's own into families, and refuses families between which a BMC could not choose.
import { type ProfileFile, refuse } from "./load.ts";
import { genericId } from "./problems.ts";
import { ruleScore, rulesMayMeet } from "./rules.ts";
import type { Profile, Rule } from "./schema.ts";

/** Everything known of one BMC family. Later files win over earlier ones. */
export interface Family {
  readonly id: string;
  readonly title: string;
  readonly confidence?: Profile["confidence"];
  readonly priority: number;
  readonly rules: readonly Rule[];
  readonly files: readonly ProfileFile[];
}

/** @throws MediabayError SETTINGS_INVALID naming the family that no rule leads to, or that another one rivals */
export const joinFamilies = (files: readonly ProfileFile[]): readonly Family[] => {
  const families = toFamilies(files);
  for (const family of families)
    if (family.id !== genericId && family.rules.length === 0)
      throw refuse(family.files[0]?.file ?? family.id, "match: needs at least one rule");
  const [rivals] = equalRanks(families);
  if (rivals !== undefined) throw refuse(rivals[1].files.at(-1)?.file ?? rivals[1].id, `match: ${rivalry(rivals[0])}`);
  return families;
};

/** Ordered by id. `files` with those that win last: a site's `match` and `priority` replace the shipped ones when given. */
export const toFamilies = (files: readonly ProfileFile[]): readonly Family[] =>
  [...new Set(files.map(({ profile }) => profile.id))].toSorted().map((id) => join(id, files));

const join = (id: string, all: readonly ProfileFile[]): Family => {
  const files = all.filter(({ profile }) => profile.id === id);
  const last = <T>(pick: (profile: Profile) => T | undefined): T | undefined =>
    files.map(({ profile }) => pick(profile)).findLast((value) => value !== undefined);
  return {
    id,
    title: last(({ title }) => title) ?? id,
    confidence: last(({ confidence }) => confidence),
    priority: last(({ priority }) => priority) ?? 0,
    rules: last(({ match }) => (match.length > 0 ? match : undefined)) ?? [],
    files,
  };
};

export const rivalry = ({ id }: Family): string =>
  `a rule of equal rank in ${id} may hold for the same BMC; give one of them a priority or a score`;

/** Pairs of families of which a BMC could fit both, with nothing to prefer one of them by. */
export const equalRanks = (families: readonly Family[]): readonly (readonly [Family, Family])[] =>
  families.flatMap((one, index) =>
    families
      .slice(index + 1)
      .filter((other) => one.priority === other.priority && meetAtOneScore(one.rules, other.rules))
      .map((other) => [one, other] as const),
  );

const meetAtOneScore = (ones: readonly Rule[], others: readonly Rule[]): boolean =>
  ones.some((one) => others.some((other) => ruleScore(one) === ruleScore(other) && rulesMayMeet(one, other)));
