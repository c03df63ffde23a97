// Match rules: whether one holds for a BMC, how it reads, and whether two of them could ever hold for the same BMC.
import type { Identity } from "../core/driver.ts";
import type { Rule, TextTest } from "./schema.ts";
import { describeRange, inRange, rangesMayMeet } from "./versions.ts";

/** Tests on texts, and what of the identity each is put to. */
const textTests = {
  vendor: "vendor",
  product: "product",
  oem: "oem",
  managerModel: "managerModel",
  firmwareText: "firmwareVersion",
  systemManufacturer: "systemManufacturer",
  systemModel: "systemModel",
} as const;
type TextField = keyof typeof textTests;
const textFields = Object.keys(textTests) as readonly TextField[];

const versionFields = ["firmwareVersion", "protocolVersion"] as const;

const fold = (text: string): string => text.trim().toLowerCase();

const alternatives = (test: TextTest): readonly string[] => {
  if ("equals" in test) return [test.equals];
  if ("oneOf" in test) return test.oneOf;
  return "startsWith" in test ? test.startsWith : [];
};

const textHolds = (text: string, test: TextTest): boolean => {
  if ("matches" in test) return new RegExp(test.matches, "iu").test(text);
  const isMatch = (wanted: string): boolean =>
    "startsWith" in test ? fold(text).startsWith(fold(wanted)) : fold(text) === fold(wanted);
  return alternatives(test).some(isMatch);
};

const said = (identity: Identity, field: TextField): readonly string[] => {
  const value = identity[textTests[field]];
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
};

/** A test on something the BMC does not tell fails. */
export const ruleHolds = (rule: Rule, identity: Identity): boolean =>
  textFields.every((field) => {
    const test = rule[field];
    return test === undefined || said(identity, field).some((text) => textHolds(text, test));
  }) &&
  versionFields.every((field) => {
    const range = rule[field];
    return range === undefined || inRange(identity[field], range, identity);
  });

export const describeRule = (rule: Rule): string => {
  const parts = textFields.flatMap((field) => {
    const test = rule[field];
    if (test === undefined) return [];
    const [operator, wanted] = Object.entries(test)[0] ?? [];
    return [`${field} ${operator} ${JSON.stringify(wanted)}`];
  });
  const ranges = versionFields.flatMap((field) => {
    const range = rule[field];
    return range === undefined ? [] : [`${field} ${describeRange(range)}`];
  });
  return [...parts, ...ranges].join(" and ");
};

export const ruleScore = (rule: Rule): number => rule.score ?? Object.keys(rule).length;

/**
 * True unless it is certain that no BMC fits both. A BMC may have several `Oem` keys, so those never tell two rules apart;
 * of a regular expression only the literal text behind a leading `^` counts.
 */
export const rulesMayMeet = (left: Rule, right: Rule): boolean => {
  const apart = textFields.some((field) => {
    const [one, other] = [left[field], right[field]];
    return field !== "oem" && one !== undefined && other !== undefined && !testsMayMeet(one, other);
  });
  const overlap = versionFields.every((field) => {
    const [one, other] = [left[field], right[field]];
    return one === undefined || other === undefined || rangesMayMeet(one, other);
  });
  return !apart && overlap;
};

const isExact = (test: TextTest): boolean => "equals" in test || "oneOf" in test;

const testsMayMeet = (left: TextTest, right: TextTest): boolean => {
  if (isExact(left)) return alternatives(left).some((text) => textHolds(text, right));
  if (isExact(right)) return alternatives(right).some((text) => textHolds(text, left));
  return prefixes(left).some((one) => prefixes(right).some((other) => one.startsWith(other) || other.startsWith(one)));
};

/** What every fitting text starts with, one of these; `""` when nothing is certain. */
const prefixes = (test: TextTest): readonly string[] =>
  "matches" in test ? [literalPrefix(test.matches)] : alternatives(test).map(fold);

const literalPrefix = (pattern: string): string => {
  if (!pattern.startsWith("^") || pattern.includes("|")) return "";
  const literal = /^[\w\s:/-]*/u.exec(pattern.slice(1))?.[0] ?? "";
  const isOptional = /^[?*{]/u.test(pattern.slice(1 + literal.length));
  return fold(isOptional ? literal.slice(0, -1) : literal);
};
