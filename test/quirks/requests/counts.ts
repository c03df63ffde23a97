// What a stretch of a simulated BMC's request log holds, by kind.
import type { RequestRecord } from "../../../src/simulators/redfish/index.ts";
import type { MarkedEntry } from "../memory-stores.ts";

export interface Count {
  /** All but the other two. */
  readonly requests: number;
  /** That made the BMC ready for media. */
  readonly prepare: number;
  /** Looks at a task, and further looks at what did not show yet what it should. */
  readonly polls: number;
}

const isTask = (path: string): boolean => path.includes("/TaskService/");

/** Between two looks time passes; the same request twice at once is none. */
const isAgain = ({ path, at }: RequestRecord, before: RequestRecord | undefined): boolean =>
  before?.method === "GET" && before.path === path && before.at < at;

const isPoll = (request: RequestRecord, before: RequestRecord | undefined): boolean =>
  request.method === "GET" && (isTask(request.path) || isAgain(request, before));

/** The log and the audit entries of one attach. */
export const countRequests = (log: readonly RequestRecord[], audit: readonly MarkedEntry[]): Count => {
  const prepared = audit.find(({ action }) => action === "media.prepared");
  const prepare = Number(Object(prepared?.detail)["requests"] ?? 0);
  const rest = log.toSpliced((prepared?.requestsBefore ?? 0) - prepare, prepare);
  const polls = rest.filter((request, index) => isPoll(request, rest[index - 1])).length;
  return { requests: rest.length - polls, prepare, polls };
};

const bySuccess = ({ status }: RequestRecord): boolean => status < 400;

/** By which requests the medium went in, in the words of the support table. */
export const wayOf = (log: readonly RequestRecord[]): string => {
  const changes = log.filter(({ method }) => method !== "GET").filter(bySuccess);
  const [only] = changes;
  if (only === undefined || changes.length > 1) return `OEM recipe (${changes.map(({ method }) => method).join(", ")})`;
  if (only.method === "PATCH") return "PATCH";
  return only.path.endsWith("/VirtualMedia.InsertMedia") ? "InsertMedia" : "OEM action";
};
