// One VirtualMedia resource (DSP0268) as a slot: what it holds, what it can take, and by which action or PATCH.
import type { Slot, SlotState } from "../../../core/driver.ts";
import { type MediaType, mediaTypes } from "../../../core/vocabulary.ts";
import { type LearntSlot, present } from "../memory.ts";
import type { RedfishQuirks } from "../quirks.ts";
import { action, isResource, type Resource, type VirtualMedia, virtualMedia } from "../schema.ts";
import type { Reply } from "../service/message.ts";
import { shows } from "../shows.ts";

export const stateOf = (resource: Resource, empty: RedfishQuirks["empty"]): SlotState => {
  const { Image, ImageName, ConnectedVia, WriteProtected } = virtualMedia.parse(resource);
  if (empty.any.some((predicate) => shows(resource, predicate))) return { inserted: false };
  return {
    inserted: true,
    ...present({ image: Image, imageName: ImageName, writeProtected: WriteProtected, connectedVia: ConnectedVia }),
  };
};

/** Where MediaTypes is missing, Id and Name are all there is to go by. */
const namedTypes: readonly (readonly [RegExp, readonly MediaType[]])[] = [
  [/cd|dvd|optical/i, ["CD", "DVD"]],
  [/usb|stick|removable|^hd\d*$/i, ["USBStick"]],
  [/floppy/i, ["Floppy"]],
];

const matches = (pattern: string, id: string): boolean => new RegExp(pattern, "iu").test(id);

const mediaTypesOf = (id: string, { MediaTypes, Name }: VirtualMedia, quirks: RedfishQuirks): MediaType[] => {
  const rule = quirks.slots.mediaTypes.find((each) => matches(each.id, id));
  if (rule !== undefined) return [...rule.types];
  const known = mediaTypes.filter((type) => MediaTypes.some((each) => each.toLowerCase() === type.toLowerCase()));
  if (MediaTypes.length > 0) return known;
  const names = [id, Name ?? ""];
  return namedTypes.flatMap(([pattern, types]) => (names.some((name) => pattern.test(name)) ? types : []));
};

const allowsPatch = (reply: Reply | undefined): boolean | undefined => {
  const { allow } = reply?.headers ?? {};
  return allow === undefined ? undefined : /\bPATCH\b/i.test(allow);
};

/** Actions of a vendor hang below Actions or below Oem, at some depth. */
const findAction = (part: unknown, name: string, depth = 4): unknown => {
  if (!isResource(part) || depth === 0) return undefined;
  if (isResource(part[name])) return part[name];
  for (const child of Object.values(part)) {
    const found = findAction(child, name, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
};

const actionOf = ({ Actions, Oem }: Resource, names: readonly string[]) =>
  action.parse(names.map((name) => findAction({ Actions, Oem }, name)).find((each) => each !== undefined));

export interface KnownSlot {
  readonly id: string;
  readonly inserted: boolean;
  readonly known?: LearntSlot | undefined;
}

/**
 * The slot as the resource shows it. Some services list InsertMedia only while the slot is empty and EjectMedia only while it is full, so
 * the other one's target stays as it was `known`.
 */
export const toLearntSlot = (
  path: string,
  resource: Resource,
  reply: Reply | undefined,
  { id, inserted, known }: KnownSlot,
  quirks: RedfishQuirks,
): LearntSlot => {
  const parsed = virtualMedia.parse(resource);
  const { target, "@Redfish.ActionInfo": info, ...inline } = actionOf(resource, quirks.insert.action);
  const transports = inline["TransferProtocolType@Redfish.AllowableValues"];
  const isHidden = target === undefined && inserted;
  return present({
    id,
    path,
    mediaTypes: mediaTypesOf(id, parsed, quirks),
    insertTarget: target ?? (isHidden ? known?.insertTarget : undefined),
    insertInfo: info ?? (isHidden ? known?.insertInfo : undefined),
    required: known?.required,
    transports: transports.length > 0 ? transports : known?.transports,
    ejectTarget: actionOf(resource, quirks.eject.action).target ?? (inserted ? undefined : known?.ejectTarget),
    patch: allowsPatch(reply) ?? known?.patch,
    certificates: parsed.Certificates ?? known?.certificates,
    trusts: known?.trusts,
    refuses: known?.refuses,
  });
};

const isLeftOut = ({ id, refuses }: LearntSlot, { include, exclude }: RedfishQuirks["slots"]): boolean =>
  refuses === true ||
  (include !== undefined && !matches(include, id)) ||
  (exclude !== undefined && matches(exclude, id));

/** Can it take a URL? A full slot that offers only its eject once took one. */
export const isUrlCapable = (slot: LearntSlot, quirks: RedfishQuirks): boolean => {
  if (isLeftOut(slot, quirks.slots)) return false;
  const { method } = quirks.insert;
  if (method === "oem") return true;
  const byAction = slot.insertTarget !== undefined || slot.ejectTarget !== undefined;
  const byPatch = slot.patch === true || method === "patch";
  return method === "action" ? byAction : method === "patch" ? byPatch : byAction || byPatch;
};

export const toSlot = (slot: LearntSlot, state: SlotState | undefined, quirks: RedfishQuirks): Slot => ({
  id: slot.id,
  mediaTypes: slot.mediaTypes,
  urlCapable: isUrlCapable(slot, quirks),
  ...(state === undefined ? {} : { state }),
});
