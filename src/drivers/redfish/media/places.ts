// Where the slots of the machine are: the VirtualMedia collections of the system and its managers, or what a profile guesses.
import type { Knowledge } from "../knowledge.ts";
import { virtualMedia } from "../schema.ts";
import { type Member, readMembers } from "../service/collection.ts";
import { isOk } from "../service/message.ts";
import type { Service } from "../service/service.ts";
import { fillText, type TemplateValues } from "../service/steps.ts";

/** A member with the id by which it is known from now on. */
export interface Place extends Member {
  readonly id: string;
}

/** Paths that templates may name. */
export const pathsOf = ({
  learnt: {
    systemPath,
    managerPaths: [manager],
  },
}: Knowledge): TemplateValues => ({
  system: systemPath,
  ...(manager === undefined ? {} : { manager }),
});

/** The first place with members; what the profile guesses, where none has any. */
export const readPlaces = async (service: Service, knowledge: Knowledge): Promise<readonly Place[]> => {
  for (const where of service.quirks.slots.where) {
    const members = await readCollections(service, knowledge, where);
    if (members.length > 0) return members.map((member, index) => ({ ...member, id: uniqueId(members, index) }));
  }
  return guess(service, knowledge);
};

export const readCollections = async (
  service: Service,
  { learnt: { media } }: Knowledge,
  where: "system" | "manager",
): Promise<readonly Member[]> => {
  const paths = where === "manager" ? media.managers : media.system === undefined ? [] : [media.system];
  const members: Member[] = [];
  const skip = service.quirks.slots.skipOnStatus;
  for (const path of paths) members.push(...(await readMembers(service, path, { skip })));
  return members;
};

const guess = async (service: Service, knowledge: Knowledge): Promise<readonly Place[]> => {
  const places: Place[] = [];
  for (const { path: template, id } of service.quirks.slots.guess) {
    const path = fillText(template, pathsOf(knowledge));
    const reply = await service.send({ method: "GET", path });
    if (!isOk(reply) || reply.body === undefined) continue;
    places.push({ path, resource: reply.body, reply, id: id ?? idOf({ path, resource: reply.body }) });
  }
  return places;
};

const lastSegment = (path: string): string => path.split("/").findLast((part) => part !== "") ?? path;

export const idOf = ({ path, resource }: Member): string => virtualMedia.parse(resource).Id ?? lastSegment(path);

/** Its Id; where collections of several managers repeat it, with the manager's segment in front. */
const uniqueId = (members: readonly Member[], index: number): string => {
  const member = members[index];
  if (member === undefined) throw new RangeError("no such member");
  const id = idOf(member);
  const isAlone = members.every((other) => other === member || idOf(other) !== id);
  return isAlone ? id : `${member.path.split("/").at(-3) ?? ""}/${id}`;
};
