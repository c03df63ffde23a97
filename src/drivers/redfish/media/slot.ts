// One VirtualMedia resource (DSP0268) as a slot: what it holds, what it can take, and by which action or PATCH.
import type { Slot, SlotState } from "../../../core/driver.ts";
import { type MediaType, mediaTypes } from "../../../core/vocabulary.ts";
import { type LearntSlot, present } from "../memory.ts";
import type { RedfishQuirks, SlotPredicate } from "../quirks.ts";
import { type Resource, type VirtualMedia, virtualMedia } from "../schema.ts";
import type { Reply } from "../service/message.ts";

const holds = (predicate: SlotPredicate, resource: Resource): boolean =>
  Object.entries(predicate).every(([name, values]) => {
    const value = resource[name];
    return value === undefined ? values.includes("absent") : values.some((each) => each === value);
  });

export const stateOf = (resource: Resource, empty: RedfishQuirks["empty"]): SlotState => {
  const { Image, ImageName, ConnectedVia, WriteProtected } = virtualMedia.parse(resource);
  if (empty.any.some((predicate) => holds(predicate, resource))) return { inserted: false };
  return {
    inserted: true,
    ...present({ image: Image, imageName: ImageName, writeProtected: WriteProtected, connectedVia: ConnectedVia }),
  };
};

/** Where MediaTypes is missing, Id and Name are all there is to go by (redfish-quirks §8). */
const namedTypes: readonly (readonly [RegExp, readonly MediaType[]])[] = [
  [/cd|dvd|optical/i, ["CD", "DVD"]],
  [/usb|stick|removable|^hd\d*$/i, ["USBStick"]],
  [/floppy/i, ["Floppy"]],
];

const mediaTypesOf = ({ MediaTypes, Id, Name }: VirtualMedia): MediaType[] => {
  const known = mediaTypes.filter((type) => MediaTypes.some((each) => each.toLowerCase() === type.toLowerCase()));
  if (MediaTypes.length > 0) return known;
  const names = [Id ?? "", Name ?? ""];
  return namedTypes.flatMap(([pattern, types]) => (names.some((name) => pattern.test(name)) ? types : []));
};

const allowsPatch = (reply: Reply | undefined): boolean | undefined => {
  const { allow } = reply?.headers ?? {};
  return allow === undefined ? undefined : /\bPATCH\b/i.test(allow);
};

/**
 * The slot as the resource shows it. Some services list InsertMedia only while the slot is empty and EjectMedia only while it is full, so
 * the other one's target stays as it was `known`.
 */
export const toLearntSlot = (
  path: string,
  resource: Resource,
  reply: Reply | undefined,
  { id, inserted, known }: { readonly id: string; readonly inserted: boolean; readonly known?: LearntSlot | undefined },
): LearntSlot => {
  const parsed = virtualMedia.parse(resource);
  return present({
    id,
    path,
    mediaTypes: mediaTypesOf(parsed),
    insertTarget: parsed.Actions["#VirtualMedia.InsertMedia"].target ?? (inserted ? known?.insertTarget : undefined),
    ejectTarget: parsed.Actions["#VirtualMedia.EjectMedia"].target ?? (inserted ? undefined : known?.ejectTarget),
    patch: allowsPatch(reply) ?? known?.patch,
  });
};

const isExcluded = ({ id }: LearntSlot, { exclude }: RedfishQuirks["slots"]): boolean =>
  exclude !== undefined && new RegExp(exclude, "iu").test(id);

/** Can it take a URL? A full slot that offers only its eject once took one. */
export const isUrlCapable = (slot: LearntSlot, quirks: RedfishQuirks): boolean => {
  if (isExcluded(slot, quirks.slots)) return false;
  const { method } = quirks.insert;
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
