// The slots of the machine and what was last seen of each in this session.
import type { SlotState } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import { changedShape, type Knowledge } from "../knowledge.ts";
import type { LearntSlot } from "../memory.ts";
import { virtualMedia } from "../schema.ts";
import { type Member, readMembers } from "../service/collection.ts";
import type { Reply } from "../service/message.ts";
import type { Service } from "../service/service.ts";
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
}

/** Members that some services list but do not serve (redfish-quirks §6, `skipOnStatus`). */
const leftOut = [400, 404, 405];

export const createSlots = (service: Service, knowledge: Knowledge): Slots => {
  const seen = new Map<string, Seen>();

  const look = (slot: LearntSlot, resource: Member["resource"], reply: Reply | undefined): Seen => {
    const state = stateOf(resource, service.quirks.empty);
    const learnt = toLearntSlot(slot.path, resource, reply, { id: slot.id, inserted: state.inserted, known: slot });
    const found = { slot: learnt, state };
    seen.set(slot.id, found);
    return found;
  };

  const load = async (): Promise<readonly LearntSlot[]> => {
    const known = knowledge.learnt.slots ?? [];
    const members = await readPlaces(service, knowledge);
    seen.clear();
    const slots = members.map((member, index) => {
      const id = uniqueId(members, index);
      const before = known.find((slot) => slot.path === member.path);
      const slot = before ?? { id, path: member.path, mediaTypes: [] };
      return look({ ...slot, id }, member.resource, member.reply).slot;
    });
    knowledge.update({ slots: await askForPatch(service, slots) });
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
    throw noSlot(id, slots);
  };

  const read = async (id: string): Promise<Seen> => {
    const slot = await find(id);
    const reply = await service.get(slot.path);
    const found = look(slot, reply.body, reply);
    if (knowledge.remembered && !isSameShape(slot, found.slot, reply.body)) throw changedShape(slot.path);
    const slots = (knowledge.learnt.slots ?? []).map((each) => (each.id === id ? found.slot : each));
    knowledge.update({ slots });
    return found;
  };

  return {
    list,
    find,
    read,
    seen: (id) => seen.get(id),
  };
};

const isSameShape = (before: LearntSlot, now: LearntSlot, body: unknown): boolean => {
  const { Id } = virtualMedia.parse(body);
  const sameId = Id === undefined || before.id === Id || before.id.endsWith(`/${Id}`);
  return sameId && JSON.stringify(before.mediaTypes) === JSON.stringify(now.mediaTypes);
};

/** The first place with members; the last one read, and empty, where none has any. */
const readPlaces = async (service: Service, knowledge: Knowledge): Promise<readonly Member[]> => {
  const { media } = knowledge.learnt;
  const places = { system: media.system === undefined ? [] : [media.system], manager: media.managers };
  for (const place of service.quirks.slots.where) {
    const members: Member[] = [];
    for (const path of places[place]) members.push(...(await readMembers(service, path, { skip: leftOut })));
    if (members.length > 0) return members;
  }
  return [];
};

const lastSegment = (path: string): string => path.split("/").findLast((part) => part !== "") ?? path;

/** Its Id; where collections of several managers repeat it, with the manager's segment in front. */
const uniqueId = (members: readonly Member[], index: number): string => {
  const idOf = ({ path, resource }: Member): string => virtualMedia.parse(resource).Id ?? lastSegment(path);
  const member = members[index];
  if (member === undefined) throw new RangeError("no such member");
  const id = idOf(member);
  const isAlone = members.every((other) => other === member || idOf(other) !== id);
  return isAlone ? id : `${member.path.split("/").at(-3) ?? ""}/${id}`;
};

/**
 * Where no slot has any action, PATCH may be the way (redfish-quirks §8); only a slot's own GET tells, by `Allow`. One is asked for all.
 */
const askForPatch = async (service: Service, slots: readonly LearntSlot[]): Promise<LearntSlot[]> => {
  const unclear = slots.filter((slot) => slot.patch === undefined);
  const [first] = unclear;
  const hasActions = slots.some(
    ({ insertTarget, ejectTarget }) => insertTarget !== undefined || ejectTarget !== undefined,
  );
  if (first === undefined || hasActions || service.quirks.insert.method !== "auto") return [...slots];
  const { headers } = await service.get(first.path);
  const patch = /\bPATCH\b/i.test(headers.allow ?? "");
  return slots.map((slot) => (unclear.includes(slot) ? { ...slot, patch } : slot));
};

const noSlot = (id: string, slots: readonly LearntSlot[]): MediabayError => {
  const ids = slots.map((slot) => slot.id).join(", ");
  return new MediabayError("UNSUPPORTED_BY_BMC", `This BMC has no slot ${id}; it has ${ids === "" ? "none" : ids}.`, {
    protocol: "redfish",
  });
};
