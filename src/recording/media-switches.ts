// What slots show of how they take media (VirtualMedia and ActionInfo schemas, DSP0268), as switches of a simulated BMC.
import type { Json } from "../core/driver.ts";
import type { Crawled } from "./crawl.ts";
import { actionsIn, type JsonObject, listOf, objectAt, plainUri, textsOf } from "./json.ts";
import { standardSlotActions } from "./tidy.ts";

type Slots = readonly Crawled[];
type Read = (uri: string) => JsonObject | undefined;
type Control = "actions" | "patch" | "both" | "none";

const [insertName, ejectName] = standardSlotActions;

const actionOf = ({ body }: Crawled, name: string): JsonObject | undefined =>
  actionsIn({ Actions: body["Actions"] ?? null }).find((action) => action.name === name)?.body;

const isFull = ({ body }: Crawled): boolean => body["Inserted"] === true;

const controlOf = (slot: Crawled): Control => {
  const actions = [insertName, ejectName].some((name) => actionOf(slot, name) !== undefined);
  const patch = /\bPATCH\b/u.test(slot.headers["allow"] ?? "");
  if (actions) return patch ? "both" : "actions";
  return patch ? "patch" : "none";
};

const mostCommon = <T>(values: readonly T[]): T | undefined => {
  const counts = Map.groupBy(values, (value) => value);
  return [...counts].toSorted(([, one], [, another]) => another.length - one.length)[0]?.[0];
};

/** The end of an action's target behind its slot. */
const suffixOf = (slots: Slots, name: string): string | undefined =>
  slots
    .map((slot) => [plainUri(slot.uri), actionOf(slot, name)?.["target"]] as const)
    .flatMap(([uri, target]) =>
      typeof target === "string" && target.startsWith(`${uri}/`) ? [target.slice(uri.length)] : [],
    )
    .at(0);

const targets = (slots: Slots): JsonObject => {
  const insert = suffixOf(slots, insertName);
  const eject = suffixOf(slots, ejectName);
  return {
    ...(insert === undefined || insert === "/Actions/VirtualMedia.InsertMedia" ? {} : { insertTarget: insert }),
    ...(eject === undefined || eject === "/Actions/VirtualMedia.EjectMedia" ? {} : { ejectTarget: eject }),
  };
};

const emptySpelling = (image: Json | undefined): string => {
  if (image === undefined) return "absent";
  if (image === "") return "empty-string";
  return image === "None" ? "none-string" : "null";
};

/** What an empty slot looks like; nothing when none was empty. */
const emptiness = (slots: Slots): JsonObject => {
  const body = slots.find((slot) => !isFull(slot))?.body;
  if (body === undefined) return {};
  const { Inserted: inserted, ConnectedVia: via } = body;
  const empty = emptySpelling(body["Image"]);
  return {
    ...(empty === "null" ? {} : { empty }),
    ...(inserted === false ? {} : { emptyInserted: inserted === undefined ? "absent" : "null" }),
    ...(via === "NotConnected" || (via !== null && typeof via !== "string") ? {} : { connectedViaEmpty: via }),
  };
};

/** What a simulated slot would show and no real one does. */
const hidden = (slots: Slots): JsonObject => {
  const names = ["ImageName", "WriteProtected", "UserName", "Password", "ConnectedVia"];
  const absentWhenEmpty = slots.some((slot) => !isFull(slot) && slot.body["Image"] === undefined);
  const missing = names.filter((name) => slots.every(({ body }) => !(name in body)));
  const told = missing.filter((name) => !(absentWhenEmpty && name === "ImageName"));
  return told.length === 0 ? {} : { hidden: told };
};

const values = (parameters: readonly JsonObject[]): JsonObject => {
  const listed = parameters.flatMap(({ Name: name, AllowableValues: allowed }) => {
    const texts = textsOf(allowed);
    return typeof name === "string" && texts.length > 0 ? [[name, texts] as const] : [];
  });
  const { TransferProtocolType: protocols = [], ...rest } = Object.fromEntries(listed);
  const schemes = protocols.map((protocol) => protocol.toLowerCase()).filter((scheme) => scheme !== "oem");
  return {
    ...(schemes.length === 0 ? {} : { schemes }),
    ...(Object.keys(rest).length === 0 ? {} : { values: rest }),
  };
};

const suffix = "@Redfish.AllowableValues";

/** Of InsertMedia: what ActionInfo says, or the action itself. */
const parameters = (slots: Slots, read: Read): JsonObject => {
  const action = slots.map((slot) => actionOf(slot, insertName)).find((found) => found !== undefined) ?? {};
  const info = action["@Redfish.ActionInfo"];
  const described = typeof info === "string" ? listOf(read(info)?.["Parameters"]) : [];
  const inline = Object.entries(action).filter(([name]) => name.endsWith(suffix));
  const inlined = inline.map(([name, allowed]) => ({ Name: name.slice(0, -suffix.length), AllowableValues: allowed }));
  const listed = (described.length > 0 ? described : inlined) as readonly JsonObject[];
  const names = listed.flatMap(({ Name: name }) => (typeof name === "string" ? [name] : []));
  const required = listed.flatMap(({ Name: name, Required: needed }) =>
    typeof name === "string" && needed === true ? [name] : [],
  );
  return {
    ...(described.length > 0 ? { actionInfo: true, parameters: names.filter((name) => name !== "Image") } : {}),
    ...(required.some((name) => name !== "Image") ? { required: [...new Set(["Image", ...required])] } : {}),
    ...(inlined.length > 0 ? { inlineValues: true } : {}),
    ...values(listed),
  };
};

const kindsById: readonly (readonly [RegExp, readonly string[]])[] = [
  [/cd|dvd/iu, ["CD", "DVD"]],
  [/floppy|fd/iu, ["Floppy"]],
  [/usb|removable|hd|disk/iu, ["USBStick"]],
];

/** Slots that are not as most are, or do not say what they are. */
const slotRules = (slots: Slots, usual: Control): JsonObject => {
  const rules = slots.flatMap((slot) => {
    const control = controlOf(slot);
    const kind = Array.isArray(slot.body["MediaTypes"])
      ? undefined
      : kindsById.find(([pattern]) => pattern.test(`${slot.uri.split("/").at(-1)}`))?.[1];
    if (control === usual && kind === undefined) return [];
    const match = `^${plainUri(slot.uri).replaceAll(/[.+*?^$()[\]{}|\\]/gu, "\\$&")}$`;
    return [{ match, ...(control === usual ? {} : { control }), ...(kind === undefined ? {} : { is: kind }) }];
  });
  return rules.length === 0 ? {} : { slots: rules };
};

/** Two collections with the same Ids are two views of the same devices. */
const sameDevices = (slots: Slots): JsonObject => {
  const byId = Map.groupBy(slots, ({ uri }) => plainUri(uri).split("/").at(-1) ?? "");
  const collections = new Set(slots.map(({ uri }) => plainUri(uri).split("/").slice(0, -1).join("/")));
  const pairs = [...byId.values()].map((same) => same.map(({ uri }) => plainUri(uri)));
  return collections.size === 2 && pairs.every(({ length }) => length === 2) ? { sameDevice: pairs } : {};
};

export const mediaSwitches = (slots: Slots, read: Read): JsonObject => {
  if (slots.length === 0) return {};
  const control = mostCommon(slots.map(controlOf)) ?? "actions";
  const follows = slots.some(
    (slot) => (actionOf(slot, insertName) === undefined) !== (actionOf(slot, ejectName) === undefined),
  );
  const via = slots.find(isFull)?.body["ConnectedVia"];
  const certificates = slots.some(({ body }) => Object.keys(objectAt(body, "Certificates")).length > 0);
  return {
    ...(control === "actions" ? {} : { control }),
    ...targets(slots),
    ...(follows ? { actionsFollowState: true } : {}),
    ...parameters(slots, read),
    ...emptiness(slots),
    ...(typeof via === "string" && via !== "URI" ? { connectedVia: via } : {}),
    ...hidden(slots),
    ...(certificates ? { certificateLimit: 1 } : {}),
    ...slotRules(slots, control),
    ...sameDevices(slots),
  };
};
