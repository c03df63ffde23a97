// The slots of the machine and what was last seen of each in this session.
import type { SlotState } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import { changedShape, type Knowledge } from "../knowledge.ts";
import type { LearntSlot } from "../memory.ts";
import { virtualMedia } from "../schema.ts";
import type { Member } from "../service/collection.ts";
import type { Reply } from "../service/message.ts";
import type { Service } from "../service/service.ts";
import { idOf, readCollections, readPlaces } from "./places.ts";
import { stateOf, toLearntSlot } from "./slot.ts";

/** A slot read in this session. */
export interface Seen {
  readonly slot: LearntSlot;
  readonly state: SlotState;
}

export interface Slots {
  /** Without a request where they are known and `fresh` is not asked for. */
  list(fresh: boolean): Promise<readonly LearntSlot[]>;
  /** @throws MediabayError UNSUPPORTED_BY_BMC when there is none of that id */
  find(id: string): Promise<LearntSlot>;
  /** Reads it now. */
  read(id: string): Promise<Seen>;
  /** As last read in this session. */
  seen(id: string): Seen | undefined;
  /** Keeps what was learnt of a slot. */
  learn(id: string, change: Partial<LearntSlot>): void;
}

export const createSlots = (service: Service, knowledge: Knowledge): Slots => {
  const seen = new Map<string, Seen>();

  const look = (slot: LearntSlot, resource: Member["resource"], reply: Reply | undefined): Seen => {
    const { quirks } = service;
    const state = stateOf(resource, quirks.empty);
    const known = { id: slot.id, inserted: state.inserted, known: slot };
    const found = { slot: toLearntSlot(slot.path, resource, reply, known, quirks), state };
    seen.set(slot.id, found);
    return found;
  };

  const load = async (): Promise<readonly LearntSlot[]> => {
    const known = knowledge.learnt.slots ?? [];
    const places = await readPlaces(service, knowledge);
    seen.clear();
    const slots = places.map(({ path, id, resource, reply }) => {
      const before = known.find((slot) => slot.path === path) ?? { path, mediaTypes: [] };
      return look({ ...before, id }, resource, reply).slot;
    });
    await lookElsewhere(service, knowledge, seen);
    knowledge.update({ slots: inOrder(await askForPatch(service, slots), service.quirks.slots.order) });
    return knowledge.learnt.slots ?? [];
  };

  const list = async (fresh: boolean): Promise<readonly LearntSlot[]> => {
    const known = knowledge.learnt.slots;
    return known === undefined || fresh ? await load() : known;
  };

  const find = async (id: string): Promise<LearntSlot> => {
    const slots = await list(false);
    const slot = slots.find((each) => each.id === id);
    if (slot !== undefined) return slot;
    if (knowledge.remembered) throw changedShape(id);
    throw noSlot(id, slots, service.quirks.slots.noneHint);
  };

  const replace = (id: string, by: (slot: LearntSlot) => LearntSlot): void =>
    knowledge.update({ slots: (knowledge.learnt.slots ?? []).map((slot) => (slot.id === id ? by(slot) : slot)) });

  const read = async (id: string): Promise<Seen> => {
    const slot = await find(id);
    const reply = await service.get(slot.path);
    const found = look(slot, reply.body, reply);
    const isGuessed = service.quirks.slots.guess.some((guess) => guess.id === id);
    if (knowledge.remembered && !isSameShape(slot, found.slot, isGuessed ? {} : reply.body)) {
      throw changedShape(slot.path);
    }
    replace(id, () => found.slot);
    return found;
  };

  return {
    list,
    find,
    read,
    seen: (id) => seen.get(id),
    learn: (id, change) => replace(id, (slot) => ({ ...slot, ...change })),
  };
};

const isSameShape = (before: LearntSlot, now: LearntSlot, body: unknown): boolean => {
  const { Id } = virtualMedia.parse(body);
  const sameId = Id === undefined || before.id === Id || before.id.endsWith(`/${Id}`);
  return sameId && JSON.stringify(before.mediaTypes) === JSON.stringify(now.mediaTypes);
};

/** A medium that only the other view of a device shows is in it all the same. */
const lookElsewhere = async (service: Service, knowledge: Knowledge, seen: Map<string, Seen>): Promise<void> => {
  const { views } = service.quirks.slots;
  if (views === undefined) return;
  for (const member of await readCollections(service, knowledge, views.where)) {
    const state = stateOf(member.resource, service.quirks.empty);
    if (!state.inserted) continue;
    const shown = idOf(member);
    for (const [id, own] of seen) {
      if ((views.ids[id] ?? id) === shown && !own.state.inserted) seen.set(id, { ...own, state });
    }
  }
};

/** Those that `order` names come first. */
const inOrder = (slots: readonly LearntSlot[], order: readonly string[]): LearntSlot[] => {
  const rank = ({ id }: LearntSlot): number => (order.includes(id) ? order.indexOf(id) : order.length);
  return slots.toSorted((a, b) => rank(a) - rank(b));
};

/**
 * Where no slot has any action, PATCH may be the way; only a slot's own GET tells, by `Allow`. One is asked for all.
 */
const askForPatch = async (service: Service, slots: readonly LearntSlot[]): Promise<readonly LearntSlot[]> => {
  const unclear = slots.filter((slot) => slot.patch === undefined);
  const [first] = unclear;
  const hasActions = slots.some(
    ({ insertTarget, ejectTarget }) => insertTarget !== undefined || ejectTarget !== undefined,
  );
  if (first === undefined || hasActions || service.quirks.insert.method !== "auto") return slots;
  const { headers } = await service.get(first.path);
  const patch = /\bPATCH\b/i.test(headers.allow ?? "");
  return slots.map((slot) => (unclear.includes(slot) ? { ...slot, patch } : slot));
};

const noSlot = (id: string, slots: readonly LearntSlot[], hint: string | undefined): MediabayError => {
  const ids = slots.map((slot) => slot.id).join(", ");
  return new MediabayError("UNSUPPORTED_BY_BMC", `This BMC has no slot ${id}; it has ${ids === "" ? "none" : ids}.`, {
    protocol: "redfish",
    ...(ids === "" && hint !== undefined ? { hint } : {}),
  });
};
