// Picks the family of a BMC and merges what acts on it: generic, family, firmware range; the site's own files last.
import type { Identity } from "../core/driver.ts";
import type { ProfileMatch } from "../core/ports.ts";
import { type Family, type ProfileFile, eachQuirk, genericId } from "./load.ts";
import { describeRule, ruleHolds, ruleScore } from "./rules.ts";
import type { QuirksByProtocol, Rule } from "./schema.ts";
import { describeRange, inRange } from "./versions.ts";

interface Layer {
  readonly quirks: QuirksByProtocol;
  readonly from: string;
}

export const matchFamily = (families: readonly Family[], identity: Identity): ProfileMatch => {
  const generic = families.find(({ id }) => id === genericId);
  const best = bestFit(families, identity);
  const files = [...(generic?.files ?? []), ...(best?.family.files ?? [])];
  const inOrder = (["shipped", "site"] as const).flatMap((origin) => files.filter((file) => file.origin === origin));
  const merged = merge(inOrder.flatMap((file) => layers(file, identity)));
  return {
    id: best?.family.id ?? genericId,
    why: [best === undefined ? "no family matches" : describeRule(best.rule), ...merged.why],
    quirks: merged.quirks,
  };
};

interface Fit {
  readonly family: Family;
  readonly rule: Rule;
}

/** Families of equal rank never fit the same BMC: they are refused when loaded. */
const bestFit = (families: readonly Family[], identity: Identity): Fit | undefined =>
  families
    .flatMap((family) => family.rules.filter((rule) => ruleHolds(rule, identity)).map((rule) => ({ family, rule })))
    .toSorted(
      (one, other) => other.family.priority - one.family.priority || ruleScore(other.rule) - ruleScore(one.rule),
    )
    .at(0);

const layers = ({ profile }: ProfileFile, identity: Identity): readonly Layer[] => [
  { quirks: profile.protocols, from: profile.id },
  ...profile.firmware
    .filter(({ when }) => inRange(identity, when))
    .map(({ when, protocols }) => ({ quirks: protocols, from: `${profile.id}, firmware ${describeRange(when)}` })),
];

/** Key by key: a later layer's value replaces an earlier one's whole. */
const merge = (all: readonly Layer[]): Pick<ProfileMatch, "quirks" | "why"> => {
  const quirks: Partial<Record<keyof QuirksByProtocol, Record<string, Record<string, unknown>>>> = {};
  const why = new Map<string, string>();
  for (const { quirks: layer, from } of all) {
    for (const { protocol, section, key, quirk } of eachQuirk(layer)) {
      const sections = (quirks[protocol] ??= {});
      (sections[section] ??= {})[key] = quirk.value;
      const name = `${protocol}.${section}.${key}`;
      why.set(name, `${name} = ${JSON.stringify(quirk.value)}: ${quirk.why} (${from})`);
    }
  }
  return { quirks, why: [...why.values()] };
};
