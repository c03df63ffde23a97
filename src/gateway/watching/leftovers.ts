// Media of ours that nobody could take out: after a detach that did not reach the BMC, or an attach that could not be undone. Their machines
// are visited until the slot is seen to hold ours no more.
import type { MediaDriver, Slot } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { AttachmentRecord, MachineRecord } from "../../core/records.ts";
import { type Conversations, mediaOf } from "../connect.ts";
import type { GatewayDeps } from "../deps.ts";
import { nothingLeft, type Owned, withOwner } from "../own-media.ts";
import { addWarning, allWith } from "../attachments.ts";
import { goRound } from "./rounds.ts";

const roundMs = 60_000;
const firstDelayMs = 5 * 60_000;
const longestDelayMs = 6 * 60 * 60_000;
/** For one machine: its turn, its BMC, an eject. */
const perMachineMs = 2 * 60_000;

type Deps = Pick<GatewayDeps, "attachments" | "auditLog" | "clock" | "log" | "machines" | "publications">;

export interface LeftoverWatch {
  /** Visits the machines that are due. @throws what the stores throw; a BMC's failure is logged and tried again later */
  round(signal: AbortSignal): Promise<void>;
}

interface Visits {
  readonly notBefore: number;
  readonly failures: number;
}

export const createLeftoverWatch = (deps: Deps, conversations: Conversations): LeftoverWatch => {
  const visits = new Map<string, Visits>();
  return {
    round: async (signal) => {
      const left = await allWith(deps.attachments, { states: ["detached", "failed"], has: "leftIn" });
      const machines = Map.groupBy(left, ({ machineId }) => machineId);
      for (const id of visits.keys()) if (!machines.has(id)) visits.delete(id);
      const due = [...machines].filter(([id]) => (visits.get(id)?.notBefore ?? 0) <= deps.clock.now());
      await Promise.all(
        due.map(async ([id, attachments]) => {
          const failures = (visits.get(id)?.failures ?? 0) + 1;
          const waitMs = Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs);
          visits.set(id, { failures, notBefore: deps.clock.now() + waitMs });
          await visit(deps, conversations, id, attachments, signal);
        }),
      );
    },
  };
};

/** At once, and then until the signal; never rejects. */
export const watchLeftovers = async (deps: Deps, watch: LeftoverWatch, signal: AbortSignal): Promise<void> => {
  const failed = "a look at what was left in BMCs failed";
  const [first] = await Promise.allSettled([watch.round(signal)]);
  if (first?.status === "rejected" && !signal.aborted) deps.log.warn({ error: first.reason as unknown }, failed);
  await goRound(deps, failed, roundMs, watch, signal);
};

const visit = async (
  deps: Deps,
  conversations: Conversations,
  machineId: string,
  attachments: readonly AttachmentRecord[],
  stopping: AbortSignal,
): Promise<void> => {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(perMachineMs)]);
  try {
    await conversations.converse(machineId, { signal }, async ({ session, machine }) => {
      const media = mediaOf(session);
      const slots = (await media.slots({ fresh: true })).map((slot) => withOwner(deps, machine, slot, attachments));
      for (const slot of slots) if (slot.leftover === true) await eject(deps, media, machine, slot, attachments);
      for (const attachment of attachments) await forget(deps, attachment, machine, slots);
    });
  } catch (error) {
    if (stopping.aborted) return;
    if (error instanceof MediabayError && error.code === "MACHINE_NOT_FOUND") {
      for (const { id } of attachments) await deps.attachments.update(id, nothingLeft);
      return;
    }
    const why = error instanceof MediabayError ? error.message : "unknown";
    deps.log.warn({ machine: machineId, error: why }, "what may have been left in a BMC could not be looked at");
  }
};

const eject = async (
  deps: Deps,
  media: MediaDriver,
  machine: MachineRecord,
  { id: slot }: Slot,
  attachments: readonly AttachmentRecord[],
): Promise<void> => {
  await media.eject(slot);
  deps.log.warn({ machine: machine.name, slot }, "ejected a medium of ours that was left in");
  const owner = attachments.find(({ leftIn }) => leftIn === slot) ?? attachments[0];
  await deps.auditLog.append({
    at: deps.clock.now(),
    actor: "mediabay",
    action: "leftover.ejected",
    machineId: machine.id,
    machineName: machine.name,
    ...(owner === undefined ? {} : { attachmentId: owner.id }),
    detail: { slot },
  });
};

/**
 * A slot that is full and shows no URL, or one that looks like ours, may hold ours or not: that is not for us to decide, and it stays
 * remembered.
 */
const forget = async (
  deps: Deps,
  { id, leftIn }: AttachmentRecord,
  machine: MachineRecord,
  slots: readonly Owned[],
): Promise<void> => {
  const slot = slots.find((each) => each.id === leftIn);
  if (slot?.state?.inserted === true && slot.state.image === undefined) return;
  if (slot?.alike !== true) {
    await deps.attachments.update(id, nothingLeft);
    return;
  }
  const eject = `\`mediabay media ${machine.name} --eject ${slot.id} --force\``;
  const text = `Slot ${slot.id} shows a URL like ours under an address that is not ours: it was left in. If it is ours, ${eject} takes it out.`;
  deps.log.warn({ machine: machine.name, attachment: id, slot: slot.id }, "a medium that may be ours was left in");
  await addWarning(deps, id, text);
};
