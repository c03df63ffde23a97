// A replacement that failed: what is new goes out, what was there goes in again, under a new URL where the former one was withdrawn.
import type { MediaDriver } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import { mediumOf, noteSlot } from "../insert.ts";
import { publish } from "../publish.ts";
import type { Way } from "../way.ts";
import type { Former, ReplaceWork } from "./replace-work.ts";

/**
 * Whatever is not shown to be another's goes: the slot was ours, and empty, when the new medium went in, and some BMCs show nothing of what
 * they hold. Until that is done it counts as left in.
 */
export const takeNewOut = async (work: ReplaceWork, { slot: id }: Way, media: MediaDriver): Promise<void> => {
  const url = work.deps.publications.find(work.attachmentId)?.url;
  await work.deps.attachments.update(work.attachmentId, { leftIn: id });
  const { state } = await media.slot(id);
  const isForeign = state?.inserted === true && state.image !== undefined && state.image !== url;
  if (!isForeign) await media.eject(id);
  await work.deps.attachments.update(work.attachmentId, { leftIn: undefined });
};

/** Answers the former publication where it was not withdrawn yet. */
export const publishFormer = async (
  work: ReplaceWork,
  { image, slot, mediaType, terms }: Former,
  media: MediaDriver,
  signal: AbortSignal,
): Promise<void> => {
  const isDisc = mediaType === "CD" || mediaType === "DVD";
  const extension = media.rules?.extensions?.[mediaType] ?? (isDisc ? "iso" : "img");
  await publish(
    { ...work, context: { ...work.context, signal } },
    image,
    media,
    { slot, mediaType, extension, evict: [] },
    terms,
  );
};

/** Where it is not in the slot any more. @throws MediabayError SLOT_OCCUPIED where something else is by now */
export const putFormerBack = async (work: ReplaceWork, former: Former, media: MediaDriver): Promise<void> => {
  const { slot: id } = former;
  const { state } = await media.slot(id);
  const url = work.deps.publications.find(work.attachmentId)?.url;
  if (state?.inserted === true && state.image !== undefined && state.image !== url)
    throw new MediabayError("SLOT_OCCUPIED", `Slot ${id} holds another medium by now.`);
  const observed = await media.insert(id, mediumOf(work, former.image, former));
  await noteSlot(work, media, former, observed);
};
