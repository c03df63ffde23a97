// The insert itself: choose a slot, put our URL in, go on to the next slot where one refuses, and know how to take exactly that out again.
import type { MediaDriver, Medium, Slot, SlotState } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { PublicationRecord } from "../core/ports.ts";
import { type AttachWork, audit, type ImageFacts, warn } from "./attach-work.ts";
import { bootableOf } from "./boot.ts";
import { mediaOf } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";
import { publish } from "./publish.ts";
import { carriers, chooseWay, type Way } from "./way.ts";

export type Inserted = Way & { readonly observed: SlotState };

export const choose = async (
  work: AttachWork,
  image: ImageFacts,
  media: MediaDriver,
  { fresh, refused }: { readonly fresh: boolean; readonly refused?: ReadonlySet<string> },
): Promise<Way> => {
  const slots: readonly Slot[] = await media.slots({ fresh });
  const { format, sizeBytes } = image;
  const { session } = await work.link.get(work.context.signal);
  const bootable = work.input.boot === "none" ? undefined : await bootableOf(session, carriers(format, sizeBytes));
  return chooseWay({
    ...(bootable === undefined ? {} : { bootable }),
    slots,
    ...image,
    role: work.input.role,
    ours: await slotsOfOurs(work.deps, work.context.operation.machineId, work.attachmentId),
    ...(work.input.slot === undefined ? {} : { wanted: work.input.slot }),
    force: work.input.force,
    ...(media.rules === undefined ? {} : { rules: media.rules }),
    ...(refused === undefined ? {} : { refused }),
  });
};

/** Slots of this machine that our attachments hold, one of them aside. */
export const slotsOfOurs = async (
  { attachments }: Pick<GatewayDeps, "attachments">,
  machineId: string,
  aside?: string,
): Promise<ReadonlySet<string>> => {
  const { items } = await attachments.list(
    { limit: 100 },
    { machineId, states: ["attaching", "attached", "detaching"] },
  );
  return new Set(items.flatMap((item) => (item.id === aside || item.slot === undefined ? [] : [item.slot])));
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
    (output, signal) => ejectOurs(work, output, signal),
  );

/**
 * A remembered slot may have been taken since, and a slot may refuse what another takes: then the choice is made once more, without the
 * slots that were tried.
 */
const insert = async (work: AttachWork, media: MediaDriver, image: ImageFacts, first: Way): Promise<Inserted> => {
  const refused = new Set<string>();
  let failure: MediabayError | undefined;
  for (let way = first; ; ) {
    try {
      const observed = await media.insert(way.slot, mediumOf(work, image, way));
      await noteSlot(work, media, way, observed);
      return { ...way, observed };
    } catch (error) {
      if (!isForAnotherSlot(error)) throw error;
      refused.add(way.slot);
      failure ??= error;
      const next = await nextWay(work, image, media, { refused, error });
      if (next === undefined) throw failure;
      await noteTry(work, way, next, error);
      if (next.extension !== way.extension) await republish(work, image, media, next);
      way = next;
    }
  }
};

const isForAnotherSlot = (error: unknown): error is MediabayError =>
  error instanceof MediabayError && (error.code === "SLOT_OCCUPIED" || error.context["nextSlot"] === true);

/** Undefined where no other slot is left. @throws MediabayError SLOT_OCCUPIED, where that is how it began */
const nextWay = async (
  work: AttachWork,
  image: ImageFacts,
  media: MediaDriver,
  { refused, error }: { readonly refused: ReadonlySet<string>; readonly error: MediabayError },
): Promise<Way | undefined> => {
  const isTaken = error.code === "SLOT_OCCUPIED";
  try {
    const next = await choose(work, image, media, { fresh: isTaken, refused });
    return next.evict.length > 0 ? undefined : next;
  } catch (none) {
    const isNone =
      none instanceof MediabayError && (none.code === "SLOT_OCCUPIED" || none.code === "UNSUPPORTED_BY_BMC");
    if (!isNone || (isTaken && none.code === "SLOT_OCCUPIED")) throw none;
    return undefined;
  }
};

const noteTry = async (work: AttachWork, way: Way, next: Way, error: MediabayError): Promise<void> => {
  await warn(work, `Slot ${way.slot} did not take the medium, slot ${next.slot} is tried: ${error.message}`);
  const { bmcCode = null } = error.context;
  await audit(work, "media.refused", { slot: way.slot, next: next.slot, code: error.code, bmcCode });
};

/** Another kind of slot wants another kind of file name. */
const republish = async (work: AttachWork, image: ImageFacts, media: MediaDriver, way: Way): Promise<void> => {
  await work.deps.publications.withdraw(work.attachmentId);
  await publish(work, image, media, way);
};

const mediumOf = (work: AttachWork, { sizeBytes }: ImageFacts, { mediaType }: Way): Medium => {
  const { url } = publicationOf(work);
  const ca = url.startsWith("https:") ? work.deps.imageCa : undefined;
  return { url, mediaType, sizeBytes, ...(ca === undefined ? {} : { ca }) };
};

const noteSlot = async (work: AttachWork, media: MediaDriver, way: Way, observed: SlotState): Promise<void> => {
  const { slot, mediaType } = way;
  await work.deps.attachments.update(work.attachmentId, {
    slot,
    mediaType,
    observed,
    observedAt: work.deps.clock.now(),
    idleUnmountMs: media.rules?.idleUnmountMs,
  });
  if (observed.unverified === true) {
    await warn(work, "This BMC shows nothing of its media: that it took this one is known from its reads only.");
  }
};

/** Wherever the BMC shows our URL it goes, and what it shows without a URL in the slot we filled; a foreign medium stays. */
const ejectOurs = async (work: AttachWork, filled: Inserted | undefined, signal: AbortSignal): Promise<void> => {
  const url = work.deps.publications.find(work.attachmentId)?.url;
  if (url === undefined) return;
  const media = mediaOf((await work.link.get(signal)).session);
  for (const slot of await media.slots({ fresh: true })) {
    const mute = slot.state?.inserted === true ? slot.state.image === undefined : filled?.observed.unverified === true;
    if ((slot.id === filled?.slot && mute) || slot.state?.image === url) await media.eject(slot.id);
  }
};

const publicationOf = (work: AttachWork): PublicationRecord => {
  const publication = work.deps.publications.find(work.attachmentId);
  if (publication === undefined)
    throw new MediabayError("CANCELLED", "The publication was withdrawn while it was being inserted.");
  return publication;
};
