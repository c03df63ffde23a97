// Picks the family of a BMC and merges what acts on it: generic, family, firmware range; the site's own files last.
import type { Identity } from "../core/driver.ts";
import type { ProfileExplanation, ProfileMatch } from "../core/ports.ts";
import type { Family } from "./families.ts";
import { asRule, genericId } from "./problems.ts";
import { describeRule, ruleHolds, ruleScore } from "./rules.ts";
import type { QuirksByProtocol, Rule } from "./schema.ts";
import { describeQuirk, notesOf, quirksOf, summaryOf } from "./view.ts";

export const matchFamily = (families: readonly Family[], identity: Identity): ProfileMatch => {
  const { id, rule, quirks } = explainFamily(families, identity);
  const merged: Partial<Record<keyof QuirksByProtocol, Record<string, Record<string, unknown>>>> = {};
  for (const { protocol, section, key, value } of quirks) ((merged[protocol] ??= {})[section] ??= {})[key] = value;
  return { id, why: [rule ?? "no family matches", ...quirks.map(describeQuirk)], quirks: merged };
};

export const explainFamily = (families: readonly Family[], identity: Identity): ProfileExplanation => {
  const generic = families.find(({ id }) => id === genericId);
  const best = bestFit(families, identity);
  const files = [...(generic?.files ?? []), ...(best?.family.files ?? [])];
  const inOrder = (["shipped", "site"] as const).flatMap((origin) => files.filter((file) => file.origin === origin));
  const quirks = inOrder.flatMap((file) => quirksOf(file, (entry) => ruleHolds(asRule(entry), identity)));
  const family = best?.family ?? generic;
  return {
    ...(family === undefined ? { id: genericId, title: genericId, origins: [] } : summaryOf(family)),
    ...(best !== undefined && { rule: describeRule(best.rule) }),
    notes: family === undefined ? [] : notesOf(family),
    // A later value replaces an earlier one whole.
    quirks: [...new Map(quirks.map((quirk) => [`${quirk.protocol}.${quirk.section}.${quirk.key}`, quirk])).values()],
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
