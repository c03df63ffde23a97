// /v1/machines: create, read, update, delete, list.
import { machine, pageOf } from "../schemas/records.ts";
import { flag, labelFilter, machineParams, pageFields } from "../schemas/query.ts";
import { machineChange, newMachine } from "../schemas/requests.ts";
import { z } from "zod";
import { route } from "../route.ts";
import type { Route } from "../route.ts";

const tag = "machines";

export const machineRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/machines",
    id: "listMachines",
    tag,
    summary: "List machines by name",
    access: "reader",
    query: z.strictObject({ ...pageFields, label: labelFilter }),
    outcomes: [{ status: 200, description: "A page of machines.", schema: pageOf(machine) }],
    handle: async ({ query: { label, ...page } }, { gateway }) => ({
      status: 200,
      body: await gateway.listMachines(page, label),
    }),
  }),
  route({
    method: "post",
    path: "/v1/machines",
    id: "createMachine",
    tag,
    summary: "Register a machine",
    description: "Its BMC is not contacted. Credentials are sealed and never answered.",
    access: "operator",
    body: newMachine,
    outcomes: [{ status: 201, description: "Registered.", schema: machine, location: true }],
    errors: ["MACHINE_EXISTS"],
    handle: async ({ body, options }, { gateway }) => {
      const created = await gateway.createMachine(body, options);
      return { status: 201, headers: { Location: `/v1/machines/${encodeURIComponent(created.id)}` }, body: created };
    },
  }),
  route({
    method: "get",
    path: "/v1/machines/{machine}",
    id: "getMachine",
    tag,
    summary: "Show a machine",
    access: "reader",
    params: machineParams,
    outcomes: [{ status: 200, description: "The machine.", schema: machine }],
    errors: ["MACHINE_NOT_FOUND"],
    handle: async ({ params }, { gateway }) => ({ status: 200, body: await gateway.getMachine(params.machine) }),
  }),
  route({
    method: "patch",
    path: "/v1/machines/{machine}",
    id: "updateMachine",
    tag,
    summary: "Change a machine",
    description: "What is absent stays. `labels` and `endpoints` replace all of theirs.",
    access: "operator",
    params: machineParams,
    body: machineChange,
    outcomes: [{ status: 200, description: "The machine as it is now.", schema: machine }],
    errors: ["MACHINE_NOT_FOUND", "MACHINE_EXISTS", "MACHINE_BUSY"],
    handle: async ({ params, body, options }, { gateway }) => ({
      status: 200,
      body: await gateway.updateMachine(params.machine, body, options),
    }),
  }),
  route({
    method: "delete",
    path: "/v1/machines/{machine}",
    id: "removeMachine",
    tag,
    summary: "Remove a machine",
    description:
      "Detach first by `DELETE /v1/machines/{machine}/attachments`. By `force` its BMC keeps what it holds, and our copy is withdrawn and wiped.",
    access: "operator",
    params: machineParams,
    query: z.strictObject({
      force: flag.describe("Also with a live attachment, or a slot that may still hold our medium."),
    }),
    outcomes: [{ status: 204, description: "Removed." }],
    errors: ["MACHINE_NOT_FOUND", "MACHINE_BUSY"],
    handle: async ({ params, query, options }, { gateway }) => {
      await gateway.removeMachine(params.machine, { ...options, force: query.force });
      return { status: 204 };
    },
  }),
];
