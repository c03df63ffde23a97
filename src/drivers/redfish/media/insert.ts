// Puts a medium into a slot and proves that it is there. A refusal is weighed by what the slot itself shows.
import type { Medium, SlotState } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import { isReplyLost } from "../../../wire/errors.ts";
import { actionOf } from "../errors.ts";
import type { LearntSlot } from "../memory.ts";
import type { RedfishQuirks } from "../quirks.ts";
import { awaitState } from "./await-state.ts";
import { beforeInsert, clear } from "./before-insert.ts";
import { requestInsert, type Way, wayInto } from "./insert-request.ts";
import { checkMedium, isExactly, showsMedium } from "./medium.ts";
import { declared } from "./parameters.ts";
import type { MediaParts } from "./parts.ts";
import type { Seen } from "./slots.ts";

/** A refusal on a path that was only remembered, kept in case the path turns out to be right. */
interface Refused {
  readonly path: string;
  readonly error: unknown;
}

/**
 * @throws MediabayError SLOT_OCCUPIED, UNSUPPORTED_BY_BMC, BMC_INCONSISTENT, BMC_REJECTED and the transport codes; with `nextSlot` in its
 * context where the slot says that it is none for this
 */
export const insert = async (parts: MediaParts, slotId: string, medium: Medium): Promise<SlotState> => {
  let refused: Refused | undefined;
  try {
    return await parts.knowledge.revalidating(async () => {
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
  } catch (error) {
    throw withNextSlot(error, parts.service.quirks);
  }
};

/** A bad request of a meaning of its own would meet the same fate in any slot. */
const withNextSlot = (error: unknown, { slots }: RedfishQuirks): unknown => {
  if (!(error instanceof MediabayError)) return error;
  const { status } = error.context;
  const skips = status !== undefined && slots.skipOnStatus.includes(status);
  const says = skips && (error.code === "BMC_REJECTED" || status === 404 || status === 405);
  if (actionOf(error) !== "next-slot" && !says) return error;
  return new MediabayError(error.code, error.message, { ...error.context, nextSlot: true }, { cause: error });
};

const confirm = async ({ service, slots }: MediaParts, slotId: string, medium: Medium): Promise<SlotState> => {
  const { clock, signal } = service.context;
  const { insert: quirk, verify } = service.quirks;
  if (quirk.settleMs > 0) await clock.sleep(quirk.settleMs, signal);
  if (verify.none) return { inserted: true, image: medium.url, unverified: true };
  const shows = (state: SlotState): boolean => showsMedium(state, medium.url, service.quirks);
  return awaitState(service, slots, { slotId, what: "the medium", shows });
};

/** Reads the slot first where what is known of it does not do. */
const ready = async (parts: MediaParts, slotId: string): Promise<LearntSlot> => {
  const { service, slots } = parts;
  const slot = await declared(parts, slotId);
  const { method, checkFirst, ejectFirst } = service.quirks.insert;
  const isKnown = slot.insertTarget !== undefined || slot.patch === true || method === "patch" || method === "oem";
  return checkFirst || ejectFirst || !isKnown ? (await slots.read(slotId)).slot : slot;
};

const refuseOccupied = (slotId: string, seen: Seen | undefined): void => {
  if (seen?.state.inserted !== true) return;
  const held = seen.state.image ?? seen.state.imageName ?? "a medium";
  throw new MediabayError("SLOT_OCCUPIED", `Slot ${slotId} holds ${held}.`, { protocol: "redfish", slot: slotId });
};

interface Tries {
  lost: boolean;
  cleared: boolean;
  repeated: number;
}

/** Resolves when the insert was accepted, or the slot is seen to hold the medium. */
const submit = async (parts: MediaParts, slot: LearntSlot, way: Way, medium: Medium): Promise<void> => {
  const tries: Tries = { lost: false, cleared: false, repeated: 0 };
  await beforeInsert(parts, slot, medium);
  for (;;) {
    try {
      return await requestInsert(parts, slot, way, medium);
    } catch (error) {
      if (!(error instanceof MediabayError) || error.code === "CANCELLED") throw error;
      if (!isReplyLost(error) && !isTellingLittle(error, parts.service.quirks)) throw error;
      const known = parts.slots.seen(slot.id);
      const { state } = await parts.slots.read(slot.id);
      if (isOurs(state, medium, known, parts.service.quirks)) return;
      refuseOccupied(slot.id, parts.slots.seen(slot.id));
      if (!(await mayRepeat(parts, slot, error, tries))) throw error;
      // It may still be at work on it: a repeat could only collide with itself.
      if (isReplyLost(error) && error.code === "BMC_TIMEOUT") return shownLate(parts, slot.id, medium, error);
    }
  }
};

/** The slot is seen to be empty. A lost request is sent once more, a refused one as its error says. */
const mayRepeat = async (parts: MediaParts, slot: LearntSlot, error: MediabayError, tries: Tries): Promise<boolean> => {
  const { clock, signal } = parts.service.context;
  const { times, delayMs } = parts.service.quirks.insert.retries;
  if (isReplyLost(error)) {
    const isFirst = !tries.lost;
    tries.lost = true;
    return isFirst;
  }
  if (actionOf(error) === "eject-then-retry" && !tries.cleared) {
    tries.cleared = true;
    await clear(parts, slot);
    return true;
  }
  if (!isWorthRepeating(error, parts.service.quirks) || tries.repeated >= times) return false;
  tries.repeated += 1;
  await clock.sleep(delayMs, signal);
  return true;
};

const isWorthRepeating = (error: MediabayError, { insert: { retries } }: RedfishQuirks): boolean =>
  actionOf(error) === "retry" || (error.context.status !== undefined && retries.on.includes(error.context.status));

/** Services have many ways to say that a slot is in use, and a 504 may come before the work is done; the slot itself says it plainly. */
const isTellingLittle = (error: MediabayError, quirks: RedfishQuirks): boolean => {
  const {
    code,
    context: { status },
  } = error;
  if (code === "SLOT_OCCUPIED" || isWorthRepeating(error, quirks)) return true;
  const action = actionOf(error);
  if (action === "eject-then-retry" || action === "already-inserted") return true;
  const isVague = code === "BMC_BUSY" || code === "BMC_REJECTED" || code === "BMC_TIMEOUT";
  return isVague && status !== undefined && status !== 404;
};

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
