// One OEM action, as data: what its body must be, what it asks of the state, and what it does to properties and slots.
import { RedfishFailure } from "../http/failure.ts";
import type { InsertRequest } from "../media/insert-request.ts";
import { badValue, type Manner, missingName, unknownName } from "../media/refusals.ts";
import type { OemAction } from "../personality/oem.ts";
import { valueAt } from "../resources/pointer.ts";
import { isObject, type Json, type Resource, shownText } from "../resources/tree.ts";
import type { World } from "../resources/world.ts";

const parameter = (body: Resource, name: string): Json | undefined =>
  valueAt(body, name.startsWith("/") ? name : `/${name}`);

const nameOf = (action: OemAction): string => action.at.split("/").at(-1) ?? "";

const mannerOf = ({ method }: OemAction): Manner => (method === "POST" ? "action" : "patch");

/** Of the actions at one place, that which the body means. @throws RedfishFailure naming the value that none takes */
export const chosenAction = (actions: readonly OemAction[], body: Resource): OemAction => {
  const differing = ({ match }: OemAction) =>
    Object.entries(match).filter(([name, value]) => parameter(body, name) !== value);
  const chosen = actions.find((action) => differing(action).length === 0);
  if (chosen !== undefined) return chosen;
  const [first] = actions;
  const name = first === undefined ? "" : (differing(first)[0]?.[0] ?? "");
  const [manner, of] = first === undefined ? ["action" as const, ""] : [mannerOf(first), nameOf(first)];
  const value = parameter(body, name);
  if (value === undefined) throw missingName(manner, name, of);
  throw badValue(manner, { what: "NotInList", name, value, condition: "parameterValue", of });
};

const checkValue = (action: OemAction, name: string, value: Json): void => {
  const list = action.values[name];
  const pattern = action.patterns[name];
  const listed = list === undefined || list.some((item) => item === value);
  const matches = pattern === undefined || new RegExp(pattern, "u").test(shownText(value));
  if (listed && matches) return;
  const what = listed ? "FormatError" : "NotInList";
  throw badValue(mannerOf(action), { what, name, value, condition: "parameterValue", of: nameOf(action) });
};

/** @throws RedfishFailure */
export const checkAction = (action: OemAction, body: Resource, world: World): void => {
  const { required, parameters, match } = action;
  for (const name of required) {
    const value = parameter(body, name);
    if (value === undefined || value === null) throw missingName(mannerOf(action), name, nameOf(action));
  }
  const known = [...required, ...(parameters ?? []), ...Object.keys(match)];
  if (parameters !== undefined) {
    const unknown = Object.keys(body).find(
      (name) => !known.some((item) => item === name || item.startsWith(`/${name}/`)),
    );
    if (unknown !== undefined) throw unknownName(mannerOf(action), unknown, nameOf(action));
  }
  for (const name of new Set([...Object.keys(action.values), ...Object.keys(action.patterns)])) {
    const value = parameter(body, name);
    if (value !== undefined) checkValue(action, name, value);
  }
  for (const { unless, reply } of action.demands) {
    if (!world.holds(unless)) throw new RedfishFailure(reply.status ?? 400, "ResourceInUse", { reply });
  }
};

const filledIn = (template: string, body: Resource, world: World): string =>
  template.replaceAll(/\{([^}]+)\}/gu, (_whole, place: string) => {
    const [uri = "", pointer] = place.split("#");
    const value = pointer === undefined ? parameter(body, place) : world.read(uri, pointer);
    return isObject(value) || value === undefined || value === null ? "" : shownText(value);
  });

/** What the action's medium is, from its body and from properties. @throws RedfishFailure when there is no URL in it */
export const oemInsertRequest = (
  media: NonNullable<OemAction["media"]>,
  body: Resource,
  world: World,
): InsertRequest => {
  const image = filledIn(media.image, body, world).replace(/^\w+(?=:)/u, (scheme) => scheme.toLowerCase());
  if (!URL.canParse(image))
    throw badValue("action", { what: "FormatError", name: "Image", value: image, condition: "urlRefused" });
  const [userName, password] = [filledIn(media.userName, body, world), filledIn(media.password, body, world)];
  const account = userName === "" ? {} : { userName, password };
  const pem = filledIn(media.certificate, body, world);
  const trust = pem === "" ? {} : { certificate: pem };
  return { image, url: image, inserted: true, writeProtected: true, ...account, ...trust };
};
