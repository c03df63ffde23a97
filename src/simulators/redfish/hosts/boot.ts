// The Boot object of a ComputerSystem: the override, its allowable values, and what a PATCH makes of it (ComputerSystem schema).
import { RedfishFailure } from "../http/failure.ts";
import type { MessageName } from "../http/messages.ts";
import type { Personality } from "../personality/index.ts";
import type { Condition } from "../personality/replies.ts";
import { isObject, type Json, type Resource, shownText, textOf, textsOf } from "../resources/tree.ts";

export type BootRules = Personality["boot"];

export interface BootOverride {
  readonly target: string;
  readonly enabled: string;
  readonly mode: string;
}

const names = {
  target: "BootSourceOverrideTarget",
  enabled: "BootSourceOverrideEnabled",
  mode: "BootSourceOverrideMode",
} as const;

const enabledValues = ["Disabled", "Once", "Continuous"];
const annotation = "@Redfish.AllowableValues";

export const targetAnnotation = names.target + annotation;

/** The override inside a Boot object. */
export const overrideOf = (boot: Resource): BootOverride => ({
  target: textOf(boot[names.target]) ?? "None",
  enabled: textOf(boot[names.enabled]) ?? "Disabled",
  mode: textOf(boot[names.mode]) ?? "",
});

/** A Boot object without an override. */
export const cleared = (boot: Resource): Resource => ({ ...boot, [names.target]: "None", [names.enabled]: "Disabled" });

const allowable = (boot: Resource, name: string): readonly string[] | undefined => {
  const listed = boot[name + annotation];
  if (listed !== undefined) return textsOf(listed);
  return name === names.enabled ? enabledValues : undefined;
};

const bootFailure = (
  id: MessageName,
  condition: Condition,
  name: string,
  args: readonly string[] = [name],
): RedfishFailure => new RedfishFailure(400, id, { args, related: [`#/Boot/${name}`], condition });

const fits = (current: Json, value: Json): boolean =>
  typeof value === "string" ||
  (value === null && current === null) ||
  (Array.isArray(value) && Array.isArray(current)) ||
  (typeof value === "boolean" && typeof current === "boolean");

const checkValue = (boot: Resource, name: string, value: Json, readOnly: readonly string[]): void => {
  const current = boot[name];
  if (current === undefined) throw bootFailure("PropertyUnknown", "bootUnknown", name);
  if (name.includes("@") || readOnly.includes(name)) throw bootFailure("PropertyNotWritable", "bootReadOnly", name);
  if (!fits(current, value))
    throw bootFailure("PropertyValueTypeError", "parameterType", name, [shownText(value), name]);
  const list = allowable(boot, name);
  if (list !== undefined && !list.includes(shownText(value)))
    throw bootFailure("PropertyValueNotInList", "bootValue", name, [shownText(value), name]);
};

const checkTogether = (patch: Resource, rules: BootRules): void => {
  for (const name of rules.required)
    if (patch[name] === undefined) throw bootFailure("PropertyMissing", "bootMissing", name);
  const { [names.target]: target, [names.enabled]: enabled, [names.mode]: mode } = patch;
  if (target === "UefiTarget" && enabled !== undefined && rules.enabledWithUefiTarget === "refused")
    throw bootFailure("PropertyValueConflict", "uefiTargetConflict", names.enabled, [names.enabled, names.target]);
  if (enabled !== undefined && target === undefined && rules.enabledAlone === "refused")
    throw bootFailure("PropertyMissing", "bootMissing", names.target);
  if (mode !== undefined && target === undefined && rules.modeAlone === "refused")
    throw bootFailure("PropertyMissing", "modeAlone", names.target);
  if (enabled === "Continuous" && rules.continuous === "refused")
    throw bootFailure("PropertyValueNotInList", "continuousRefused", names.enabled, ["Continuous", names.enabled]);
};

/** What setting one property does to the others. */
const consequences = (patch: Resource, rules: BootRules): Resource => {
  const { [names.target]: target, [names.enabled]: enabled, [names.mode]: mode } = patch;
  const alone = {
    "keeps-enabled": {},
    "sets-once": { [names.enabled]: "Once" },
    disables: { [names.enabled]: "Disabled" },
  };
  const legacy = rules.modeAfterTarget === "legacy" || (rules.modeAfterTarget !== "kept" && mode === undefined);
  const clears = mode !== undefined && target === undefined && rules.modeAlone === "clears-target";
  return {
    ...(target !== undefined && enabled === undefined ? alone[rules.targetAlone] : {}),
    ...(target !== undefined && legacy ? { [names.mode]: "Legacy" } : {}),
    ...(enabled === "Once" && rules.once === "becomes-continuous" ? { [names.enabled]: "Continuous" } : {}),
    ...(enabled === "Continuous" && rules.continuous === "becomes-once" ? { [names.enabled]: "Once" } : {}),
    ...(clears ? cleared({}) : {}),
    ...(rules.enabledStays === undefined ? {} : { [names.enabled]: rules.enabledStays }),
  };
};

/**
 * The Boot object that a PATCH of it leaves behind. `holds` are the properties that can be written where it was sent.
 * @throws RedfishFailure 400 naming the property
 */
export const patchBoot = (
  boot: Resource,
  patch: Json,
  rules: BootRules,
  holds: (name: string) => boolean = () => true,
): Resource => {
  if (!isObject(patch))
    throw new RedfishFailure(400, "PropertyValueTypeError", {
      args: [JSON.stringify(patch), "Boot"],
      related: ["#/Boot"],
    });
  checkTogether(patch, rules);
  for (const [name, value] of Object.entries(patch)) {
    if (!holds(name) && boot[name] !== undefined) throw bootFailure("PropertyNotWritable", "bootReadOnly", name);
    checkValue(boot, name, value, rules.readOnly);
  }
  if (patch[names.enabled] === "Once" && rules.once === "lost") return boot;
  return { ...boot, ...patch, ...consequences(patch, rules) };
};
