// Virtual media over Redfish (DSP0268 VirtualMedia).
import type { MediaDriver, Medium, SlotState } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { MediaRules } from "../../core/media.ts";
import type { Knowledge } from "./knowledge.ts";
import { present } from "./memory.ts";
import { eject } from "./media/eject.ts";
import { insert } from "./media/insert.ts";
import { urlRulesOf } from "./media/parameters.ts";
import type { MediaParts } from "./media/parts.ts";
import { planInsert } from "./media/plan.ts";
import { forgetPrepared, preparation, prepare } from "./media/prepare.ts";
import { toSlot } from "./media/slot.ts";
import { createSlots } from "./media/slots.ts";
import type { RedfishQuirks } from "./quirks.ts";
import type { Recover } from "./recovery.ts";
import type { Service } from "./service/service.ts";

/** Undefined where neither the system nor its managers have virtual media, and the profile guesses none. */
export const createMedia = (service: Service, knowledge: Knowledge, recover: Recover): MediaDriver | undefined => {
  const { system, managers } = knowledge.learnt.media;
  const isGuessed = service.quirks.slots.guess.length > 0;
  if (system === undefined && managers.length === 0 && !isGuessed) return undefined;
  const slots = createSlots(service, knowledge);
  const parts = { service, knowledge, slots };
  const stateOf = (id: string): SlotState | undefined => slots.seen(id)?.state;
  const insertOrNext = createInsert(parts);
  const reread = async (): Promise<void> => void (await slots.list(true));

  return {
    get rules() {
      return rulesOf(service.quirks);
    },
    urlRules: (slotId) => knowledge.revalidating(() => urlRulesOf(parts, slotId)),
    prepare: ({ again = false } = {}) => prepare(service, knowledge, again),
    preparation: () => knowledge.revalidating(() => preparation(service, knowledge)),
    plan: (slotId, medium) => knowledge.revalidating(() => planInsert(parts, slotId, medium)),
    slots: ({ fresh = false } = {}) =>
      knowledge.revalidating(async () =>
        (await slots.list(fresh)).map((slot) => toSlot(slot, stateOf(slot.id), service.quirks)),
      ),
    slot: (id) =>
      knowledge.revalidating(async () => {
        const { slot, state } = await slots.read(id);
        return toSlot(slot, state, service.quirks);
      }),
    insert: (slotId, medium) => recover(() => insertOrNext(slotId, medium), reread),
    eject: (slotId) => recover(() => eject(parts, slotId), reread),
  };
};

const rulesOf = ({ slots, limits, url }: RedfishQuirks): MediaRules =>
  present({
    maxConcurrent: slots.maxConcurrent,
    idleUnmountMs: limits.idleUnmountMs,
    extensions: url.extensions,
    maxImageBytes: limits.maxImageBytes,
    noneHint: slots.noneHint,
  });

/** A slot that refused what another slot then took is not tried again; nor is a preparation trusted that led to a refusal. */
const createInsert = (parts: MediaParts): MediaDriver["insert"] => {
  const turnedDown = new Map<string, string>();
  return async (slotId: string, medium: Medium) => {
    try {
      const state = await insert(parts, slotId, medium);
      for (const [id] of [...turnedDown].filter(([, url]) => url === medium.url)) {
        parts.slots.learn(id, { refuses: true });
      }
      return state;
    } catch (error) {
      if (error instanceof MediabayError && error.context["nextSlot"] === true) turnedDown.set(slotId, medium.url);
      forgetPrepared(parts.knowledge);
      throw error;
    }
  };
};
