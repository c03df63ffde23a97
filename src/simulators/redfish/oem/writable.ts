// PATCH of properties beyond the standard's, where the personality lets them be written.
import { RedfishFailure } from "../http/failure.ts";
import type { PartContext } from "../part.ts";
import type { WritableRule } from "../personality/oem.ts";
import { leavesOf } from "../resources/pointer.ts";
import { isObject, type Json, type Resource } from "../resources/tree.ts";

const reaches = (at: string, uri: string): boolean =>
  at.startsWith("^") ? new RegExp(at, "u").test(uri) : at.replace(/\/+$/u, "") === uri;

const frees = (rule: WritableRule, pointer: string): boolean =>
  rule.properties.some((property) => pointer === property || pointer.startsWith(`${property}/`));

/** The rules for the resource at `uri`. */
export const writableRules = (rules: readonly WritableRule[], uri: string): readonly WritableRule[] =>
  rules.filter(({ at }) => reaches(at, uri));

/** A body's part that the rules free, and the rest, which is for others. */
export interface Split {
  readonly freed: readonly { readonly rule: WritableRule; readonly pointer: string; readonly value: Json }[];
  readonly rest: Resource;
}

const without = (body: Resource, pointers: ReadonlySet<string>, prefix = ""): Resource => {
  const kept = Object.entries(body).flatMap(([name, value]) => {
    const pointer = `${prefix}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (pointers.has(pointer)) return [];
    if (!isObject(value) || Object.keys(value).length === 0) return [[name, value] as const];
    const inner = without(value, pointers, pointer);
    return Object.keys(inner).length === 0 ? [] : [[name, inner] as const];
  });
  return Object.fromEntries(kept);
};

export const split = (rules: readonly WritableRule[], body: Resource): Split => {
  const freed = leavesOf(body).flatMap(([pointer, value]) => {
    const rule = rules.find((candidate) => frees(candidate, pointer));
    return rule === undefined ? [] : [{ rule, pointer, value }];
  });
  return { freed, rest: without(body, new Set(freed.map(({ pointer }) => pointer))) };
};

/** Writes what was freed, all of it or nothing. @throws RedfishFailure */
export const write = ({ world }: PartContext, uri: string, { freed }: Split): void => {
  for (const { rule, pointer, value } of freed) {
    const name = pointer.split("/").at(-1) ?? "";
    const details = { args: [name], related: [`#${pointer}`] };
    if (!world.holds(rule.when))
      throw new RedfishFailure(400, "PropertyNotWritable", { ...details, reply: rule.otherwise });
    const list = rule.values[pointer];
    if (list !== undefined && !list.some((item) => item === value)) {
      const args = [JSON.stringify(value), name];
      throw new RedfishFailure(400, "PropertyValueNotInList", { ...details, args, condition: "parameterValue" });
    }
  }
  for (const { rule, pointer, value } of freed) world.set(uri, pointer, value, rule.delayMs);
};
