// The insert itself: choose a slot, put our URL in, go on to the next slot where one refuses, and know how to take exactly that out again.
import type { MediaDriver, Medium, Slot, SlotState } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { PublicationRecord } from "../core/ports.ts";
import { refuseWhereAgentMayRun } from "./agent-guard.ts";
import { type AttachmentWork, type AttachWork, audit, warn } from "./attach-work.ts";
import { liveStates } from "../core/vocabulary.ts";
import { bootableOf } from "./boot.ts";
import { mediaOf } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";
import { type ImageFacts, repackFor } from "./image.ts";
import { leftAt, leftBehind, nothingLeft, type Owned, withOwner } from "./own-media.ts";
import { publish } from "./publish.ts";
import { carriers, chooseWay, type Way } from "./way.ts";

/** `image`: what was put in. */
export type Inserted = Way & { readonly observed: SlotState; readonly image: ImageFacts };

export const choose = async (
  work: AttachWork,
  image: ImageFacts,
  media: MediaDriver,
  { fresh, refused }: { readonly fresh: boolean; readonly refused?: ReadonlySet<string> },
): Promise<Way> => {
  const { session, machine } = await work.link.get(work.context.signal);
  const left = await leftBehind(work.deps, machine.id);
  const shown = (await media.slots({ fresh })).map((slot) => withOwner(work.deps, machine, slot, left));
  const slots = await withoutLeftovers(work, media, shown);
  const types = (image.forms ?? [image]).flatMap(({ format, sizeBytes }) => carriers(format, sizeBytes));
  const bootable = work.input.boot === "none" ? undefined : await bootableOf(session, [...new Set(types)]);
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

/** A host that finds two config drives may take the old one: what is left of ours goes, wherever it is. */
const withoutLeftovers = async (
  work: AttachWork,
  media: MediaDriver,
  slots: readonly Owned[],
): Promise<readonly Slot[]> => {
  const kept: Slot[] = [];
  for (const { leftover, ...slot } of slots) {
    if (leftover === true) {
      await audit(work, "leftover.ejected", { slot: slot.id });
      await media.eject(slot.id);
    }
    kept.push(leftover === true ? { ...slot, state: { inserted: false } } : slot);
  }
  return kept;
};

/** Slots of this machine that our attachments hold, one of them aside. */
export const slotsOfOurs = async (
  { attachments }: Pick<GatewayDeps, "attachments">,
  machineId: string,
  aside?: string,
): Promise<ReadonlySet<string>> => {
  const { items } = await attachments.list({ limit: 100 }, { machineId, states: liveStates });
  return new Set(items.flatMap((item) => (item.id === aside || item.slot === undefined ? [] : [item.slot])));
};

/** `stored`: the image before it was repacked, for a slot that wants another form. */
export const insertStep = (work: AttachWork, image: ImageFacts, way: Way, stored = image): Promise<Inserted> =>
  work.context.step(
    "insert",
    `Insert into slot ${way.slot}`,
    async ({ attempt }) => {
      const media = mediaOf((await work.link.get(work.context.signal)).session);
      if (attempt > 1) {
        await media.slot(way.slot);
        await publishAgain(work, image, media, way);
      }
      return insert(work, media, { stored, image, way });
    },
    (output, signal) => ejectOurs(work, output, way, signal),
  );

/** An earlier attempt may have gone on to another slot, and have published the image anew for that, or have ended just before. */
const publishAgain = async (work: AttachWork, image: ImageFacts, media: MediaDriver, way: Way): Promise<void> => {
  const published = work.deps.publications.find(work.attachmentId);
  const isForWay = published?.digest === image.digest && published.fileName.endsWith(`.${way.extension}`);
  if (!isForWay) await republish(work, image, media, way);
};

/**
 * A remembered slot may have been taken since, and a slot may refuse what another takes: then the choice is made once more, without the
 * slots that were tried.
 */
const insert = async (work: AttachWork, media: MediaDriver, first: Try): Promise<Inserted> => {
  const refused = new Set<string>();
  let failure: MediabayError | undefined;
  for (let present = first; ; ) {
    const { way, image } = present;
    try {
      await refuseWhereAgentMayRun(work.input, (await work.link.get(work.context.signal)).session);
      const observed = await media.insert(way.slot, mediumOf(work, image, way));
      await noteSlot(work, media, way, observed);
      return { ...way, observed, image };
    } catch (error) {
      if (!isForAnotherSlot(error)) throw error;
      refused.add(way.slot);
      failure ??= error;
      const next = await nextWay(work, present.stored, media, { refused, error });
      if (next === undefined) throw failure;
      await noteTry(work, way, next, error);
      present = await tryNext(work, media, present, next);
    }
  }
};

interface Try {
  readonly stored: ImageFacts;
  /** What is published. */
  readonly image: ImageFacts;
  readonly way: Way;
}

/** Another kind of slot wants another kind of file name, or another form. */
const tryNext = async (work: AttachWork, media: MediaDriver, { stored, image, way }: Try, next: Way): Promise<Try> => {
  const holding = { holder: work.attachmentId, warn: (text: string) => warn(work, text) };
  const other = await repackFor(work.deps, stored, next, holding, work.context.signal);
  const { digest, sizeBytes, format } = other;
  if (digest !== image.digest) await work.deps.attachments.update(work.attachmentId, { digest, sizeBytes, format });
  if (digest !== image.digest || next.extension !== way.extension) await republish(work, other, media, next);
  return { stored, image: other, way: next };
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

const republish = async (work: AttachWork, image: ImageFacts, media: MediaDriver, way: Way): Promise<void> => {
  await work.deps.publications.withdraw(work.attachmentId);
  await publish(work, image, media, way, work.input.terms);
};

export const mediumOf = (
  work: AttachmentWork,
  { sizeBytes }: Pick<ImageFacts, "sizeBytes">,
  { mediaType }: Pick<Way, "mediaType">,
): Medium => {
  const { url } = publicationOf(work);
  const ca = url.startsWith("https:") ? work.deps.imageCa : undefined;
  return { url, mediaType, sizeBytes, ...(ca === undefined ? {} : { ca }) };
};

export const noteSlot = async (
  work: AttachmentWork,
  media: MediaDriver,
  { slot, mediaType }: Pick<Way, "slot" | "mediaType">,
  observed: SlotState,
): Promise<void> => {
  await work.deps.attachments.update(work.attachmentId, {
    slot,
    mediaType,
    observed,
    observedAt: work.deps.clock.now(),
    idleUnmountMs: media.rules?.idleUnmountMs,
  });
  // What this BMC read to take it is not what a host reads.
  await work.deps.publications.settled(work.attachmentId);
  if (observed.unverified === true) {
    await warn(work, "This BMC shows nothing of its media: that it took this one is known from its reads only.");
  }
};

/**
 * Wherever the BMC shows our URL it goes, and what it shows without a URL in the slot we filled; a foreign medium stays. Until that is
 * done it counts as left in.
 */
const ejectOurs = async (
  work: AttachWork,
  filled: Inserted | undefined,
  first: Way,
  signal: AbortSignal,
): Promise<void> => {
  const url = work.deps.publications.find(work.attachmentId)?.url;
  if (url === undefined) return;
  const { slot: noted } = await work.deps.attachments.get(work.attachmentId);
  await work.deps.attachments.update(work.attachmentId, leftAt(filled?.slot ?? noted ?? first.slot, url));
  const media = mediaOf((await work.link.get(signal)).session);
  for (const slot of await media.slots({ fresh: true })) {
    const mute = slot.state?.inserted === true ? slot.state.image === undefined : filled?.observed.unverified === true;
    if ((slot.id === filled?.slot && mute) || slot.state?.image === url) await media.eject(slot.id);
  }
  await work.deps.attachments.update(work.attachmentId, nothingLeft);
};

const publicationOf = (work: AttachmentWork): PublicationRecord => {
  const publication = work.deps.publications.find(work.attachmentId);
  if (publication === undefined)
    throw new MediabayError("CANCELLED", "The publication was withdrawn while it was being inserted.");
  return publication;
};
