// PATCH with If-Match (DSP0266 "ETags") as BMCs take it: the entity tag that was seen, its strong form, none, and at last a fresh one.
import type { RedfishQuirks } from "../quirks.ts";
import type { Resource } from "../schema.ts";
import type { Reply } from "./message.ts";
import type { Service } from "./service.ts";

/** The entity tags that one resource was last seen with. */
export interface EntityTags {
  readonly header?: string;
  readonly body?: string;
}

const usable = (tag: unknown): tag is string => typeof tag === "string" && tag.replaceAll('"', "") !== "";

/** Empty ones do not count. `reply` is absent for a resource that came inside another. */
export const tagsOf = (body: Resource | undefined, reply: Pick<Reply, "headers"> | undefined): EntityTags => {
  const header = reply?.headers.etag;
  const inner = body?.["@odata.etag"];
  return { ...(usable(header) ? { header } : {}), ...(usable(inner) ? { body: inner } : {}) };
};

const choose = (use: RedfishQuirks["http"]["etag"], { header, body }: EntityTags): string | undefined => {
  if (use === "none") return undefined;
  if (use === "star") return "*";
  if (use === "header") return header;
  return use === "body" ? body : (header ?? body);
};

const strongForm = (tag: string | undefined): readonly string[] => (tag?.startsWith("W/") ? [tag.slice(2)] : []);

const wantsOther = ({ status }: Reply): boolean => status === 412 || status === 428;

/** Sends the PATCH, and again with another If-Match while it is that which is refused. */
export const patch = async (service: Service, path: string, body: Resource): Promise<Reply> => {
  const use = service.quirks.http.etag;
  const seen = choose(use, service.tags.get(path) ?? {});
  const reply = await tryTags(service, path, body, [seen, ...strongForm(seen), undefined]);
  if (!wantsOther(reply)) return reply;
  const fresh = await service.get(path);
  const tag = choose(use === "none" ? "auto" : use, tagsOf(fresh.body, fresh));
  return tryTags(service, path, body, [tag, ...strongForm(tag)]);
};

const tryTags = async (
  service: Service,
  path: string,
  body: Resource,
  tags: readonly (string | undefined)[],
): Promise<Reply> => {
  const [first, ...others] = new Set(tags);
  const send = (tag: string | undefined): Promise<Reply> =>
    service.send({ method: "PATCH", path, body, ...(tag === undefined ? {} : { headers: { "if-match": tag } }) });
  let reply = await send(first);
  for (const tag of others) {
    if (!wantsOther(reply)) break;
    reply = await send(tag);
  }
  return reply;
};
