// Reads of a Redfish service what matters for virtual media (DSP0266, DSP0268): links followed from the root, one GET at a time, bounded.
import { MediabayError } from "../core/errors.ts";
import type { RecordRequest } from "../core/ports.ts";
import { actionsIn, isObject, type JsonObject, linkOf, linksOf, objectAt, plainUri } from "./json.ts";
import type { Json } from "../core/driver.ts";

/** What a resource is to us: decides what is followed from it, and what of it is kept. */
export type Role =
  | "root"
  | "systems"
  | "system"
  | "settings"
  | "managers"
  | "manager"
  | "network"
  | "slots"
  | "slot"
  | "session-service"
  | "task-service"
  | "changing"
  | "action-info"
  | "oem";

export interface Crawled {
  /** As it was linked. */
  readonly uri: string;
  readonly role: Role;
  readonly body: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Crawl {
  readonly resources: readonly Crawled[];
  readonly notes: readonly string[];
}

/** More than any of the known families needs; a service that links on and on ends here. */
const mostResources = 300;
const mostTimeouts = 3;

const rootUri = "/redfish/v1/";

type Link = readonly [Role, string | undefined];

const each = (role: Role, uris: readonly string[]): readonly Link[] => uris.map((uri) => [role, uri] as const);

const actionInfos = (body: JsonObject): readonly Link[] =>
  actionsIn(body).map(({ body: action }) => {
    const info = action["@Redfish.ActionInfo"];
    return ["action-info", typeof info === "string" ? info : undefined] as const;
  });

/** Every link inside `Oem`, for what hangs beside the standard's slots. */
const oemLinks = (body: JsonObject): readonly Link[] => {
  const found: string[] = [];
  const look = (value: Json): void => {
    found.push(...[linkOf(value) ?? []].flat());
    if (Array.isArray(value)) value.forEach(look);
    else if (isObject(value)) Object.values(value).forEach(look);
  };
  look(body["Oem"] ?? null);
  return each("oem", found);
};

/** Members, and the next page of the collection itself. */
const members = (own: Role, member: Role, body: JsonObject): readonly Link[] => {
  const next = body["Members@odata.nextLink"];
  return [...each(member, linksOf(body["Members"])), [own, typeof next === "string" ? next : undefined]];
};

const follow: Readonly<Partial<Record<Role, (body: JsonObject) => readonly Link[]>>> = {
  root: (body) => [
    ["systems", linkOf(body["Systems"])],
    ["managers", linkOf(body["Managers"])],
    ["session-service", linkOf(body["SessionService"])],
    ["task-service", linkOf(body["Tasks"])],
    ["changing", linkOf(objectAt(body, "Links")["Sessions"])],
  ],
  systems: (body) => members("systems", "system", body),
  managers: (body) => members("managers", "manager", body),
  system: (body) => [
    ["slots", linkOf(body["VirtualMedia"])],
    ["settings", linkOf(objectAt(body, "@Redfish.Settings")["SettingsObject"])],
    ...each("manager", linksOf(objectAt(body, "Links")["ManagedBy"])),
    ...actionInfos(body),
  ],
  settings: actionInfos,
  manager: (body) => [
    ["slots", linkOf(body["VirtualMedia"])],
    ["slots", linkOf(objectAt(body, "Links")["VirtualMedia"])],
    ["slots", linkOf(objectAt(body, "Status")["VirtualMedia"])],
    ["network", linkOf(body["NetworkProtocol"])],
    ...each("system", linksOf(objectAt(body, "Links")["ManagerForServers"])),
    ...actionInfos(body),
  ],
  slots: (body) => [...members("slots", "slot", body), ...oemLinks(body)],
  slot: (body) => [...actionInfos(body), ...oemLinks(body)],
  "session-service": (body) => [["changing", linkOf(body["Sessions"])]],
  "task-service": (body) => [["changing", linkOf(body["Tasks"])]],
};

const isPassable = (error: unknown): error is MediabayError =>
  error instanceof MediabayError && (error.code === "BMC_TIMEOUT" || error.code === "BMC_MALFORMED");

interface Waiting {
  readonly role: Role;
  readonly uri: string;
}

/** What is to be read because of a resource, and was not seen before. */
const linked = ({ role: own, body }: Crawled, seen: Set<string>): readonly Waiting[] =>
  (follow[own]?.(body) ?? []).flatMap(([role, uri]) => {
    if (uri === undefined || uri.includes("#") || seen.has(plainUri(uri))) return [];
    seen.add(plainUri(uri));
    return [{ role, uri }];
  });

/** @throws MediabayError UNSUPPORTED_BY_BMC when there is no service root, and what `read` throws */
export const crawl = async ({ read, onProgress }: Pick<RecordRequest, "read" | "onProgress">): Promise<Crawl> => {
  const resources: Crawled[] = [];
  const notes: string[] = [];
  const seen = new Set<string>([rootUri.slice(0, -1)]);
  const waiting: Waiting[] = [{ role: "root", uri: rootUri }];
  let reads = 0;
  let timeouts = 0;

  const readOne = async (role: Role, uri: string): Promise<Crawled | undefined> => {
    try {
      const { status, headers, body } = await read(uri);
      if (status >= 200 && status < 300 && body !== undefined) return { uri, role, body, headers };
      notes.push(`${uri} answers ${status}${body === undefined ? " and no JSON object" : ""}.`);
    } catch (error) {
      if (!isPassable(error)) throw error;
      timeouts += Number(error.code === "BMC_TIMEOUT");
      if (timeouts >= mostTimeouts) throw error;
      notes.push(`${uri}: ${error.code}.`);
    }
    return undefined;
  };

  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (reads >= mostResources) {
      notes.push(`After ${mostResources} resources nothing more was read.`);
      break;
    }
    const found = await readOne(next.role, next.uri);
    reads += 1;
    if (found !== undefined) resources.push(found);
    if (found !== undefined) waiting.push(...linked(found, seen));
    onProgress?.(reads, waiting.length);
  }
  if (resources[0]?.role === "root") return { resources: joinPages(resources), notes };
  throw new MediabayError("UNSUPPORTED_BY_BMC", "There is no Redfish service to be recorded.");
};

/** Pages of a collection (`Members@odata.nextLink`) become one. */
const joinPages = (resources: readonly Crawled[]): readonly Crawled[] =>
  resources
    .filter(({ uri }) => !uri.includes("?"))
    .map((resource) => {
      const pages = resources.filter(({ uri, role }) => role === resource.role && uri.startsWith(`${resource.uri}?`));
      if (pages.length === 0) return resource;
      const { "Members@odata.nextLink": _next, ...body } = resource.body;
      const all = [resource, ...pages].flatMap((page) => linksOf(page.body["Members"]));
      return { ...resource, body: { ...body, Members: all.map((uri) => ({ "@odata.id": uri })) } };
    });
