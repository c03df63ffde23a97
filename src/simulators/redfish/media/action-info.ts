// What a slot says of its own actions: targets, allowable values, and the ActionInfo resource (ActionInfo schema).
import { isObject, type Json, type Resource } from "../resources/tree.ts";
import { allowableValues } from "./insert-request.ts";
import type { MediaRules, SlotRules } from "./slot-rules.ts";

export const infoSuffix = "/InsertMediaActionInfo";

const isFlag = (name: string): boolean => name === "Inserted" || name === "WriteProtected";

/** `@Redfish.ActionInfo` of InsertMedia: the parameters and their values. */
export const insertActionInfo = (uri: string, media: MediaRules, { schemes }: SlotRules): Resource => ({
  "@odata.type": "#ActionInfo.v1_4_2.ActionInfo",
  "@odata.id": uri,
  Id: "InsertMediaActionInfo",
  Name: "InsertMedia Action Info",
  Parameters: ["Image", ...media.parameters].map((name) => {
    const values = isFlag(name) ? undefined : allowableValues(media, schemes, name);
    return {
      Name: name,
      Required: media.required.includes(name),
      DataType: isFlag(name) ? "Boolean" : "String",
      ...(values === undefined ? {} : { AllowableValues: values }),
    };
  }),
});

const inlineValues = (media: MediaRules, schemes: readonly string[]): Resource => {
  const listed = media.parameters.flatMap((name) => {
    const values = allowableValues(media, schemes, name);
    return values === undefined ? [] : [[`${name}@Redfish.AllowableValues`, values] as const];
  });
  return Object.fromEntries(listed);
};

/** The `Actions` of the slot at `uri`, beside those that the fixture gives it. */
export const slotActions = (
  uri: string,
  base: Resource,
  full: boolean,
  media: MediaRules,
  rules: SlotRules,
): Resource => {
  const own = isObject(base["Actions"]) ? base["Actions"] : undefined;
  if (rules.control !== "actions" && rules.control !== "both") return own === undefined ? {} : { Actions: own };
  const info: Resource = media.actionInfo ? { "@Redfish.ActionInfo": uri + infoSuffix } : {};
  const values = media.inlineValues ? inlineValues(media, rules.schemes) : {};
  const insert: Json = { "#VirtualMedia.InsertMedia": { target: uri + media.insertTarget, ...info, ...values } };
  const eject: Json = { "#VirtualMedia.EjectMedia": { target: uri + media.ejectTarget } };
  if (!media.actionsFollowState) return { Actions: { ...insert, ...eject, ...own } };
  return { Actions: { ...(full ? eject : insert), ...own } };
};
