// A replacement that failed: what is new goes out, what was there goes in again, under a new URL where the former one was withdrawn.
import type { MediaDriver } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import { mediumOf, noteSlot } from "../insert.ts";
import { warn } from "../attach-work.ts";
import { leftAt, nothingLeft } from "../own-media.ts";
import { publishOn } from "../publish.ts";
import type { Way } from "../way.ts";
import type { Former, Left, ReplaceWork } from "./replace-work.ts";

/**
 * Whatever is not shown to be another's goes: the slot was ours, and empty, when the new medium went in, and some BMCs show nothing of what
 * they hold. Until that is done it counts as left in.
 */
export const takeNewOut = async (work: ReplaceWork, { slot: id }: Way, media: MediaDriver): Promise<void> => {
  const url = work.deps.publications.find(work.attachmentId)?.url;
  await work.deps.attachments.update(work.attachmentId, leftAt(id, url));
  const { state } = await media.slot(id);
  const isForeign = state?.inserted === true && state.image !== undefined && state.image !== url;
  if (!isForeign) await media.eject(id);
  await work.deps.attachments.update(work.attachmentId, nothingLeft);
};

/** One with terms that is published no more has served all that it was to. */
export const leftOf = async ({ deps, attachmentId }: ReplaceWork, { given }: Former): Promise<Left> =>
  given === undefined ? null : ((await deps.publications.termsLeft(attachmentId)) ?? "over");

const stillLeft = ({ deps }: ReplaceWork, left: Left): Left =>
  left !== "over" && (left?.expiresAt ?? Infinity) <= deps.clock.now() ? "over" : left;

/**
 * On what was left of its terms; answers the former publication where it was not withdrawn yet. What the attachment says is of the former
 * medium again.
 */
export const publishFormer = async (
  work: ReplaceWork,
  { image, slot, mediaType, given: terms, warnings }: Former,
  left: Left,
  media: MediaDriver,
  signal: AbortSignal,
): Promise<void> => {
  await work.deps.attachments.update(work.attachmentId, { terms, warnings });
  const still = stillLeft(work, left);
  if (still === "over") return;
  const isDisc = mediaType === "CD" || mediaType === "DVD";
  const extension = media.rules?.extensions?.[mediaType] ?? (isDisc ? "iso" : "img");
  const undoing = { ...work, context: { ...work.context, signal } };
  await publishOn(undoing, image, media, { slot, extension }, still ?? undefined);
};

/** Where it is not in the slot any more. @throws MediabayError SLOT_OCCUPIED where something else is by now */
export const putFormerBack = async (
  work: ReplaceWork,
  former: Former,
  left: Left,
  media: MediaDriver,
): Promise<void> => {
  const { slot: id } = former;
  const { state } = await media.slot(id);
  if (stillLeft(work, left) === "over") {
    if (state?.inserted !== true) await warn(work, "The former medium's terms are used up: it was not put back.");
    return;
  }
  const url = work.deps.publications.find(work.attachmentId)?.url;
  if (state?.inserted === true && state.image !== undefined && state.image !== url)
    throw new MediabayError("SLOT_OCCUPIED", `Slot ${id} holds another medium by now.`);
  const observed = await media.insert(id, mediumOf(work, former.image, former));
  await noteSlot(work, media, former, observed);
};
