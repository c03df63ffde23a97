// What a request gives for a config drive, held to Ironic's form (API microversions 1.56 and 1.59): four keys, no other, each of its type.
import type { DriveContent, DriveRequest } from "../core/configdrive.ts";
import type { Json } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import { jsonFault } from "../core/json-fault.ts";
import { driveLayouts } from "../core/vocabulary.ts";
import { isDeeperThan, isObject, type JsonObject } from "./canonical-json.ts";

const contentKeys = ["meta_data", "network_data", "user_data", "vendor_data"] as const;
const requestKeys = ["content", "layout", "ec2"] as const;
/** Ironic takes 25 in a whole request; nothing real comes near. */
const deepest = 64;

const refuse = (message: string, field: string): MediabayError =>
  new MediabayError("INVALID_REQUEST", message, { field });

const isOneOf = <T extends string>(known: readonly T[], name: string): name is T =>
  known.some((candidate) => candidate === name);

/** A foreign name may be anything, also a secret that was put in the wrong place: its beginning is enough to find it. */
const shown = (name: string): string => JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);

const objectOf = (value: Json | undefined, what: string, known: readonly string[], field: string): JsonObject => {
  if (!isObject(value)) throw refuse(`${what} is a JSON object.`, field);
  const foreign = Object.keys(value).find((name) => !isOneOf(known, name));
  if (foreign !== undefined)
    throw refuse(`${what} has no key ${shown(foreign)}; there are ${known.join(", ")}.`, field);
  return value;
};

const optionalObject = (content: JsonObject, key: Exclude<(typeof contentKeys)[number], "user_data">): DriveContent => {
  const value = content[key];
  if (value === undefined) return {};
  if (!isObject(value)) throw refuse(`A config drive's ${key} is a JSON object.`, key);
  return { [key]: value };
};

const userData = ({ user_data: value }: JsonObject): DriveContent => {
  if (value === undefined) return {};
  if (typeof value === "number" || typeof value === "boolean")
    throw refuse("A config drive's user_data is text, a JSON object, a list, or null.", "user_data");
  return { user_data: value };
};

const spelled = (path: readonly (string | number)[]): string =>
  path.map((name, index) => (typeof name === "number" ? `[${name}]` : `${index === 0 ? "" : "."}${name}`)).join("");

/** @throws MediabayError INVALID_REQUEST naming the path */
const refuseFaults = (content: JsonObject): void => {
  const fault = jsonFault(content);
  if (fault === undefined) return;
  const path = spelled(fault.path);
  throw refuse(`A config drive's ${path} ${fault.why}.`, path);
};

/** @throws MediabayError INVALID_REQUEST naming the key; never with what is in it */
export const parseDriveContent = (value: Json | undefined): DriveContent => {
  const content = objectOf(value, "A config drive", contentKeys, "configdrive");
  if (isDeeperThan(deepest, content)) throw refuse(`A config drive nests at most ${deepest} deep.`, "configdrive");
  refuseFaults(content);
  return {
    ...optionalObject(content, "meta_data"),
    ...optionalObject(content, "network_data"),
    ...userData(content),
    ...optionalObject(content, "vendor_data"),
  };
};

/** @throws MediabayError INVALID_REQUEST naming the key */
export const parseDriveRequest = (value: Json | undefined): DriveRequest => {
  const { content, layout, ec2 } = objectOf(value, "A config drive's request", requestKeys, "configdrive");
  if (layout !== undefined && (typeof layout !== "string" || !isOneOf(driveLayouts, layout)))
    throw refuse(`A config drive's layout is one of ${driveLayouts.join(", ")}.`, "layout");
  if (ec2 !== undefined && typeof ec2 !== "boolean") throw refuse("A config drive's ec2 is true or false.", "ec2");
  if (ec2 === true && layout === "nocloud") throw refuse("The layout nocloud has no ec2 tree.", "ec2");
  return {
    content: parseDriveContent(content),
    ...(layout !== undefined && { layout }),
    ...(ec2 !== undefined && { ec2 }),
  };
};
