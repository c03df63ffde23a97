// Reads a resource collection with its members: by one request where the service expands (DSP0266 "$expand"), else one by one.
import type { z } from "zod";
import { MediabayError } from "../../../core/errors.ts";
import type { RedfishQuirks } from "../quirks.ts";
import { collection, type Resource, type ServiceRoot } from "../schema.ts";
import { tagsOf } from "./conditional.ts";
import { isOk, type Reply } from "./message.ts";
import type { Service } from "./service.ts";

export type ExpandMode = "all" | "nolinks" | "none";

export interface Member {
  readonly path: string;
  readonly resource: Resource;
  /** The answer to its own GET; absent when it came inside the collection. */
  readonly reply?: Reply;
}

export interface ReadMembers {
  /** Paths worth reading first where members are read one by one. */
  readonly likely?: (path: string) => boolean;
  /** Enough has been read. */
  readonly until?: (member: Member) => boolean;
  /** Statuses of a member's own GET that only leave it out. */
  readonly skip?: readonly number[];
}

/** Collections may come in pages (`Members@odata.nextLink`); a service that never ends them is cut off here. */
const maxPages = 64;

/** What to ask of this service: its own word, unless a quirk knows better. */
export const expandModeOf = (root: ServiceRoot, quirk: RedfishQuirks["http"]["expand"]): ExpandMode => {
  if (quirk !== "auto") return quirk;
  const { ExpandAll, NoLinks } = root.ProtocolFeaturesSupported.ExpandQuery;
  return ExpandAll ? "all" : NoLinks ? "nolinks" : "none";
};

const symbols = { all: "*", nolinks: "." } as const;

const withExpand = (path: string, mode: "all" | "nolinks"): string =>
  `${path}${path.includes("?") ? "&" : "?"}$expand=${symbols[mode]}($levels=1)`;

/** A member that is nothing but a link. */
const isReference = (member: Resource): boolean => Object.keys(member).length <= 1;

interface Listed {
  readonly path: string;
  readonly resource: Resource;
}

/**
 * The members of a collection. A service that refuses or ignores $expand is asked without it from then on.
 * @throws MediabayError what `service.get` throws
 */
export const readMembers = async (
  service: Service,
  path: string,
  options: ReadMembers = {},
): Promise<readonly Member[]> => {
  const listed: Listed[] = [];
  let page: Resource | undefined = await readExpanded(service, path);
  for (let pages = 1; page !== undefined; pages += 1) {
    const { Members, "Members@odata.nextLink": next }: z.output<typeof collection> = collection.parse(page);
    listed.push(...Members.flatMap(toListed));
    page = next === undefined || pages >= maxPages ? undefined : (await service.get(next)).body;
  }
  if (listed.length > 0 && listed.every(({ resource }) => isReference(resource))) service.expand = "none";
  return complete(service, listed, options);
};

const toListed = (resource: z.output<typeof collection>["Members"][number]): readonly Listed[] => {
  const path = resource["@odata.id"];
  return path === undefined ? [] : [{ path, resource }];
};

const readExpanded = async (service: Service, path: string): Promise<Resource> => {
  if (service.expand !== "none") {
    const reply = await tryExpanded(service, withExpand(path, service.expand));
    if (reply?.body !== undefined && isOk(reply)) return reply.body;
    service.expand = "none";
  }
  return (await service.get(path)).body;
};

/** An expanded answer may also be more than the service, or our body limit, can bear. */
const tryExpanded = async (service: Service, path: string): Promise<Reply | undefined> => {
  try {
    return await service.send({ method: "GET", path });
  } catch (error) {
    if (error instanceof MediabayError && error.code === "BMC_MALFORMED") return undefined;
    throw error;
  }
};

const complete = async (
  service: Service,
  listed: readonly Listed[],
  { likely = () => false, until = () => false, skip = [] }: ReadMembers,
): Promise<readonly Member[]> => {
  const members: Member[] = [];
  for (const each of listed.toSorted((a, b) => Number(likely(b.path)) - Number(likely(a.path)))) {
    const member: Member | undefined = isReference(each.resource) ? await readMember(service, each.path, skip) : each;
    if (member === undefined) continue;
    members.push(member);
    service.tags.set(member.path, tagsOf(member.resource, member.reply));
    if (until(member)) break;
  }
  return members;
};

const readMember = async (service: Service, path: string, skip: readonly number[]): Promise<Member | undefined> => {
  const reply = await service.send({ method: "GET", path });
  if (skip.includes(reply.status)) return undefined;
  if (!isOk(reply) || reply.body === undefined) throw service.refusal(reply);
  return { path, resource: reply.body, reply };
};
