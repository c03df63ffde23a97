// Detach: out of the slot, off the image plane, off the disk. What is not ours stays where it is.
import type { Json, MediaDriver, Slot } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { OperationContext, OperationHandler } from "../core/ports.ts";
import type { AttachmentRecord, MachineRecord } from "../core/records.ts";
import { clearBoot } from "./boot.ts";
import { type Conversations, type Link, mediaOf } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";
import { leftAt, leftBehind, nothingLeft, withOwner } from "./own-media.ts";

/** The operation's input. */
export interface DetachInput {
  readonly attachments: readonly string[];
  readonly force: boolean;
  /** By a rule: only the medium that was judged, which was confirmed then; null where nobody knows when. */
  readonly attachedAt?: number | null;
}

interface Work {
  readonly deps: GatewayDeps;
  readonly context: OperationContext;
  readonly link: Link;
  readonly force: boolean;
  readonly attachedAt?: number | null;
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
  { attachments, ...input }: DetachInput,
): Promise<readonly Json[]> => {
  const loginSince = context.resumed ? context.operation.startedAt : undefined;
  const link = conversations.link(context.operation.machineId, loginSince === undefined ? {} : { loginSince });
  const work: Work = { deps, context, link, ...input };
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

/**
 * Null when the attachment has been detached already, or has got another medium than the one that a rule judged. The undo gives the attachment
 * its former state back.
 */
const beginStep = (work: Work, id: string): Promise<{ readonly state: string } | null> =>
  work.context.step(
    `begin ${id}`,
    "Begin",
    async () => {
      const attachment = await work.deps.attachments.get(id);
      if (attachment.state === "detached" || isReplaced(work, attachment)) return null;
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

const isReplaced = ({ context, attachedAt: judged }: Work, { attachedAt }: AttachmentRecord): boolean => {
  if (judged === undefined || judged === (attachedAt ?? null)) return false;
  context.warn("The medium that was to be detached by its rule was replaced meanwhile: the new one stays in.");
  return true;
};

type Found = Pick<Outcome, "slot" | "found"> & { readonly left?: ReturnType<typeof leftAt> };

/** The machine is visited for what may still be in there. */
const unknown = ({ deps }: Work, { id, slot }: AttachmentRecord): Found => ({
  slot: slot ?? null,
  found: "unknown",
  ...(slot === undefined ? {} : { left: leftAt(slot, deps.publications.find(id)?.url) }),
});

/** What is out stays out: where a later step fails, the rest of the detach is done instead of undone. */
const ejectStep = (work: Work, id: string): Promise<Found> =>
  work.context.step(
    `eject ${id}`,
    "Eject from the BMC",
    async () => {
      const attachment = await work.deps.attachments.get(id);
      try {
        const { session, machine } = await work.link.get(work.context.signal);
        return await eject(work, attachment, machine, mediaOf(session));
      } catch (error) {
        if (!work.force || !(error instanceof MediabayError) || error.definition.fault !== "bmc") throw error;
        work.context.warn(`The BMC was not reached and may still hold the medium: ${error.message}`);
        return unknown(work, attachment);
      }
    },
    async (found) => {
      if (found !== undefined) await finish(work, id, found);
    },
  );

/** The record first: it must not say `attached`, whatever else cannot be done. */
const finish = async (work: Work, id: string, found: Found): Promise<void> => {
  const { attachments, images, publications } = work.deps;
  const isPublished = publications.find(id) !== undefined;
  if (found.found === "unknown" && isPublished) return;
  if ((await attachments.get(id)).state === "detaching") await record(work, id, found);
  if (isPublished) await withdraw(work, id);
  await images.release(id);
};

const eject = async (
  work: Work,
  attachment: AttachmentRecord,
  machine: MachineRecord,
  media: MediaDriver,
): Promise<Found> => {
  const slot = await findSlot(work, attachment, media);
  if (slot === undefined) return { slot: attachment.slot ?? null, found: "empty" };
  const isShown = slot.state?.inserted === true;
  if (!isShown && attachment.observed?.unverified !== true) return { slot: slot.id, found: "empty" };
  if (!(await isOurs(work, attachment, machine, slot))) {
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

/** A BMC that does not echo the URL is believed to hold what we put there. What a replacement left in is ours too. */
const isOurs = async (
  work: Work,
  attachment: AttachmentRecord,
  machine: MachineRecord,
  slot: Slot,
): Promise<boolean> => {
  const shown = slot.state?.image;
  if (shown === undefined) return true;
  const url = work.deps.publications.find(attachment.id)?.url;
  const isItsOwn = url === undefined ? attachment.observed?.image === shown : shown === url;
  return isItsOwn || withOwner(work.deps, machine, slot, await leftBehind(work.deps, machine.id)).leftover === true;
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
    await withdraw(work, id);
    return null;
  });

const withdraw = async ({ deps }: Work, id: string): Promise<void> => {
  const reads = await deps.publications.reads(id);
  await deps.attachments.update(id, { reads });
  await deps.publications.withdraw(id);
};

/** Nothing is served of them any more: what holds their deletion up is no reason to fail. It is caught up on at the latest at the next start. */
const releaseStep = async (work: Work, id: string): Promise<void> => {
  try {
    await work.context.step(`release ${id}`, "Delete the stored bytes", async () => {
      await work.deps.images.release(id);
      return null;
    });
  } catch (error) {
    if (work.context.signal.aborted || !(error instanceof MediabayError)) throw error;
    work.context.warn(`The stored bytes could not be deleted yet: ${error.message}`);
  }
};

const recordStep = (work: Work, id: string, found: Found): Promise<Json> =>
  work.context.step(`record ${id}`, "Record the detachment", async () => {
    await record(work, id, found);
    return null;
  });

const record = async (work: Work, id: string, { slot, found, left }: Found): Promise<void> => {
  const change = { state: "detached", observed: undefined, ...nothingLeft, ...left } as const;
  const attachment = await work.deps.attachments.update(id, change);
  await audit(work, attachment, "detach.done", { slot, found });
};

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
