// The Boot object of a ComputerSystem: the override, its allowable values, and where a change of it is taken (ComputerSystem and Settings schemas).
import { RedfishFailure } from "../http/messages.ts";
import type { Personality } from "../personality.ts";
import { isObject, type Json, type Resource, textOf, textsOf } from "../tree.ts";

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

/** The override inside a Boot object. */
export const overrideOf = (boot: Resource): BootOverride => ({
  target: textOf(boot[names.target]) ?? "None",
  enabled: textOf(boot[names.enabled]) ?? "Disabled",
  mode: textOf(boot[names.mode]) ?? "",
});

/** A Boot object after the next boot used its override. */
export const consumed = (boot: Resource): Resource =>
  boot[names.enabled] === "Once" ? { ...boot, [names.target]: "None", [names.enabled]: "Disabled" } : boot;

const allowable = (boot: Resource, name: string): readonly string[] | undefined => {
  const listed = boot[name + annotation];
  if (listed !== undefined) return textsOf(listed);
  return name === names.enabled ? enabledValues : undefined;
};

const checkValue = (boot: Resource, name: string, value: Json, readOnly: readonly string[]): void => {
  const pointer = { related: [`#/Boot/${name}`] };
  if (boot[name] === undefined) throw new RedfishFailure(400, "PropertyUnknown", [name], pointer);
  if (name.includes("@") || readOnly.includes(name))
    throw new RedfishFailure(400, "PropertyNotWritable", [name], pointer);
  if (typeof value !== "string" && !(value === null && boot[name] === null)) {
    throw new RedfishFailure(400, "PropertyValueTypeError", [JSON.stringify(value), name], pointer);
  }
  const list = allowable(boot, name);
  if (list !== undefined && !list.includes(String(value))) {
    throw new RedfishFailure(400, "PropertyValueNotInList", [String(value), name], pointer);
  }
};

/**
 * The Boot object that a PATCH of it leaves behind.
 * @throws RedfishFailure 400 naming the property
 */
export const patchBoot = (boot: Resource, patch: Json, rules: Personality["boot"]): Resource => {
  if (!isObject(patch))
    throw new RedfishFailure(400, "PropertyValueTypeError", [JSON.stringify(patch), "Boot"], { related: ["#/Boot"] });
  for (const name of rules.required) {
    if (patch[name] === undefined)
      throw new RedfishFailure(400, "PropertyMissing", [name], { related: [`#/Boot/${name}`] });
  }
  for (const [name, value] of Object.entries(patch)) checkValue(boot, name, value, rules.readOnly);
  const merged = { ...boot, ...patch };
  const continuous = rules.once === "becomes-continuous" && merged[names.enabled] === "Once";
  return continuous ? { ...merged, [names.enabled]: "Continuous" } : merged;
};

/** Media types from which a boot target boots. */
export const bootableFrom = (target: string): readonly string[] => {
  switch (target) {
    case "Cd":
      return ["CD", "DVD"];
    case "UsbCd":
      return ["CD", "DVD"];
    case "Usb":
      return ["USBStick"];
    case "Floppy":
      return ["Floppy"];
    default:
      return [];
  }
};
