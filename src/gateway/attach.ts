// Attach: from a source to a medium that the BMC says it holds. Every step is journalled and can be undone.
import type { BootOverride, Json, MediaDriver } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { OperationHandler } from "../core/ports.ts";
import type { MediaType } from "../core/vocabulary.ts";
import { refuseWhereAgentMayRun } from "./agent-guard.ts";
import { type AttachInput, type AttachWork, audit, warn } from "./attach-work.ts";
import { type BootWish, bootWanted, clearBoot } from "./boot.ts";
import { type Conversations, mediaOf } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";
import { fetchImage, foreignMacs, type ImageFacts, repackFor } from "./image.ts";
import { choose, type Inserted, insertStep } from "./insert.ts";
import { boots, detachBeforeBoot, endRearm, noteStart, type ResetWish, resetOnce } from "./power.ts";
import { publish } from "./publish.ts";
import { waitUntilRead } from "./watch.ts";
import type { Way } from "./way.ts";

export const createAttachHandler =
  (deps: GatewayDeps, conversations: Conversations): OperationHandler =>
  async (context) => {
    const attachmentId = context.operation.attachmentId;
    if (attachmentId === undefined) throw new MediabayError("INTERNAL", "An attach operation has no attachment.");
    const input = context.input as unknown as AttachInput;
    const loginSince = context.resumed ? context.operation.startedAt : undefined;
    const link = conversations.link(context.operation.machineId, loginSince === undefined ? {} : { loginSince });
    const work: AttachWork = { deps, context, input, attachmentId, link };
    context.defer(() => link.close());
    return attach(work, conversations);
  };

const attach = async (work: AttachWork, conversations: Conversations): Promise<Json> => {
  const { deps, context, input, link } = work;
  await beginStep(work);
  const stored = await imageStep(work);
  const way = await wayStep(work, stored);
  const image = way.repack === undefined ? stored : await repackStep(work, stored, way);
  if (way.evict.length > 0) await evictStep(work, way);
  await publishStep(work, image, way);
  const inserted = await insertStep(work, image, way, stored);
  // Before the override is set: who is detached ends its own.
  if (boots(input.reset)) await detachBeforeBoot(deps, conversations, context, link);
  const boot = input.boot === "none" ? undefined : await bootStep(work, inserted.mediaType, input.boot);
  if (input.reset !== false) await resetStep(work, input.reset, boot);
  if (input.readWithinMs > 0) await readStep(work, input.readWithinMs);
  await recordStep(work, inserted, boot);
  return {
    attachment: work.attachmentId,
    slot: inserted.slot,
    digest: inserted.image.digest,
    boot: boot === undefined ? null : { ...boot },
  };
};

/** Has no effect of its own: its undo runs last, when everything after it has been undone. The journal marks the attachment failed. */
const beginStep = (work: AttachWork): Promise<null> =>
  work.context.step(
    "begin",
    "Begin",
    async () => null,
    async () => {
      await work.deps.attachments.update(work.attachmentId, { slot: undefined, observed: undefined });
      // What came with the request was stored before, and may have got no step of its own.
      await work.deps.images.release(work.attachmentId);
      await audit(work, "attach.failed", {});
    },
  );

const imageStep = (work: AttachWork): Promise<ImageFacts> =>
  work.context.step(
    "image",
    "Fetch and check the image",
    async (step) => {
      const { source, role, digest } = work.input;
      const wish = { source, role, ...(digest === undefined ? {} : { digest }), ...holding(work) };
      const facts = await fetchImage(work.deps, wish, step);
      await noteImage(work, facts);
      return facts;
    },
    () => work.deps.images.release(work.attachmentId),
  );

const holding = (work: AttachWork) => ({ holder: work.attachmentId, warn: (text: string) => warn(work, text) });

const noteImage = async (work: AttachWork, { digest, sizeBytes, format }: ImageFacts): Promise<void> => {
  await work.deps.attachments.update(work.attachmentId, { digest, sizeBytes, format });
};

const repackStep = (work: AttachWork, stored: ImageFacts, way: Way): Promise<ImageFacts> =>
  work.context.step(
    "repack",
    `Repack the files for slot ${way.slot}`,
    async ({ signal }) => {
      const image = await repackFor(work.deps, stored, way, holding(work), signal);
      await noteImage(work, image);
      return image;
    },
    () => work.deps.images.release(work.attachmentId),
  );

const wayStep = (work: AttachWork, image: ImageFacts): Promise<Way> =>
  work.context.step("connect", "Connect to the BMC and choose the slot", async ({ attempt }) => {
    const { session } = await work.link.get(work.context.signal);
    const media = mediaOf(session);
    await refuseWhereAgentMayRun(work.input, session);
    const requests = await prepare(media);
    if (requests > 0) await audit(work, "media.prepared", { requests });
    for (const mac of await foreignMacs(work.deps, image, session.inventory))
      await warn(work, `The image's network_data names the port ${mac}, which this machine's inventory does not have.`);
    return choose(work, image, media, { fresh: attempt > 1 || work.input.force });
  });

/** What was prepared once may have been undone since: no slot that takes a URL is the sign. */
const prepare = async (media: MediaDriver): Promise<number> => {
  if (media.prepare === undefined) return 0;
  const requests = await media.prepare();
  if (requests > 0 || (await media.slots()).some((slot) => slot.urlCapable)) return requests;
  return media.prepare({ again: true });
};

const evictStep = (work: AttachWork, way: Way): Promise<Json> =>
  work.context.step("evict", `Eject the foreign medium from slot ${way.evict.join(" and ")}`, async () => {
    const { session } = await work.link.get(work.context.signal);
    const media = mediaOf(session);
    for (const slot of way.evict) {
      const found = await media.slot(slot);
      await audit(work, "media.evicted", { slot, image: found.state?.image ?? null });
      if (found.state?.inserted === true) await media.eject(slot);
    }
    return null;
  });

const publishStep = (work: AttachWork, image: ImageFacts, way: Way): Promise<Json> =>
  work.context.step(
    "publish",
    "Publish the image for this BMC",
    async () => {
      const { session } = await work.link.get(work.context.signal);
      await publish(work, image, mediaOf(session), way, work.input.terms);
      return null;
    },
    () => work.deps.publications.withdraw(work.attachmentId),
  );

const bootStep = (work: AttachWork, mediaType: MediaType, wish: Exclude<BootWish, "none">): Promise<BootOverride> =>
  work.context.step(
    "boot",
    "Set the boot override and read it back",
    async () => {
      const { session } = await work.link.get(work.context.signal);
      const { shown, warning, rearm } = await bootWanted(session, mediaType, wish);
      await work.deps.attachments.update(work.attachmentId, { boot: shown, rearm });
      if (warning !== undefined) await warn(work, warning);
      return shown;
    },
    async (_output, signal) => {
      const { session } = await work.link.get(signal);
      await clearBoot(session, mediaType);
    },
  );

const resetStep = (work: AttachWork, wish: ResetWish, boot: BootOverride | undefined): Promise<Json> =>
  work.context.step("reset", "Reset the machine", async ({ attempt }) => {
    const { session } = await work.link.get(work.context.signal);
    const reads = await work.deps.publications.reads(work.attachmentId);
    const done = await resetOnce(session, wish, { again: attempt > 1, boot, reads });
    if (done !== undefined) await work.deps.attachments.update(work.attachmentId, { reset: done });
    await endRearm(work.deps, work.attachmentId);
    await noteStart(work.deps, work.context.operation.machineId, done, work.attachmentId);
    return done ?? null;
  });

const readStep = (work: AttachWork, withinMs: number): Promise<Json> =>
  work.context.step("read", "Wait until the BMC reads the image", async ({ signal, progress }) => {
    await work.link.close();
    const { strangers = [], ...read } = await waitUntilRead(work.deps, work.attachmentId, {
      withinMs,
      signal,
      progress,
    });
    if (strangers.length > 0) {
      const from = strangers.join(", ");
      await warn(
        work,
        `The image was read from ${from} alone, no address of this BMC: as it should be only where the BMC is behind NAT.`,
      );
    }
    return { ...read };
  });

const recordStep = (work: AttachWork, inserted: Inserted, boot: BootOverride | undefined): Promise<Json> =>
  work.context.step("record", "Record the attachment", async () => {
    const attachedAt = work.deps.clock.now();
    await work.deps.attachments.update(work.attachmentId, { state: "attached", attachedAt });
    await audit(
      work,
      "attach.done",
      { slot: inserted.slot, mediaType: inserted.mediaType, boot: boot === undefined ? null : { ...boot } },
      inserted.image.digest,
    );
    return null;
  });
