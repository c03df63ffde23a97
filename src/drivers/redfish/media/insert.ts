// Puts a medium into a slot (VirtualMedia.InsertMedia, or PATCH where that is the only way) and proves that it is there.
import type { Medium, SlotState } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import { isReplyLost } from "../../../wire/errors.ts";
import type { Knowledge } from "../knowledge.ts";
import type { LearntSlot } from "../memory.ts";
import { insertParameters, type RedfishQuirks } from "../quirks.ts";
import { patch } from "../service/conditional.ts";
import { isOk, type Reply } from "../service/message.ts";
import { type Body, negotiate } from "../service/negotiate.ts";
import type { Service } from "../service/service.ts";
import { settle } from "../service/task.ts";
import { awaitState } from "./await-state.ts";
import { checkMedium, isExactly, showsMedium } from "./medium.ts";
import { isUrlCapable } from "./slot.ts";
import type { Seen, Slots } from "./slots.ts";

export interface MediaParts {
  readonly service: Service;
  readonly knowledge: Knowledge;
  readonly slots: Slots;
}

interface Way {
  readonly method: "POST" | "PATCH";
  readonly path: string;
}

/** A refusal on a path that was only remembered, kept in case the path turns out to be right. */
interface Refused {
  readonly path: string;
  readonly error: unknown;
}

/** @throws MediabayError SLOT_OCCUPIED, UNSUPPORTED_BY_BMC, BMC_INCONSISTENT, BMC_REJECTED and the transport codes */
export const insert = async (parts: MediaParts, slotId: string, medium: Medium): Promise<SlotState> => {
  let refused: Refused | undefined;
  return parts.knowledge.revalidating(async () => {
    checkMedium(medium, parts.service.quirks);
    const slot = await ready(parts, slotId);
    const before = parts.slots.seen(slotId);
    if (before !== undefined && isExactly(before.state, medium.url)) return before.state;
    refuseOccupied(slotId, before);
    const way = wayInto(slot, parts.service.quirks);
    if (refused?.path === way.path) throw refused.error;
    try {
      await submit(parts, slot, way, medium);
    } catch (error) {
      refused = { path: way.path, error };
      throw error;
    }
    return confirm(parts, slotId, medium);
  });
};

const confirm = async ({ service, slots }: MediaParts, slotId: string, medium: Medium): Promise<SlotState> => {
  const { clock, signal } = service.context;
  const { settleMs } = service.quirks.insert;
  if (settleMs > 0) await clock.sleep(settleMs, signal);
  const shows = (state: SlotState): boolean => showsMedium(state, medium.url, service.quirks);
  return awaitState(service, slots, { slotId, what: "the medium", shows });
};

/** Reads the slot first where what is known of it does not do. */
const ready = async ({ service, slots }: MediaParts, slotId: string): Promise<LearntSlot> => {
  const slot = await slots.find(slotId);
  const { method, checkFirst } = service.quirks.insert;
  const isKnown = slot.insertTarget !== undefined || slot.patch === true || method === "patch";
  return checkFirst || !isKnown ? (await slots.read(slotId)).slot : slot;
};

const refuseOccupied = (slotId: string, seen: Seen | undefined): void => {
  if (seen?.state.inserted !== true) return;
  const held = seen.state.image ?? seen.state.imageName ?? "a medium";
  throw new MediabayError("SLOT_OCCUPIED", `Slot ${slotId} holds ${held}.`, { protocol: "redfish", slot: slotId });
};

const wayInto = (slot: LearntSlot, quirks: RedfishQuirks): Way => {
  const { method } = quirks.insert;
  if (isUrlCapable(slot, quirks)) {
    if (method !== "patch" && slot.insertTarget !== undefined) return { method: "POST", path: slot.insertTarget };
    if (method !== "action" && (slot.patch === true || method === "patch")) {
      return { method: "PATCH", path: slot.path };
    }
  }
  throw new MediabayError("UNSUPPORTED_BY_BMC", `Slot ${slot.id} offers no way to insert a URL.`, {
    protocol: "redfish",
    slot: slot.id,
  });
};

/** Resolves when the medium was accepted, or is already seen to be in. */
const submit = async (parts: MediaParts, slot: LearntSlot, way: Way, medium: Medium): Promise<void> => {
  const { service, slots } = parts;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await settle(service, await request(parts, way, medium));
      return;
    } catch (error) {
      if (!(error instanceof MediabayError)) throw error;
      const isLost = isReplyLost(error);
      if (!isLost && !isTellingLittle(error)) throw error;
      const known = slots.seen(slot.id);
      const { state } = await slots.read(slot.id);
      if (isOurs(state, medium, known, service.quirks)) return;
      refuseOccupied(slot.id, slots.seen(slot.id));
      if (!isLost || attempt > 1) throw error;
      // It may still be at work on it: a repeat could only collide with itself.
      if (error.code === "BMC_TIMEOUT") return shownLate(parts, slot.id, medium, error);
    }
  }
};

/** Services have many ways to say that a slot is in use, and a 504 may come before the work is done; the slot itself says it plainly. */
const isTellingLittle = ({ code, context: { status } }: MediabayError): boolean =>
  code === "SLOT_OCCUPIED" ||
  ((code === "BMC_BUSY" || code === "BMC_REJECTED" || code === "BMC_TIMEOUT") &&
    status !== undefined &&
    status !== 404);

const shownLate = async (parts: MediaParts, slotId: string, medium: Medium, error: MediabayError): Promise<void> => {
  try {
    await confirm(parts, slotId, medium);
  } catch (late) {
    if (late instanceof MediabayError && late.code === "BMC_INCONSISTENT") throw error;
    throw late;
  }
};

/** A medium that is shown without its URL can only be ours where the slot was known to be empty. */
const isOurs = (state: SlotState, { url }: Medium, known: Seen | undefined, quirks: RedfishQuirks): boolean =>
  showsMedium(state, url, quirks) && (state.image !== undefined || known?.state.inserted === false);

const request = async ({ service, knowledge }: MediaParts, way: Way, medium: Medium): Promise<Reply> => {
  const extras = extrasFor(medium, service.quirks);
  const timeoutMs = service.quirks.http.insertTimeoutMs;
  const { reply, body } = await negotiate({
    send: (sent) =>
      way.method === "POST"
        ? service.send({ method: "POST", path: way.path, body: sent, timeoutMs })
        : patch(service, way.path, sent),
    body: firstBody(way, medium, extras, knowledge.learnt.insertParameters, service.quirks),
    extras,
    essential: ["Image"],
  });
  if (!isOk(reply)) throw service.refusal(reply);
  knowledge.update({ insertParameters: insertParameters.filter((name) => name in body) });
  return reply;
};

const extrasFor = ({ url }: Medium, { insert: { omit } }: RedfishQuirks): Body => {
  const values: Body = {
    TransferProtocolType: new URL(url).protocol.slice(0, -1).toUpperCase(),
    TransferMethod: "Stream",
    Inserted: true,
    WriteProtected: true,
  };
  return Object.fromEntries(Object.entries(values).filter(([name]) => omit.every((each) => each !== name)));
};

/** PATCH needs Inserted to have any effect with many; InsertMedia has it true by default (DSP0268 VirtualMedia). */
const firstBody = (
  { method }: Way,
  { url }: Medium,
  extras: Body,
  accepted: readonly string[] | undefined,
  { insert: { always } }: RedfishQuirks,
): Body => {
  const names = accepted ?? (method === "PATCH" ? ["Inserted"] : []);
  const sent = [...new Set([...names, ...always])].filter((name) => name in extras);
  return { Image: url, ...Object.fromEntries(sent.map((name) => [name, extras[name]])) };
};
