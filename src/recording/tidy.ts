// What of the read resources a fixture holds: no state that a simulated BMC has of its own, no action it gives itself, no link to nowhere.
import type { Json } from "../core/driver.ts";
import type { Crawled } from "./crawl.ts";
import { isObject, type JsonObject, linkOf, linksOf, listOf, objectAt, plainUri } from "./json.ts";

/** A slot's medium is whatever goes in later (VirtualMedia schema). */
const slotState = [
  "Image",
  "ImageName",
  "Inserted",
  "ConnectedVia",
  "UserName",
  "Password",
  "TransferMethod",
  "TransferProtocolType",
];

/** A manager's network settings are full of names and addresses: only whether a service is on matters here. */
const networkParts = ["@odata.type", "@odata.id", "Id", "Name", "HTTP", "HTTPS", "KVMIP", "VirtualMedia", "Status"];

export const standardSlotActions = ["#VirtualMedia.InsertMedia", "#VirtualMedia.EjectMedia"] as const;

const without = (body: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)));

const only = (body: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));

const slotOf = (body: JsonObject): JsonObject => {
  const { Actions: actions, ...rest } = without(body, [...slotState, "Certificates"]);
  const own = isObject(actions) ? without(actions, standardSlotActions) : {};
  return Object.keys(own).length === 0 ? rest : { ...rest, Actions: own };
};

/** Sessions and tasks of the day of the recording. */
const emptied = (body: JsonObject): JsonObject => ({ ...body, Members: [], "Members@odata.count": 0 });

/** Some services put the members themselves into a collection, unasked. */
const linking = (body: JsonObject): JsonObject =>
  "Members" in body ? { ...body, Members: linksOf(body["Members"]).map((uri) => ({ "@odata.id": uri })) } : body;

const shaped = ({ role, body }: Crawled): JsonObject => {
  if (role === "slot") return slotOf(body);
  if (role === "network") return only(body, networkParts);
  if (role === "systems" || role === "managers" || role === "slots") return linking(body);
  return role === "changing" ? emptied(body) : body;
};

/** The value without links to what is not there; undefined when it was such a link. */
const pruned = (value: Json, there: (uri: string) => boolean, itself: boolean): Json | undefined => {
  if (Array.isArray(value))
    return value.map((item: Json) => pruned(item, there, false)).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  const link = linkOf(value);
  if (!itself && link !== undefined && !there(link)) return undefined;
  const entries = Object.entries(value).flatMap(([name, item]) => {
    if (name === "@odata.etag" || name.endsWith("@odata.count")) return [];
    if (name === "@Redfish.ActionInfo" && typeof item === "string" && !there(item)) return [];
    const rest = pruned(item, there, false);
    return rest === undefined ? [] : [[name, rest] as const];
  });
  return counted(Object.fromEntries(entries), value);
};

/** Collections say how many they have; other lists said it of more than is left. */
const counted = (body: JsonObject, before: JsonObject): JsonObject =>
  "Members" in body && "Members@odata.count" in before
    ? { ...body, "Members@odata.count": listOf(body["Members"]).length }
    : body;

const targets = "BootSourceOverrideTarget";
const allowable = `${targets}@Redfish.AllowableValues`;

/** A simulated host knows its boot targets from the System; the personality tells where they are shown. */
const withTargets = (resource: Crawled, resources: readonly Crawled[]): Crawled => {
  const { role, body } = resource;
  const boot = objectAt(body, "Boot");
  const link = linkOf(objectAt(body, "@Redfish.Settings")["SettingsObject"]);
  if (role !== "system" || link === undefined || allowable in boot) return resource;
  const settings = resources.find(({ uri }) => plainUri(uri) === plainUri(link))?.body;
  const shown = objectAt(settings, "Boot");
  if (!(targets in shown) || shown[allowable] === undefined) return resource;
  return { ...resource, body: { ...body, Boot: { ...boot, [allowable]: shown[allowable] } } };
};

/** By URI, as a fixture has them. */
export const tidy = (resources: readonly Crawled[]): Readonly<Record<string, JsonObject>> => {
  const uris = new Set(resources.map(({ uri }) => plainUri(uri)));
  const there = (uri: string): boolean => uris.has(plainUri(uri.split("#")[0] ?? uri));
  const entries = resources.map((resource) => {
    const body = pruned(shaped(withTargets(resource, resources)), there, true);
    return [resource.uri, isObject(body) ? body : {}] as const;
  });
  return { "/redfish": { v1: "/redfish/v1/" }, ...Object.fromEntries(entries) };
};
