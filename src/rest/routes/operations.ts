// /v1/operations and the event streams: look, cancel, follow.
import { z } from "zod";
import { operationStates } from "../../core/vocabulary.ts";
import { pageOfMachine } from "../machine-filter.ts";
import { answerCancelled, hasEnded } from "../prefer.ts";
import { route } from "../route.ts";
import type { RawCall, Route, Services } from "../route.ts";
import { idParams, machineFilter, oneOrMoreOf, pageFields } from "../schemas/query.ts";
import { operation, pageOf } from "../schemas/records.ts";
import { parseLastEventId, streamEvents } from "../sse.ts";

const tag = "operations";

const eventText = z
  .string()
  .describe(
    "`id:` is the event's sequence number, `event:` is `state`, `step`, `progress` or `warning`, " +
      "`data:` is `{operationId, at, data}`. `Last-Event-ID` resumes after that event; 0 begins with the first that is kept.",
  );
const streamOutcome = { status: 200, description: "Server-sent events.", schema: eventText, type: "text/event-stream" };

interface Followed {
  readonly operationId?: string;
  readonly after: number | undefined;
  readonly readEnd?: () => Promise<object | undefined>;
}

const follow = async (call: RawCall, { gateway, clock, streams }: Services, followed: Followed): Promise<undefined> => {
  const { operationId, ...rest } = followed;
  const leave = streams.enter();
  try {
    await streamEvents({
      response: call.response,
      clock,
      // HEAD asks for the headers only.
      signal: call.request.method === "HEAD" ? AbortSignal.abort() : call.signal,
      ...rest,
      read: (seq) => gateway.events(seq, operationId),
      subscribe: (listener) =>
        gateway.subscribe((event) => {
          if (operationId === undefined || event.operationId === operationId) listener(event);
        }),
    });
  } finally {
    leave();
  }
};

const streams: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/operations/{id}/events",
    id: "followOperation",
    tag,
    summary: "Follow an operation",
    description: "From its first event, until `event: end` once it has ended.",
    access: "reader",
    params: idParams,
    outcomes: [streamOutcome],
    errors: ["NOT_FOUND"],
    handle: async (call, services) => {
      const after = parseLastEventId(call.request.header("last-event-id")) ?? 0;
      const { id: operationId } = await services.gateway.getOperation(call.params.id);
      const readEnd = async (): Promise<object | undefined> => {
        const now = await services.gateway.getOperation(operationId);
        return hasEnded(now) ? { operationId, at: now.endedAt, data: { state: now.state } } : undefined;
      };
      return follow(call, services, { operationId, after, readEnd });
    },
  }),
  route({
    method: "get",
    path: "/v1/events",
    id: "followAll",
    tag,
    summary: "Follow all operations",
    description: "From now on; with `Last-Event-ID` from there on.",
    access: "reader",
    outcomes: [streamOutcome],
    handle: async (call, services) =>
      follow(call, services, { after: parseLastEventId(call.request.header("last-event-id")) }),
  }),
];

export const operationRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/operations",
    id: "listOperations",
    tag,
    summary: "List operations",
    access: "reader",
    query: z.strictObject({ ...pageFields, machine: machineFilter, state: oneOrMoreOf(operationStates) }),
    outcomes: [{ status: 200, description: "A page of operations.", schema: pageOf(operation) }],
    errors: ["MACHINE_NOT_FOUND"],
    handle: async ({ query: { machine, state, ...page } }, { gateway }) => ({
      status: 200,
      body: await pageOfMachine(gateway, machine, (machineId) =>
        gateway.listOperations(page, {
          ...(machineId !== undefined && { machineId }),
          ...(state && { states: state }),
        }),
      ),
    }),
  }),
  route({
    method: "get",
    path: "/v1/operations/{id}",
    id: "getOperation",
    tag,
    summary: "Show an operation",
    access: "reader",
    params: idParams,
    outcomes: [{ status: 200, description: "The operation.", schema: operation }],
    errors: ["NOT_FOUND"],
    handle: async ({ params }, { gateway }) => ({ status: 200, body: await gateway.getOperation(params.id) }),
  }),
  route({
    method: "post",
    path: "/v1/operations/{id}/cancel",
    id: "cancelOperation",
    tag,
    summary: "Cancel an operation",
    description: "What it has done is undone. One that has ended stays as it is.",
    access: "operator",
    accepts: true,
    params: idParams,
    outcomes: [
      { status: 202, description: "Cancelling.", schema: operation, location: true },
      { status: 200, description: "With `Prefer: wait=N`: it has ended.", schema: operation, location: true },
    ],
    errors: ["NOT_FOUND"],
    handle: async (call, services) =>
      answerCancelled(call, services, await services.gateway.cancelOperation(call.params.id, call.options)),
  }),
  ...streams,
];
