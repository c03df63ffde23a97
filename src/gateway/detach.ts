// Detach: out of the slot, off the image plane, off the disk. What is not ours stays where it is.
import type { Json, MediaDriver, Slot } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { OperationContext, OperationHandler } from "../core/ports.ts";
import type { AttachmentRecord } from "../core/records.ts";
import { clearBoot } from "./boot.ts";
import { type Conversations, type Link, mediaOf } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";

/** The operation's input. */
export interface DetachInput {
  readonly attachments: readonly string[];
  readonly force: boolean;
}

interface Work {
  readonly deps: GatewayDeps;
  readonly context: OperationContext;
  readonly link: Link;
  readonly force: boolean;
}

export const createDetachHandler =
  (deps: GatewayDeps, conversations: Conversations): OperationHandler =>
  async (context) => {
    const input = context.input as unknown as DetachInput;
    return { attachments: await detachEach(deps, conversations, context, input) };
  };

/** As steps of any operation. The BMC is free again when it resolves. */
export const detachEach = async (
  deps: GatewayDeps,
  conversations: Conversations,
  context: OperationContext,
  { attachments, force }: DetachInput,
): Promise<readonly Json[]> => {
  const loginSince = context.resumed ? context.operation.startedAt : undefined;
  const link = conversations.link(context.operation.machineId, loginSince === undefined ? {} : { loginSince });
  const work: Work = { deps, context, link, force };
  context.defer(() => link.close());
  const ended: Json[] = [];
  for (const id of attachments) ended.push(await detachOne(work, id));
  await link.close();
  return ended;
};

type Outcome = {
  readonly attachment: string;
  readonly slot: string | null;
  readonly found: "ours" | "empty" | "foreign" | "unknown";
};

const detachOne = async (work: Work, id: string): Promise<Outcome> => {
  const before = await beginStep(work, id);
  if (before === null) return { attachment: id, slot: null, found: "empty" };
  const found = await ejectStep(work, id);
  await bootStep(work, id);
  await withdrawStep(work, id);
  await releaseStep(work, id);
  await recordStep(work, id, found);
  return { attachment: id, slot: found.slot, found: found.found };
};

/** Null when the attachment has been detached already. The undo gives the attachment its former state back. */
const beginStep = (work: Work, id: string): Promise<{ readonly state: string } | null> =>
  work.context.step(
    `begin ${id}`,
    "Begin",
    async () => {
      const attachment = await work.deps.attachments.get(id);
      if (attachment.state === "detached") return null;
      await work.deps.attachments.update(id, { state: "detaching" });
      return { state: attachment.state };
    },
    async (output) => {
      // What has been detached for good stays so, though a later step of the same operation failed.
      if (output === null || (await work.deps.attachments.get(id)).state !== "detaching") return;
      await work.deps.attachments.update(id, { state: output?.state === "failed" ? "failed" : "attached" });
      await audit(work, await work.deps.attachments.get(id), "detach.failed", {});
    },
  );

const ejectStep = (work: Work, id: string): Promise<Pick<Outcome, "slot" | "found">> =>
  work.context.step(`eject ${id}`, "Eject from the BMC", async () => {
    const attachment = await work.deps.attachments.get(id);
    try {
      const { session } = await work.link.get(work.context.signal);
      return await eject(work, attachment, mediaOf(session));
    } catch (error) {
      if (!work.force || !(error instanceof MediabayError) || error.definition.fault !== "bmc") throw error;
      work.context.warn(`The BMC was not reached and may still hold the medium: ${error.message}`);
      return { slot: attachment.slot ?? null, found: "unknown" as const };
    }
  });

const eject = async (
  work: Work,
  attachment: AttachmentRecord,
  media: MediaDriver,
): Promise<Pick<Outcome, "slot" | "found">> => {
  const slot = await findSlot(work, attachment, media);
  if (slot === undefined) return { slot: attachment.slot ?? null, found: "empty" };
  const isShown = slot.state?.inserted === true;
  if (!isShown && attachment.observed?.unverified !== true) return { slot: slot.id, found: "empty" };
  if (!isOurs(work, attachment, slot)) {
    work.context.warn(`Slot ${slot.id} holds a medium that is not ours; it was left in.`);
    return { slot: slot.id, found: "foreign" };
  }
  await media.eject(slot.id);
  return { slot: slot.id, found: "ours" };
};

/** The recorded slot; where none was recorded, a slot that shows our URL. */
const findSlot = async (work: Work, attachment: AttachmentRecord, media: MediaDriver): Promise<Slot | undefined> => {
  if (attachment.slot !== undefined) return media.slot(attachment.slot);
  const url = work.deps.publications.find(attachment.id)?.url;
  if (url === undefined) return undefined;
  return (await media.slots({ fresh: true })).find((slot) => slot.state?.image === url);
};

/** A BMC that does not echo the URL is believed to hold what we put there. */
const isOurs = (work: Work, attachment: AttachmentRecord, slot: Slot): boolean => {
  const shown = slot.state?.image;
  if (shown === undefined) return true;
  const url = work.deps.publications.find(attachment.id)?.url;
  return url === undefined ? attachment.observed?.image === shown : shown === url;
};

const bootStep = async (work: Work, id: string): Promise<void> => {
  const { boot, mediaType } = await work.deps.attachments.get(id);
  if (boot === undefined || mediaType === undefined || boot.enabled === "Disabled") return;
  await work.context.step(`boot ${id}`, "End the boot override", async () => {
    try {
      const { session } = await work.link.get(work.context.signal);
      return { cleared: await clearBoot(session, mediaType) };
    } catch (error) {
      if (!(error instanceof MediabayError) || error.definition.fault !== "bmc") throw error;
      work.context.warn(`The boot override could not be ended: ${error.message}`);
      return { cleared: false };
    }
  });
};

const withdrawStep = (work: Work, id: string): Promise<Json> =>
  work.context.step(`withdraw ${id}`, "Withdraw the publication", async () => {
    const reads = await work.deps.publications.reads(id);
    await work.deps.attachments.update(id, { reads });
    await work.deps.publications.withdraw(id);
    return null;
  });

const releaseStep = (work: Work, id: string): Promise<Json> =>
  work.context.step(`release ${id}`, "Delete the stored bytes", async () => {
    await work.deps.images.release(id);
    return null;
  });

const recordStep = (work: Work, id: string, found: Pick<Outcome, "slot" | "found">): Promise<Json> =>
  work.context.step(`record ${id}`, "Record the detachment", async () => {
    // Who could not look must say so: the machine is visited for what may still be in there.
    const leftIn = found.found === "unknown" ? (found.slot ?? undefined) : undefined;
    const attachment = await work.deps.attachments.update(id, { state: "detached", observed: undefined, leftIn });
    await audit(work, attachment, "detach.done", { slot: found.slot, found: found.found });
    return null;
  });

const audit = async (work: Work, attachment: AttachmentRecord, action: string, detail: Json): Promise<void> => {
  const { operation } = work.context;
  await work.deps.auditLog.append({
    at: work.deps.clock.now(),
    actor: operation.createdBy,
    action,
    machineId: operation.machineId,
    machineName: operation.machineName,
    attachmentId: attachment.id,
    ...(attachment.digest === undefined ? {} : { digest: attachment.digest }),
    detail,
  });
};
