// The slots of a machine as they are now, and ejecting one by name.
import { MediabayError } from "../core/errors.ts";
import type { MediaView } from "../core/gateway.ts";
import type { OperationHandler } from "../core/ports.ts";
import { type Conversations, mediaOf } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";
import { withOwner } from "./own-media.ts";

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
  return { slots: slots.map((slot) => withOwner(deps, machine, slot)) };
};

/** The operation's input. */
export interface EjectInput {
  readonly slot: string;
  readonly force: boolean;
}

export const createEjectHandler =
  (deps: GatewayDeps, conversations: Conversations): OperationHandler =>
  (context) =>
    context.step("eject", "Eject the slot", async ({ signal }) => {
      const { slot: id, force } = context.input as unknown as EjectInput;
      return conversations.converse(context.operation.machineId, { signal }, async ({ session, machine }) => {
        const media = mediaOf(session);
        const slot = withOwner(deps, machine, await media.slot(id));
        if (slot.state?.inserted !== true) {
          await forgetLeft(deps, machine.id, id);
          return { slot: id, found: "empty" };
        }
        if (slot.attachmentId !== undefined) {
          throw new MediabayError("SLOT_OCCUPIED", `Slot ${id} holds attachment ${slot.attachmentId}.`, {
            hint: `Use \`mediabay detach ${context.operation.machineName} ${slot.attachmentId}\`.`,
          });
        }
        if (!force && slot.leftover !== true)
          throw new MediabayError(
            "SLOT_OCCUPIED",
            `Slot ${id} holds a medium that is not ours: ${slot.state.image ?? "no URL shown"}.`,
          );
        await media.eject(id);
        await forgetLeft(deps, machine.id, id);
        return { slot: id, found: slot.leftover === true ? "leftover" : "foreign" };
      });
    });

/** Whatever was left in that slot is gone. */
const forgetLeft = async ({ attachments }: GatewayDeps, machineId: string, slot: string): Promise<void> => {
  const { items } = await attachments.list({ limit: 1000 }, { machineId, has: "leftIn" });
  for (const { id, leftIn } of items) if (leftIn === slot) await attachments.update(id, { leftIn: undefined });
};
