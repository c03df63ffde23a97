// The slots of a machine as they are now, and ejecting one by name.
import type { Json, MediaDriver } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { MediaView } from "../core/gateway.ts";
import type { OperationContext, OperationHandler } from "../core/ports.ts";
import type { AttachmentRecord, MachineRecord } from "../core/records.ts";
import { type Conversations, mediaOf } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";
import { leftBehind, nothingLeft, type Owned, withOwner } from "./own-media.ts";

export const readMedia = async (
  deps: GatewayDeps,
  conversations: Conversations,
  machineId: string,
  signal: AbortSignal,
): Promise<MediaView> => {
  const slots = await conversations.converse(machineId, { signal }, ({ session }) =>
    mediaOf(session).slots({ fresh: true }),
  );
  const machine = await deps.machines.get(machineId);
  const left = await leftBehind(deps, machineId);
  return { slots: slots.map((slot) => withOwner(deps, machine, slot, left)) };
};

/** The operation's input. */
export interface EjectInput {
  readonly slot: string;
  readonly force: boolean;
}

export const createEjectHandler =
  (deps: GatewayDeps, conversations: Conversations): OperationHandler =>
  (context) =>
    context.step("eject", "Eject the slot", async ({ signal }) =>
      conversations.converse(context.operation.machineId, { signal }, ({ session, machine }) =>
        eject(deps, context, machine, mediaOf(session)),
      ),
    );

const eject = async (
  deps: GatewayDeps,
  context: OperationContext,
  machine: MachineRecord,
  media: MediaDriver,
): Promise<Json> => {
  const { slot: id, force } = context.input as unknown as EjectInput;
  const left = await leftBehind(deps, machine.id);
  const slot = withOwner(deps, machine, await media.slot(id), left);
  const isFull = slot.state?.inserted === true;
  if (isFull) {
    refuseOthers(slot, machine, force);
    await media.eject(id);
    await audit(deps, context, slot, left);
  }
  // Whatever was left in that slot is gone.
  for (const { id: attachment, leftIn } of left)
    if (leftIn === id) await deps.attachments.update(attachment, nothingLeft);
  return { slot: id, found: isFull ? (slot.leftover === true ? "leftover" : "foreign") : "empty" };
};

/** @throws MediabayError SLOT_OCCUPIED */
const refuseOthers = (
  { id, state, attachmentId, leftover, alike }: Owned,
  { name }: MachineRecord,
  force: boolean,
): void => {
  if (attachmentId !== undefined)
    throw new MediabayError("SLOT_OCCUPIED", `Slot ${id} holds attachment ${attachmentId}.`, {
      hint: `Use \`mediabay detach ${name} ${attachmentId}\`.`,
    });
  if (force || leftover === true) return;
  const whose = alike === true ? "may be another gateway's" : "is not ours";
  throw new MediabayError(
    "SLOT_OCCUPIED",
    `Slot ${id} holds a medium that ${whose}: ${state?.image ?? "no URL shown"}.`,
    { hint: `\`mediabay media ${name} --eject ${id} --force\` takes it out.` },
  );
};

const audit = (
  { auditLog, clock }: GatewayDeps,
  { operation: { createdBy, machineId, machineName } }: OperationContext,
  { id: slot, state, leftover }: Owned,
  left: readonly AttachmentRecord[],
): Promise<void> => {
  const owner = leftover === true ? left.find(({ leftIn }) => leftIn === slot) : undefined;
  return auditLog.append({
    at: clock.now(),
    actor: createdBy,
    action: leftover === true ? "leftover.ejected" : "foreign.ejected",
    machineId,
    machineName,
    ...(owner === undefined ? {} : { attachmentId: owner.id }),
    detail: { slot, image: state?.image ?? null },
  });
};
