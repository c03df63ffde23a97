// How an insert is told what is wrong with it: an action speaks of parameters, a PATCH of properties, and the registry has messages for each.
import { RedfishFailure } from "../http/failure.ts";
import type { Condition } from "../personality/replies.ts";
import { type Json, type Resource, shownText } from "../resources/tree.ts";

export type Manner = "action" | "patch";

const action = "VirtualMedia.InsertMedia";

const related = (name: string) => ({ related: [`#/${name}`] });

export const unknownName = (manner: Manner, name: string, of = action): RedfishFailure =>
  manner === "action"
    ? new RedfishFailure(400, "ActionParameterUnknown", {
        args: [of, name],
        ...related(name),
        condition: "parameterUnknown",
      })
    : new RedfishFailure(400, "PropertyUnknown", { args: [name], ...related(name), condition: "parameterUnknown" });

export const missingName = (manner: Manner, name: string, of = action): RedfishFailure =>
  manner === "action"
    ? new RedfishFailure(400, "ActionParameterMissing", {
        args: [of, name],
        ...related(name),
        condition: "parameterMissing",
      })
    : new RedfishFailure(400, "PropertyMissing", { args: [name], ...related(name), condition: "parameterMissing" });

export interface BadValue {
  readonly what: "TypeError" | "NotInList" | "FormatError";
  readonly name: string;
  readonly value: Json;
  readonly condition: Condition;
  readonly of?: string;
}

export const badValue = (manner: Manner, { what, name, value, condition, of = action }: BadValue): RedfishFailure => {
  const shown = shownText(value);
  return manner === "action"
    ? new RedfishFailure(400, `ActionParameterValue${what}`, { args: [shown, name, of], ...related(name), condition })
    : new RedfishFailure(400, `PropertyValue${what}`, { args: [shown, name], ...related(name), condition });
};

/** A text, or undefined when it is absent or null. @throws RedfishFailure 400 */
export const textIn = (manner: Manner, body: Resource, name: string): string | undefined => {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw badValue(manner, { what: "TypeError", name, value, condition: "parameterType" });
  return value;
};

/** @throws RedfishFailure 400 */
export const flagIn = (manner: Manner, body: Resource, name: string, fallback: boolean): boolean => {
  const value = body[name];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== "boolean")
    throw badValue(manner, { what: "TypeError", name, value, condition: "parameterType" });
  return value;
};
