// Takes whatever a slot holds out of it (VirtualMedia.EjectMedia, PATCH, or a recipe) and sees it empty. An empty slot is success.
import type { SlotState } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import { isReplyLost } from "../../../wire/errors.ts";
import { actionOf } from "../errors.ts";
import type { LearntSlot } from "../memory.ts";
import type { RedfishQuirks } from "../quirks.ts";
import { patch } from "../service/conditional.ts";
import { isOk, type Reply } from "../service/message.ts";
import { negotiate } from "../service/negotiate.ts";
import { runSteps } from "../service/steps.ts";
import { settle } from "../service/task.ts";
import { awaitState } from "./await-state.ts";
import { type MediaParts, slotValues } from "./parts.ts";

/** @throws MediabayError UNSUPPORTED_BY_BMC, BMC_INCONSISTENT, BMC_REJECTED and the transport codes */
export const eject = async (parts: MediaParts, slotId: string): Promise<SlotState> =>
  parts.knowledge.revalidating(async () => {
    const { service, slots } = parts;
    const { eject: quirk, verify } = service.quirks;
    const slot = await slots.find(slotId);
    // What was seen may have changed since; before an eject is left out the slot is looked at once more.
    const isWayless = slot.ejectTarget === undefined && methodFor(slot, service.quirks) === "action";
    const isUnclear = isWayless || slots.seen(slotId)?.state.inserted === false;
    if (isUnclear && !verify.none) {
      const { state } = await slots.read(slotId);
      if (!state.inserted) return state;
    }
    await submit(parts, slotId);
    if (quirk.settleMs > 0) await service.context.clock.sleep(quirk.settleMs, service.context.signal);
    if (verify.none) return { inserted: false, unverified: true };
    return awaitState(service, slots, { slotId, what: "an empty slot", shows: ({ inserted }) => !inserted });
  });

/** Resolves when the eject was accepted, or the slot is seen to be empty. A refused eject of an empty slot is no failure. */
const submit = async (parts: MediaParts, slotId: string): Promise<void> => {
  const { service, slots } = parts;
  const { times, delayMs } = service.quirks.eject.retries;
  let isLostOnce = false;
  for (let repeated = 0; ; ) {
    try {
      return await requestEject(parts, await slots.find(slotId));
    } catch (error) {
      if (!(error instanceof MediabayError) || error.code === "CANCELLED") throw error;
      const isLost = isReplyLost(error);
      if (!isLost && error.context.status === undefined) throw error;
      // What it still shows is then stale: the look that follows waits for it.
      if (actionOf(error) === "nothing-inserted") return;
      const { state } = await slots.read(slotId);
      if (!state.inserted) return;
      if (isLost && isLostOnce) throw error;
      if (!isLost && (repeated >= times || !isWorthRepeating(error, service.quirks))) throw error;
      isLostOnce ||= isLost;
      if (isLost) continue;
      repeated += 1;
      await service.context.clock.sleep(delayMs, service.context.signal);
      // Somebody may have changed the medium meanwhile: whether that is to go too is for the caller to say.
      const { state: now } = await slots.read(slotId);
      if (!now.inserted) return;
      if (now.image !== state.image) throw error;
    }
  }
};

const isWorthRepeating = (error: MediabayError, { eject: { retries } }: RedfishQuirks): boolean =>
  actionOf(error) === "retry" || (error.context.status !== undefined && retries.on.includes(error.context.status));

/** Resolves when the BMC says that it is done. @throws MediabayError for a refusal, and UNSUPPORTED_BY_BMC where there is no way */
export const requestEject = async (parts: MediaParts, slot: LearntSlot): Promise<void> => {
  const { service } = parts;
  const { recipe = [], body } = service.quirks.eject;
  const method = methodFor(slot, service.quirks);
  if (method === "oem") return runSteps(service, recipe, slotValues(parts, slot));
  if (method === "patch") return accepted(service, await patchOut(service, slot.path));
  if (slot.ejectTarget !== undefined) {
    const sent = body === "object" ? { body: {} } : {};
    return accepted(service, await service.send({ method: "POST", path: slot.ejectTarget, ...sent }));
  }
  throw new MediabayError("UNSUPPORTED_BY_BMC", `Slot ${slot.id} offers no way to eject.`, {
    protocol: "redfish",
    slot: slot.id,
  });
};

/** A slot into which media are patched is patched empty, unless the profile says otherwise. */
export const methodFor = (
  slot: LearntSlot,
  { insert, eject: { method } }: RedfishQuirks,
): "action" | "patch" | "oem" => {
  if (method !== "auto") return method;
  if (insert.method === "patch") return "patch";
  return slot.ejectTarget === undefined && slot.patch === true ? "patch" : "action";
};

const accepted = async (service: MediaParts["service"], reply: Reply): Promise<void> => {
  if (!isOk(reply)) throw service.refusal(reply);
  await settle(service, reply);
};

const patchOut = async (service: MediaParts["service"], path: string): Promise<Reply> => {
  const { reply } = await negotiate({
    send: (body) => patch(service, path, body),
    body: service.quirks.eject.patch,
    extras: {},
    essential: ["Image"],
    rules: service.quirks.errors.list,
  });
  return reply;
};
