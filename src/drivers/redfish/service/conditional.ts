// PATCH with If-Match (DSP0266 "ETags") as BMCs take it: the entity tag that was seen, its other forms, none, and at last a fresh one.
import type { RedfishQuirks } from "../quirks.ts";
import type { Resource } from "../schema.ts";
import type { Reply, ServiceRequest } from "./message.ts";
import type { Service } from "./service.ts";

/** The entity tags that one resource was last seen with. */
export interface EntityTags {
  readonly header?: string;
  readonly body?: string;
}

type Rules = RedfishQuirks["http"];

const usable = (tag: unknown): tag is string => typeof tag === "string" && tag.replaceAll('"', "") !== "";

/** Empty ones do not count. `reply` is absent for a resource that came inside another. */
export const tagsOf = (body: Resource | undefined, reply: Pick<Reply, "headers"> | undefined): EntityTags => {
  const header = reply?.headers.etag;
  const inner = body?.["@odata.etag"];
  return { ...(usable(header) ? { header } : {}), ...(usable(inner) ? { body: inner } : {}) };
};

const choose = (use: Rules["etag"], { header, body }: EntityTags): string | undefined => {
  if (use === "none") return undefined;
  if (use === "star") return "*";
  if (use === "header") return header;
  return use === "body" ? body : (header ?? body);
};

/** A server that compresses marks its tags so, and does not know them again. */
const plain = (tag: string): string => tag.replace(/-gzip("?)$/, "$1");

const strong = (tag: string): string => tag.replace(/^W\//, "");

const unquoted = (tag: string): string => strong(tag).replaceAll('"', "");

const shape: Readonly<Record<Rules["etagForm"], (tag: string) => string>> = { asis: (tag) => tag, strong, unquoted };

/** What to try of a tag, in order. */
const formsOf = (tag: string | undefined, { etagForm, etagMaxLength }: Rules): readonly string[] => {
  if (tag === undefined || tag === "*") return tag === undefined ? [] : [tag];
  const forms = [shape[etagForm](plain(tag)), tag, plain(tag), strong(plain(tag))];
  return forms.filter((form) => etagMaxLength === undefined || Buffer.byteLength(form) <= etagMaxLength);
};

const wantsOther = ({ status }: Reply): boolean => status === 412 || status === 428;

export interface PatchOptions {
  /** Default `http.responseTimeoutMs`. */
  readonly timeoutMs?: number;
  readonly auth?: "basic";
  /** Never without If-Match: the tag is read first where none is known, and is `*` where there is none. */
  readonly always?: boolean;
}

/** Sends the PATCH, and again with another If-Match while it is that which is refused. */
export const patch = async (
  service: Service,
  path: string,
  body: Resource,
  { always = false, ...options }: PatchOptions = {},
): Promise<Reply> => {
  const request = { method: "PATCH", path, body, ...options } as const;
  const rules = service.quirks.http;
  const known = choose(rules.etag, service.tags.get(path) ?? {});
  const needsTag = always || service.needsTag;
  if (known !== undefined || !needsTag) {
    const other = always ? ["*"] : needsTag ? [] : [undefined];
    const reply = await tryTags(service, request, [...formsOf(known, rules), ...other]);
    if (!wantsOther(reply)) return reply;
    // Unless `always`, it was refused without If-Match, too.
    service.needsTag ||= !always;
  }
  return tryTags(service, request, [...(await freshForms(service, path)), "*"]);
};

const freshForms = async (service: Service, path: string): Promise<readonly string[]> => {
  const rules = service.quirks.http;
  const fresh = await service.get(path);
  return formsOf(choose(rules.etag === "none" ? "auto" : rules.etag, tagsOf(fresh.body, fresh)), rules);
};

const tryTags = async (
  service: Service,
  request: ServiceRequest,
  tags: readonly (string | undefined)[],
): Promise<Reply> => {
  const [first, ...others] = new Set(tags);
  const send = (tag: string | undefined): Promise<Reply> =>
    service.send({ ...request, ...(tag === undefined ? {} : { headers: { "if-match": tag } }) });
  let reply = await send(first);
  for (const tag of others) {
    if (!wantsOther(reply)) break;
    reply = await send(tag);
  }
  return reply;
};
