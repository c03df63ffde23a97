// Some BMCs drop a medium that nobody reads for a while. What is attached there is looked at twice as often, and put
// in again under the same URL.
import type { Medium, Slot } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { AttachmentRecord } from "../core/records.ts";
import { type Conversations, mediaOf } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";
import { allWith } from "./attachments.ts";
import { goRound } from "./watching/rounds.ts";

const roundMs = 30_000;
/** For one machine: its turn, its BMC, an insert. */
const perMachineMs = 10 * 60_000;

export interface Recheck {
  /** Looks at what is due now. @throws what the stores throw; a BMC's failure is logged and tried again later */
  round(signal: AbortSignal): Promise<void>;
}

export const createRecheck = (deps: GatewayDeps, conversations: Conversations): Recheck => {
  const notBefore = new Map<string, number>();
  return {
    round: async (signal) => {
      const due = await dueAttachments(deps, notBefore);
      await Promise.all(due.map((attachment) => lookAgain(deps, conversations, attachment, notBefore, signal)));
    },
  };
};

/** Goes round until the signal; never rejects. */
export const recheckUntil = (deps: GatewayDeps, recheck: Recheck, signal: AbortSignal): Promise<void> =>
  goRound(deps, "a look at attached media failed", roundMs, recheck, signal);

const pauseOf = ({ idleUnmountMs = 0 }: AttachmentRecord): number => idleUnmountMs / 2;

/** Neither seen nor read for half of the time that the BMC allows. */
const dueAttachments = async (
  deps: GatewayDeps,
  notBefore: ReadonlyMap<string, number>,
): Promise<readonly AttachmentRecord[]> => {
  const now = deps.clock.now();
  const due: AttachmentRecord[] = [];
  for (const attachment of await allWith(deps.attachments, { states: ["attached"], has: "idleUnmountMs" })) {
    if ((notBefore.get(attachment.id) ?? 0) > now) continue;
    const { lastReadAt = 0 } = await deps.publications.reads(attachment.id);
    if (now - Math.max(attachment.observedAt ?? 0, lastReadAt) >= pauseOf(attachment)) due.push(attachment);
  }
  return due;
};

const lookAgain = async (
  deps: GatewayDeps,
  conversations: Conversations,
  { id, machineId, machineName }: AttachmentRecord,
  notBefore: Map<string, number>,
  stopping: AbortSignal,
): Promise<void> => {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(perMachineMs)]);
  try {
    await conversations.converse(machineId, { signal }, async ({ session }) => {
      const attachment = await deps.attachments.get(id);
      const publication = deps.publications.find(id);
      if (attachment.state !== "attached" || attachment.slot === undefined || publication === undefined) return;
      const media = mediaOf(session);
      const slot = await media.slot(attachment.slot);
      if (slot.state?.inserted === true) return noteSeen(deps, attachment, slot);
      // By its terms it gets no more of it: there is nothing to put in again.
      if (publication.endedAt !== undefined) return;
      const observed = await media.insert(slot.id, mediumOf(deps, attachment, publication.url));
      await noteReinserted(deps, attachment, observed);
    });
    notBefore.delete(id);
  } catch (error) {
    if (stopping.aborted) return;
    const why = error instanceof MediabayError ? error.message : "unknown";
    const attachment = await deps.attachments.get(id);
    notBefore.set(id, deps.clock.now() + pauseOf(attachment) / 2);
    deps.log.warn({ machine: machineName, attachment: id, error: why }, "an attached medium could not be looked at");
  }
};

const mediumOf = (deps: GatewayDeps, { mediaType = "CD", sizeBytes = 0 }: AttachmentRecord, url: string): Medium => ({
  url,
  mediaType,
  sizeBytes,
  ...(url.startsWith("https:") && deps.imageCa !== undefined ? { ca: deps.imageCa } : {}),
});

const withWarning = ({ warnings }: AttachmentRecord, text: string): readonly string[] => [
  ...new Set([...warnings, text]),
];

/** Somebody else's medium stays where it is. */
const noteSeen = async (deps: GatewayDeps, attachment: AttachmentRecord, { id, state }: Slot): Promise<void> => {
  const { image } = state ?? {};
  const isForeign = image !== undefined && image !== attachment.observed?.image;
  await deps.attachments.update(attachment.id, {
    observedAt: deps.clock.now(),
    ...(isForeign ? { warnings: withWarning(attachment, `Slot ${id} holds another medium now.`) } : {}),
  });
};

const noteReinserted = async (
  deps: GatewayDeps,
  attachment: AttachmentRecord,
  observed: NonNullable<AttachmentRecord["observed"]>,
): Promise<void> => {
  const at = deps.clock.now();
  const warning = "The BMC dropped the medium because nobody read it; it was inserted again.";
  await deps.attachments.update(attachment.id, {
    observed,
    observedAt: at,
    warnings: withWarning(attachment, warning),
  });
  await deps.auditLog.append({
    at,
    actor: "mediabay",
    action: "media.reinserted",
    machineId: attachment.machineId,
    machineName: attachment.machineName,
    attachmentId: attachment.id,
    ...(attachment.digest === undefined ? {} : { digest: attachment.digest }),
    detail: { slot: attachment.slot ?? null },
  });
};
