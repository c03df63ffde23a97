// Virtual media over Redfish (DSP0268 VirtualMedia).
import type { MediaDriver, SlotState } from "../../core/driver.ts";
import type { Knowledge } from "./knowledge.ts";
import { eject } from "./media/eject.ts";
import { insert } from "./media/insert.ts";
import { toSlot } from "./media/slot.ts";
import { createSlots } from "./media/slots.ts";
import type { Service } from "./service/service.ts";

/** Undefined where neither the system nor its managers have virtual media. */
export const createMedia = (service: Service, knowledge: Knowledge): MediaDriver | undefined => {
  const { system, managers } = knowledge.learnt.media;
  if (system === undefined && managers.length === 0) return undefined;
  const slots = createSlots(service, knowledge);
  const parts = { service, knowledge, slots };
  const stateOf = (id: string): SlotState | undefined => slots.seen(id)?.state;

  return {
    get schemes() {
      return service.quirks.url.schemes;
    },
    slots: ({ fresh = false } = {}) =>
      knowledge.revalidating(async () =>
        (await slots.list(fresh)).map((slot) => toSlot(slot, stateOf(slot.id), service.quirks)),
      ),
    slot: (id) =>
      knowledge.revalidating(async () => {
        const { slot, state } = await slots.read(id);
        return toSlot(slot, state, service.quirks);
      }),
    insert: (slotId, medium) => insert(parts, slotId, medium),
    eject: (slotId) => eject(parts, slotId),
  };
};
