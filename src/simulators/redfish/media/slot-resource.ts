// How a slot shows itself: the VirtualMedia schema, with the spellings of "empty" and the omissions of products.
import type { Json, Resource } from "../resources/tree.ts";
import type { Medium, Slot } from "./slot.ts";
import type { MediaRules } from "./slot-rules.ts";

const imageName = (image: string): string => image.split(/[?#]/)[0]?.split("/").at(-1) ?? "";

/** What stays of the last medium after an eject. */
const staleNames = (media: MediaRules): readonly string[] => {
  const { staleAfterEject: stale } = media;
  if (typeof stale !== "boolean") return stale;
  return stale ? ["Image", "ImageName", "Inserted", "WriteProtected"] : [];
};

const emptiness = (media: MediaRules, base: Resource): Resource => {
  const inserted = { false: { Inserted: false }, null: { Inserted: null }, absent: {} }[media.emptyInserted];
  const writeProtected = base["WriteProtected"] ?? null;
  const rest = { ...inserted, WriteProtected: writeProtected, UserName: null, Password: null };
  if (media.empty === "absent") return rest;
  const nothing = { null: null, "empty-string": "", "none-string": "None" }[media.empty];
  return { Image: nothing, ImageName: nothing, ...rest };
};

const filling = (medium: Medium, media: MediaRules): Resource => {
  const image = media.shownImage ?? medium.image;
  return {
    Image: image,
    ImageName: imageName(image),
    Inserted: medium.inserted,
    WriteProtected: medium.writeProtected,
    UserName: medium.userName ?? null,
    ...(medium.transferMethod === undefined ? {} : { TransferMethod: medium.transferMethod }),
    ...(medium.transferProtocolType === undefined ? {} : { TransferProtocolType: medium.transferProtocolType }),
  };
};

const only = (properties: Resource, names: readonly string[]): Resource =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => names.includes(name)));

/** The slot's properties as they are now, without its actions. `visible` is false where a full slot looks empty. */
export const slotResource = (
  slot: Slot,
  base: Resource,
  media: MediaRules,
  hidden: readonly string[],
  visible: boolean,
): Resource => {
  const shown = visible ? slot.shown : undefined;
  const filled = shown === undefined ? {} : filling(shown, media);
  const stale =
    shown === undefined && slot.last !== undefined ? only(filling(slot.last, media), staleNames(media)) : {};
  const all: Record<string, Json> = {
    ...base,
    ...emptiness(media, base),
    ...stale,
    ...filled,
    ConnectedVia: shown?.connectedVia ?? media.connectedViaEmpty,
  };
  const left = media.echoImage ? hidden : [...hidden, "Image", "ImageName"];
  for (const name of left) delete all[name];
  return all;
};
