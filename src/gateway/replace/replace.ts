// Replace: new bytes under a new URL in the same slot, without a redeploy. What is new is ready before anything is touched;
// where a step fails, the former medium goes in again.
import type { Json, MediaDriver, Slot, SlotState } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { OperationHandler } from "../../core/ports.ts";
import type { AttachmentRecord, MachineRecord } from "../../core/records.ts";
import { refuseWhereAgentMayRun } from "../agent-guard.ts";
import { audit, warn } from "../attach-work.ts";
import { type Conversations, mediaOf } from "../connect.ts";
import type { GatewayDeps } from "../deps.ts";
import { fetchImage, foreignMacs, type ImageFacts, repackFor } from "../image.ts";
import { mediumOf, noteSlot } from "../insert.ts";
import { leftBehind, nothingLeft, withOwner } from "../own-media.ts";
import { publish } from "../publish.ts";
import { chooseWay, type Way } from "../way.ts";
import { leftOf, publishFormer, putFormerBack, takeNewOut } from "./former.ts";
import { type Former, type Left, type ReplaceInput, type ReplaceWork, wishOf } from "./replace-work.ts";
import { notAttached } from "./submit-replace.ts";

export const createReplaceHandler =
  (deps: GatewayDeps, conversations: Conversations): OperationHandler =>
  async (context) => {
    const { attachmentId, id: holder, machineId, startedAt } = context.operation;
    if (attachmentId === undefined) throw new MediabayError("INTERNAL", "A replace operation has no attachment.");
    const input = context.input as unknown as ReplaceInput;
    const loginSince = context.resumed ? startedAt : undefined;
    const link = conversations.link(machineId, loginSince === undefined ? {} : { loginSince });
    context.defer(() => link.close());
    return replace({ deps, context, input, attachmentId, link, holder });
  };

const replace = async (work: ReplaceWork): Promise<Json> => {
  const former = await beginStep(work);
  const stored = await imageStep(work, former);
  const way = await wayStep(work, former, stored);
  const image = way.repack === undefined ? stored : await repackStep(work, stored, way);
  const { left } = await ejectStep(work, former);
  await withdrawStep(work, former, left);
  await publishStep(work, former, image, way);
  await insertStep(work, image, way);
  await recordStep(work, former, image);
  await releaseStep(work);
  return { attachment: work.attachmentId, slot: way.slot, digest: image.digest };
};

/**
 * From here on the operation holds the former bytes too: whatever becomes of the attachment's own hold, they can be put back. Warnings are
 * of one medium, and begin anew.
 */
const beginStep = (work: ReplaceWork): Promise<Former> =>
  work.context.step(
    "begin",
    "Begin",
    async ({ signal }) => {
      const { deps, attachmentId, holder } = work;
      const attachment = await deps.attachments.get(attachmentId);
      const former = formerOf(attachment);
      const { digest } = former.image;
      await deps.images.ensure({ source: { kind: "image", digest }, role: former.role, holder, signal });
      await deps.attachments.update(attachmentId, { warnings: [] });
      return former;
    },
    async (former) => {
      await tellOutcome(work, former);
      await work.deps.images.release(work.holder);
      await audit(work, "replace.failed", {});
    },
  );

const tellOutcome = async (work: ReplaceWork, former: Former | undefined): Promise<void> => {
  const { observed, warnings } = await work.deps.attachments.get(work.attachmentId);
  const all = [...(former?.warnings ?? []), ...warnings];
  await work.deps.attachments.update(work.attachmentId, { warnings: [...new Set(all)] });
  if (observed?.inserted === false)
    await warn(work, "A replacement failed, and the former medium could not be put back.");
};

const formerOf = (attachment: AttachmentRecord): Former => {
  const { state, slot, mediaType, digest, sizeBytes, format, role, source, warnings } = attachment;
  const isWhole = slot !== undefined && mediaType !== undefined && digest !== undefined;
  if (state !== "attached" || !isWhole || sizeBytes === undefined || format === undefined)
    throw notAttached(attachment);
  const image = { digest, sizeBytes, format };
  return { role, slot, mediaType, image, source, warnings, ...wishOf(attachment) };
};

const holding = (work: ReplaceWork) => ({ holder: work.holder, warn: (text: string) => warn(work, text) });

const imageStep = (work: ReplaceWork, { role }: Former): Promise<ImageFacts> =>
  work.context.step("image", "Fetch and check the new image", (step) => {
    const { source, digest } = work.input;
    return fetchImage(work.deps, { source, role, ...(digest === undefined ? {} : { digest }), ...holding(work) }, step);
  });

/** The same slot, and nothing of the BMC is changed. @throws MediabayError SLOT_OCCUPIED where somebody else's medium is in there now */
const wayStep = (work: ReplaceWork, { slot: id, role }: Former, image: ImageFacts): Promise<Way> =>
  work.context.step("connect", "Connect to the BMC and look at the slot", async () => {
    const { session, machine } = await work.link.get(work.context.signal);
    await refuseWhereAgentMayRun({ role, ...agentWish(work) }, session);
    const media = mediaOf(session);
    const slot = await media.slot(id);
    await refuseForeign(work, machine, slot);
    for (const mac of await foreignMacs(work.deps, image, session.inventory))
      await warn(work, `The image's network_data names the port ${mac}, which this machine's inventory does not have.`);
    const { rules } = media;
    const empty = { ...slot, state: { inserted: false } };
    const request = { ...image, slots: [empty], role, ours: new Set<string>(), wanted: id, force: false };
    return chooseWay({ ...request, ...(rules === undefined ? {} : { rules }) });
  });

/** What is ours is the present publication's, or left over from one that was withdrawn. @throws MediabayError SLOT_OCCUPIED */
const refuseForeign = async (
  { deps, attachmentId }: ReplaceWork,
  machine: MachineRecord,
  slot: Slot,
): Promise<void> => {
  const owned = withOwner(deps, machine, slot, await leftBehind(deps, machine.id));
  const shown = owned.state?.inserted === true ? owned.state.image : undefined;
  if (shown === undefined || owned.attachmentId === attachmentId || owned.leftover === true) return;
  throw new MediabayError("SLOT_OCCUPIED", `Slot ${slot.id} holds ${shown}, which is not ours; it was left in.`);
};

const agentWish = ({ input: { expectAgent } }: ReplaceWork): Pick<ReplaceInput, "expectAgent"> =>
  expectAgent === undefined ? {} : { expectAgent };

const repackStep = (work: ReplaceWork, stored: ImageFacts, way: Way): Promise<ImageFacts> =>
  work.context.step("repack", `Repack the files for slot ${way.slot}`, ({ signal }) =>
    repackFor(work.deps, stored, way, holding(work), signal),
  );

const slotOf = async (work: ReplaceWork, signal: AbortSignal): Promise<MediaDriver> =>
  mediaOf((await work.link.get(signal)).session);

/** Answers what is left of the former one's terms, now that the BMC reads no more of it. */
const ejectStep = (work: ReplaceWork, former: Former): Promise<{ readonly left: Left }> =>
  work.context.step(
    "eject",
    "Eject the former medium",
    async () => {
      const { session, machine } = await work.link.get(work.context.signal);
      await refuseWhereAgentMayRun({ role: former.role, ...agentWish(work) }, session);
      const media = mediaOf(session);
      // An earlier attempt may have emptied it, for somebody else to use.
      await refuseForeign(work, machine, await media.slot(former.slot));
      await media.eject(former.slot);
      const observedAt = work.deps.clock.now();
      const seen = { observed: { inserted: false }, observedAt, ...nothingLeft };
      await work.deps.attachments.update(work.attachmentId, seen);
      return { left: await leftOf(work, former) };
    },
    async (output, signal) => {
      const left = output === undefined ? await leftOf(work, former) : output.left;
      await putFormerBack(work, former, left, await slotOf(work, signal));
    },
  );

const withdrawStep = (work: ReplaceWork, former: Former, left: Left): Promise<Json> =>
  work.context.step(
    "withdraw",
    "Withdraw the former publication",
    async () => {
      const { requests, coveredBytes } = await work.deps.publications.reads(work.attachmentId);
      await work.deps.publications.withdraw(work.attachmentId);
      await audit(work, "replace.withdrawn", { requests, coveredBytes }, former.image.digest);
      return null;
    },
    async (_output, signal) => publishFormer(work, former, left, await slotOf(work, signal), signal),
  );

const publishStep = (work: ReplaceWork, { terms }: Former, image: ImageFacts, way: Way): Promise<Json> =>
  work.context.step(
    "publish",
    "Publish the new image for this BMC",
    async () => {
      await publish(work, image, await slotOf(work, work.context.signal), way, terms);
      return null;
    },
    () => work.deps.publications.withdraw(work.attachmentId),
  );

const insertStep = (work: ReplaceWork, image: ImageFacts, way: Way): Promise<SlotState> =>
  work.context.step(
    "insert",
    `Insert into slot ${way.slot}`,
    async ({ attempt }) => {
      const media = await slotOf(work, work.context.signal);
      if (attempt > 1) await media.slot(way.slot);
      const observed = await media.insert(way.slot, mediumOf(work, image, way));
      await noteSlot(work, media, way, observed);
      return observed;
    },
    async (_output, signal) => takeNewOut(work, way, await slotOf(work, signal)),
  );

/** The attachment holds the new bytes instead of the former ones; both are still held by the operation. */
const recordStep = (work: ReplaceWork, former: Former, image: ImageFacts): Promise<Json> =>
  work.context.step(
    "record",
    "Record the new medium",
    async ({ signal }) => {
      await holdInstead(work, former.role, image.digest, signal);
      const { digest, sizeBytes, format } = image;
      const facts = { digest, sizeBytes, format, source: work.input.shown };
      await work.deps.attachments.update(work.attachmentId, { ...facts, ...begunAnew(work.deps.clock.now()) });
      await audit(work, "replace.done", { slot: former.slot, former: former.image.digest }, digest);
      return null;
    },
    async (_output, signal) => {
      await holdInstead(work, former.role, former.image.digest, signal);
      const { digest, sizeBytes, format } = former.image;
      await work.deps.attachments.update(work.attachmentId, { digest, sizeBytes, format, source: former.source });
    },
  );

/** No machine has started with the new medium yet, and its time begins now. */
const begunAnew = (attachedAt: number) => ({ attachedAt, bootedAt: undefined, lastResetAt: undefined });

const holdInstead = async (
  { deps, attachmentId }: ReplaceWork,
  role: Former["role"],
  digest: string,
  signal: AbortSignal,
): Promise<void> => {
  await deps.images.release(attachmentId);
  await deps.images.ensure({ source: { kind: "image", digest }, role, holder: attachmentId, signal });
};

/** Last: from here on nothing can be put back. */
const releaseStep = (work: ReplaceWork): Promise<Json> =>
  work.context.step("release", "Delete the former bytes", async () => {
    await work.deps.images.release(work.holder);
    return null;
  });
