// Takes whatever a slot holds out of it (VirtualMedia.EjectMedia, or PATCH) and sees it empty. An empty slot is success.
import type { SlotState } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import { isReplyLost } from "../../../wire/errors.ts";
import { patch } from "../service/conditional.ts";
import { isOk, type Reply } from "../service/message.ts";
import { type Body, negotiate } from "../service/negotiate.ts";
import { settle } from "../service/task.ts";
import { awaitState } from "./await-state.ts";
import type { MediaParts } from "./insert.ts";

/** @throws MediabayError UNSUPPORTED_BY_BMC, BMC_INCONSISTENT, BMC_REJECTED and the transport codes */
export const eject = async (parts: MediaParts, slotId: string): Promise<SlotState> =>
  parts.knowledge.revalidating(async () => {
    const { service, slots } = parts;
    const slot = await slots.find(slotId);
    // What was seen may have changed since; before an eject is left out the slot is looked at once more.
    const isUnclear = slots.seen(slotId)?.state.inserted === false || slot.ejectTarget === undefined;
    if (isUnclear) {
      const { state } = await slots.read(slotId);
      if (!state.inserted) return state;
    }
    await submit(parts, slotId);
    const { clock, signal } = service.context;
    const { settleMs } = service.quirks.eject;
    if (settleMs > 0) await clock.sleep(settleMs, signal);
    return awaitState(service, slots, { slotId, what: "an empty slot", shows: ({ inserted }) => !inserted });
  });

/** Resolves when the eject was accepted, or the slot is seen to be empty. A refused eject of an empty slot is no failure. */
const submit = async (parts: MediaParts, slotId: string): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await settle(parts.service, await request(parts, slotId));
      return;
    } catch (error) {
      if (!(error instanceof MediabayError) || error.code === "CANCELLED") throw error;
      const isLost = isReplyLost(error);
      if (!isLost && error.context.status === undefined) throw error;
      const { state } = await parts.slots.read(slotId);
      if (!state.inserted) return;
      if (!isLost || attempt > 1) throw error;
    }
  }
};

const request = async ({ service, slots }: MediaParts, slotId: string): Promise<Reply> => {
  const slot = await slots.find(slotId);
  const { body } = service.quirks.eject;
  if (slot.ejectTarget !== undefined && service.quirks.insert.method !== "patch") {
    const sent = body === "object" ? { body: {} } : {};
    return accepted(service, await service.send({ method: "POST", path: slot.ejectTarget, ...sent }));
  }
  if (slot.patch === true || service.quirks.insert.method === "patch") {
    return accepted(service, await patchOut(service, slot.path));
  }
  throw new MediabayError("UNSUPPORTED_BY_BMC", `Slot ${slotId} offers no way to eject.`, {
    protocol: "redfish",
    slot: slotId,
  });
};

const accepted = (service: MediaParts["service"], reply: Reply): Reply => {
  if (!isOk(reply)) throw service.refusal(reply);
  return reply;
};

const patchOut = async (service: MediaParts["service"], path: string): Promise<Reply> => {
  const send = (body: Body): Promise<Reply> => patch(service, path, body);
  const { reply } = await negotiate({ send, body: { Image: null, Inserted: false }, extras: {}, essential: ["Image"] });
  return reply;
};
