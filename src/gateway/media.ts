// The slots of a machine as they are now, and ejecting one by name.
import type { Slot } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { MediaView } from "../core/gateway.ts";
import type { OperationHandler } from "../core/ports.ts";
import { type Conversations, mediaOf } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";

export const readMedia = async (
  deps: GatewayDeps,
  conversations: Conversations,
  machineId: string,
  signal: AbortSignal,
): Promise<MediaView> => {
  const slots = await conversations.converse(machineId, { signal }, ({ session }) =>
    mediaOf(session).slots({ fresh: true }),
  );
  return { slots: slots.map((slot) => markOurs(deps, machineId, slot)) };
};

const markOurs = (deps: GatewayDeps, machineId: string, slot: Slot): Slot & { readonly attachmentId?: string } => {
  const shown = slot.state?.inserted === true ? slot.state.image : undefined;
  const ours = deps.publications
    .list()
    .find((publication) => publication.machineId === machineId && publication.url === shown);
  return ours === undefined ? slot : { ...slot, attachmentId: ours.attachmentId };
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
      return conversations.converse(context.operation.machineId, { signal }, async ({ session }) => {
        const media = mediaOf(session);
        const slot = markOurs(deps, context.operation.machineId, await media.slot(id));
        if (slot.state?.inserted !== true) return { slot: id, found: "empty" };
        if (slot.attachmentId !== undefined) {
          throw new MediabayError("SLOT_OCCUPIED", `Slot ${id} holds attachment ${slot.attachmentId}.`, {
            hint: `Use \`mediabay detach ${context.operation.machineName} ${slot.attachmentId}\`.`,
          });
        }
        if (!force)
          throw new MediabayError(
            "SLOT_OCCUPIED",
            `Slot ${id} holds a medium that is not ours: ${slot.state.image ?? "no URL shown"}.`,
          );
        await media.eject(id);
        return { slot: id, found: "foreign" };
      });
    });
