// ComputerSystem.Reset: which types are offered, and when a host refuses one.
import type { SimulatorClock } from "../../clock.ts";
import { RedfishFailure } from "../http/failure.ts";
import type { Personality } from "../personality/index.ts";
import { isObject, type Json, type Resource, type Tree, textOf, textsOf } from "../resources/tree.ts";
import type { Host } from "./host.ts";
import { resetEffects } from "./reset-effects.ts";

export const resetAction = "ComputerSystem.Reset";

/** The action of `resource`; undefined when it has none. */
export const actionOf = (resource: Resource, name: string): Resource | undefined => {
  const actions = resource["Actions"];
  const action = isObject(actions) ? actions[`#${name}`] : undefined;
  return isObject(action) ? action : undefined;
};

/** From the action itself, or from its ActionInfo; everything we can do when neither says. */
export const resetTypes = (tree: Tree, action: Resource): readonly string[] => {
  const listed = action["ResetType@Redfish.AllowableValues"];
  if (listed !== undefined) return textsOf(listed);
  const info = tree.get(textOf(action["@Redfish.ActionInfo"]) ?? "")?.["Parameters"];
  const isType = (item: unknown): boolean =>
    typeof item === "object" && item !== null && "Name" in item && item.Name === "ResetType";
  const parameter = Array.isArray(info) ? info.find(isType) : undefined;
  return isObject(parameter) ? textsOf(parameter["AllowableValues"]) : Object.keys(resetEffects);
};

const related = { related: ["#/ResetType"] };

/** @throws RedfishFailure 400 */
export const readResetType = (body: Json | undefined, allowed: readonly string[]): string => {
  const type = isObject(body) ? body["ResetType"] : undefined;
  if (type === undefined)
    throw new RedfishFailure(400, "ActionParameterMissing", {
      args: [resetAction, "ResetType"],
      ...related,
      condition: "parameterMissing",
    });
  if (typeof type !== "string") {
    const args = [JSON.stringify(type), "ResetType", resetAction];
    throw new RedfishFailure(400, "ActionParameterValueTypeError", { args, ...related, condition: "parameterType" });
  }
  if (!allowed.includes(type)) {
    const args = [type, "ResetType", resetAction];
    throw new RedfishFailure(400, "ActionParameterValueNotInList", { args, ...related, condition: "resetValue" });
  }
  return type;
};

export interface ResetContext {
  readonly personality: Personality;
  readonly clock: SimulatorClock;
}

/** @throws RedfishFailure when the host does not take it now */
export const resetHost = ({ personality, clock }: ResetContext, host: Host, type: string): void => {
  const { conflictAfterOffMs, postRefuses, redundant, graceful } = personality.power;
  const conflict = (condition: "powerConflict" | "redundantReset"): RedfishFailure =>
    new RedfishFailure(409, "ActionParameterValueConflict", { args: ["ResetType", type], ...related, condition });
  if (postRefuses.includes("reset") && host.inPost)
    throw new RedfishFailure(400, "ResourceInUse", { condition: "inPost" });
  const settling = host.power === "PoweringOff" || clock.now() - host.offAt < conflictAfterOffMs;
  if (conflictAfterOffMs > 0 && (type === "On" || type === "ForceOn") && settling) throw conflict("powerConflict");
  if (graceful === "ignored" && type.startsWith("Graceful")) return;
  const changes = resetEffects[type]?.(host, type) ?? true;
  if (!changes && redundant === "refused") throw conflict("redundantReset");
};
