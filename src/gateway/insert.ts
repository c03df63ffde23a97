// The insert itself: choose a slot, put our URL in, and know how to take exactly that out again.
import type { MediaDriver, Slot, SlotState } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { PublicationRecord } from "../core/ports.ts";
import type { AttachWork, ImageFacts } from "./attach-work.ts";
import { mediaOf } from "./connect.ts";
import { chooseWay, type Way } from "./way.ts";

export type Inserted = Way & { readonly observed: SlotState };

export const choose = async (work: AttachWork, image: ImageFacts, slots: readonly Slot[]): Promise<Way> =>
  chooseWay({
    slots,
    ...image,
    role: work.input.role,
    ours: await slotsOfOthers(work),
    ...(work.input.slot === undefined ? {} : { wanted: work.input.slot }),
    force: work.input.force,
  });

/** Slots of this machine that our other attachments hold. */
const slotsOfOthers = async (work: AttachWork): Promise<ReadonlySet<string>> => {
  const { items } = await work.deps.attachments.list(
    { limit: 100 },
    { machineId: work.context.operation.machineId, states: ["attaching", "attached", "detaching"] },
  );
  return new Set(
    items.flatMap((item) => (item.id === work.attachmentId || item.slot === undefined ? [] : [item.slot])),
  );
};

export const insertStep = (work: AttachWork, image: ImageFacts, way: Way): Promise<Inserted> =>
  work.context.step(
    "insert",
    `Insert into slot ${way.slot}`,
    async ({ attempt }) => {
      const media = mediaOf((await work.link.get(work.context.signal)).session);
      if (attempt > 1) await media.slot(way.slot);
      return insert(work, media, image, way);
    },
    (output, signal) => ejectOurs(work, output?.slot, signal),
  );

/** A remembered slot may have been taken since: then the slots are read and the choice is made once more. */
const insert = async (work: AttachWork, media: MediaDriver, image: ImageFacts, way: Way): Promise<Inserted> => {
  const medium = { url: publicationOf(work).url, mediaType: way.mediaType, sizeBytes: image.sizeBytes };
  try {
    const observed = await media.insert(way.slot, medium);
    await noteSlot(work, way, observed);
    return { ...way, observed };
  } catch (error) {
    if (!(error instanceof MediabayError) || error.code !== "SLOT_OCCUPIED") throw error;
    const next = await choose(work, image, await media.slots({ fresh: true }));
    if (next.slot === way.slot || next.evict || next.extension !== way.extension) throw error;
    const observed = await media.insert(next.slot, { ...medium, mediaType: next.mediaType });
    await noteSlot(work, next, observed);
    return { ...next, observed };
  }
};

const noteSlot = async (work: AttachWork, way: Way, observed: SlotState): Promise<void> => {
  const { slot, mediaType } = way;
  await work.deps.attachments.update(work.attachmentId, {
    slot,
    mediaType,
    observed,
    observedAt: work.deps.clock.now(),
  });
};

/** Wherever the BMC shows our URL it goes, and what it shows without a URL in the slot we filled; a foreign medium stays. */
const ejectOurs = async (work: AttachWork, filled: string | undefined, signal: AbortSignal): Promise<void> => {
  const url = work.deps.publications.find(work.attachmentId)?.url;
  if (url === undefined) return;
  const media = mediaOf((await work.link.get(signal)).session);
  for (const slot of await media.slots({ fresh: true })) {
    const mute = slot.id === filled && slot.state?.inserted === true && slot.state.image === undefined;
    if (mute || slot.state?.image === url) await media.eject(slot.id);
  }
};

const publicationOf = (work: AttachWork): PublicationRecord => {
  const publication = work.deps.publications.find(work.attachmentId);
  if (publication === undefined)
    throw new MediabayError("CANCELLED", "The publication was withdrawn while it was being inserted.");
  return publication;
};
