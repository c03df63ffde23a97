// How the recorded BMC behaves, as far as reading tells: the switches of a simulated BMC that differ from the schema-true default.
import type { Json } from "../core/driver.ts";
import type { Crawled, Role } from "./crawl.ts";
import { actionsIn, isObject, type JsonObject, linkOf, objectAt, plainUri, textsOf } from "./json.ts";
import { mediaSwitches } from "./media-switches.ts";
import { standardSlotActions } from "./tidy.ts";

const ofRole = (resources: readonly Crawled[], role: Role): readonly Crawled[] =>
  resources.filter((resource) => resource.role === role);

const withoutEmpty = (groups: Readonly<Record<string, JsonObject>>): JsonObject =>
  Object.fromEntries(Object.entries(groups).filter(([, group]) => Object.keys(group).length > 0));

const spelling = (tag: string): string => {
  if (tag.replaceAll('"', "") === "") return "empty";
  if (tag.startsWith("W/")) return "weak";
  return tag.startsWith('"') ? "strong" : "unquoted";
};

/** ETags as the systems and slots have them: a service root often has one of its own kind. */
const httpSwitches = (resources: readonly Crawled[]): JsonObject => {
  const asked = resources.filter(({ role }) => role === "system" || role === "slot" || role === "manager");
  const headers = asked.flatMap(({ headers: { etag } }) => etag ?? []);
  const bodies = asked.flatMap(({ body }) => (typeof body["@odata.etag"] === "string" ? [body["@odata.etag"]] : []));
  const [tag] = [...headers, ...bodies];
  if (tag === undefined) return { etag: "none" };
  const length = tag.replace(/^W\//u, "").replaceAll('"', "").length;
  return {
    ...(spelling(tag) === "strong" ? {} : { etag: spelling(tag) }),
    ...(headers.length === 0 ? { etagIn: "body" } : bodies.length === 0 ? { etagIn: "header" } : {}),
    ...(length >= 4 && length <= 64 && length !== 16 ? { etagLength: length } : {}),
  };
};

const authSwitches = (resources: readonly Crawled[]): JsonObject => {
  const service = ofRole(resources, "session-service")[0]?.body ?? {};
  const root = ofRole(resources, "root")[0]?.body ?? {};
  const { SessionTimeout: seconds, ServiceEnabled: enabled } = service;
  return {
    ...(enabled === false ? { sessions: false } : {}),
    ...(typeof seconds === "number" && seconds > 0 && seconds !== 1800 ? { sessionIdleMs: seconds * 1000 } : {}),
    ...(linkOf(objectAt(root, "Links")["Sessions"]) === undefined ? { sessionsInRoot: false } : {}),
  };
};

const target = "BootSourceOverrideTarget";
const allowable = `${target}@Redfish.AllowableValues`;

/** What the Settings object has is written there (Settings schema). */
const bootSwitches = (resources: readonly Crawled[]): JsonObject => {
  const systems = ofRole(resources, "system").filter(({ body }) => isObject(body["Boot"]));
  const held = ofRole(resources, "settings").map(({ body }) => objectAt(body, "Boot"));
  const settings = held.find((boot) => target in boot);
  const inSystem = systems.some(({ body }) => textsOf(objectAt(body, "Boot")[allowable]).length > 0);
  if (settings === undefined) return systems.length > 0 && !inSystem ? { targetsIn: "neither" } : {};
  const inSettings = textsOf(settings[allowable]).length > 0;
  const targets = inSystem && inSettings ? "both" : inSystem ? "system" : inSettings ? "settings" : "neither";
  const names = Object.keys(settings).filter((name) => !name.includes("@"));
  return { resource: "settings", settingsHold: names, ...(targets === "both" ? {} : { targetsIn: targets }) };
};

/** Which of the known actions a simulated BMC carries out by itself. */
const carriedOut: ReadonlySet<string> = new Set(["#ComputerSystem.Reset", "#Manager.Reset", ...standardSlotActions]);

/** Never holds: what an action does cannot be read, so that it must not seem to be done. */
const never = { at: "/redfish/v1", property: "/@odata.type", in: [] };
const unknownEffect = { status: 501, text: "This action was recorded, but not what it does." };

const oemSwitches = (resources: readonly Crawled[]): JsonObject => {
  const targets = resources
    .flatMap(({ body }) => actionsIn(body))
    .flatMap(({ name, target: at }) => (at === undefined || carriedOut.has(name) ? [] : [at]))
    .filter((at) => at.startsWith("/redfish"));
  const actions = [...new Set(targets)].map((at) => ({ at, demands: [{ unless: [never], reply: unknownEffect }] }));
  return actions.length === 0 ? {} : { actions };
};

export interface Product {
  readonly name: string;
  readonly firmware: string;
}

const firstText = (values: readonly (Json | undefined)[]): string =>
  values.filter((value) => typeof value === "string").find((value) => value !== "") ?? "unknown";

/** What it is, by the manager of the slots and the system it serves. */
export const productOf = (resources: readonly Crawled[]): Product => {
  const managers = ofRole(resources, "manager").map(({ body }) => body);
  const manager = managers.find((body) => linkOf(body["VirtualMedia"]) !== undefined) ?? managers[0] ?? {};
  const system = ofRole(resources, "system")[0]?.body ?? {};
  const root = ofRole(resources, "root")[0]?.body ?? {};
  const maker = firstText([root["Vendor"], system["Manufacturer"], manager["Manufacturer"]]);
  const model = firstText([manager["Model"], root["Product"], system["Model"]]);
  const name = model.toLowerCase().startsWith(maker.toLowerCase()) ? model : `${maker} ${model}`;
  return { name, firmware: firstText([manager["FirmwareVersion"]]) };
};

export const personalityOf = (resources: readonly Crawled[]): JsonObject => {
  const { name, firmware } = productOf(resources);
  const slots = ofRole(resources, "slot");
  const uris = new Map(resources.map((resource) => [plainUri(resource.uri), resource.body]));
  return {
    title: `${name}, firmware ${firmware}, as it was recorded`,
    ...withoutEmpty({
      http: httpSwitches(resources),
      auth: authSwitches(resources),
      media: mediaSwitches(slots, (uri) => uris.get(plainUri(uri))),
      boot: bootSwitches(resources),
      oem: oemSwitches(resources),
    }),
  };
};
