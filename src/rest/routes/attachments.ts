// /v1/machines/{machine}/attachments and /v1/attachments: attach, detach, look.
import { z } from "zod";
import type { AttachmentFilter } from "../../core/ports.ts";
import { attachmentStates } from "../../core/vocabulary.ts";
import { sourceBodyLimitBytes } from "../body.ts";
import { pageOfMachine } from "../machine-filter.ts";
import { answerAccepted } from "../prefer.ts";
import { route } from "../route.ts";
import type { Route } from "../route.ts";
import { acceptedErrors, acceptedOutcomes, sourceErrors } from "../schemas/outcomes.ts";
import { flag, idParams, machineFilter, machineParams, oneOrMoreOf, pageFields } from "../schemas/query.ts";
import { attachment, pageOf } from "../schemas/records.ts";
import { attachBody, replaceBody } from "../schemas/requests.ts";

const tag = "attachments";
const states = oneOrMoreOf(attachmentStates);
const leftIn = flag.describe("Only those whose medium the BMC may still hold.");
const hasOf = (left: boolean): Pick<AttachmentFilter, "has"> => (left ? { has: "leftIn" } : {});
const pageOutcomes = [{ status: 200, description: "A page of attachments.", schema: pageOf(attachment) }];
const forceQuery = z.strictObject({
  force: flag.describe("Withdraw and wipe even if the BMC cannot be reached."),
});

const ofMachine: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/machines/{machine}/attachments",
    id: "listMachineAttachments",
    tag,
    summary: "List a machine's attachments",
    access: "reader",
    params: machineParams,
    query: z.strictObject({ ...pageFields, state: states, leftIn }),
    outcomes: pageOutcomes,
    errors: ["MACHINE_NOT_FOUND"],
    handle: async ({ params, query: { state, leftIn: left, ...page } }, { gateway }) => {
      const machineId = (await gateway.getMachine(params.machine)).id;
      const filter = { machineId, ...(state && { states: state }), ...hasOf(left) };
      return { status: 200, body: await gateway.listAttachments(page, filter) };
    },
  }),
  route({
    method: "post",
    path: "/v1/machines/{machine}/attachments",
    id: "attach",
    tag,
    summary: "Attach an image to a machine",
    access: "operator",
    accepts: true,
    params: machineParams,
    body: attachBody,
    bodyLimitBytes: sourceBodyLimitBytes,
    admit: ({ machine }, { gateway }) => gateway.getMachine(machine),
    outcomes: acceptedOutcomes,
    errors: [
      ...acceptedErrors,
      ...sourceErrors,
      "ALREADY_ATTACHED",
      "SLOT_OCCUPIED",
      "IMAGE_DOES_NOT_FIT",
      "AGENT_MAY_RUN",
    ],
    handle: async (call, services) => {
      const { deadlineMs, ...request } = call.body;
      const options = { ...call.options, ...(deadlineMs !== undefined && { deadlineMs }) };
      return answerAccepted(call, services, await services.gateway.attach(call.params.machine, request, options));
    },
  }),
  route({
    method: "delete",
    path: "/v1/machines/{machine}/attachments",
    id: "detachAll",
    tag,
    summary: "Detach everything from a machine",
    description: "Nothing attached is success.",
    access: "operator",
    accepts: true,
    params: machineParams,
    query: forceQuery,
    outcomes: acceptedOutcomes,
    errors: acceptedErrors,
    handle: async (call, services) => {
      const options = { ...call.options, force: call.query.force };
      return answerAccepted(call, services, await services.gateway.detach(call.params.machine, undefined, options));
    },
  }),
];

const byId: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/attachments",
    id: "listAttachments",
    tag,
    summary: "List attachments",
    access: "reader",
    query: z.strictObject({ ...pageFields, machine: machineFilter, state: states, leftIn }),
    outcomes: pageOutcomes,
    errors: ["MACHINE_NOT_FOUND"],
    handle: async ({ query: { state, machine, leftIn: left, ...page } }, { gateway }) => ({
      status: 200,
      body: await pageOfMachine(gateway, machine, (machineId) =>
        gateway.listAttachments(page, {
          ...(machineId !== undefined && { machineId }),
          ...(state && { states: state }),
          ...hasOf(left),
        }),
      ),
    }),
  }),
  route({
    method: "get",
    path: "/v1/attachments/{id}",
    id: "getAttachment",
    tag,
    summary: "Show an attachment",
    access: "reader",
    params: idParams,
    outcomes: [{ status: 200, description: "The attachment.", schema: attachment }],
    errors: ["NOT_FOUND"],
    handle: async ({ params }, { gateway }) => ({ status: 200, body: await gateway.getAttachment(params.id) }),
  }),
  route({
    method: "post",
    path: "/v1/attachments/{id}/replace",
    id: "replace",
    tag,
    summary: "Replace the image of an attachment",
    description: "New bytes under a new URL in the same slot. Where that fails, the former medium is put back.",
    access: "operator",
    accepts: true,
    params: idParams,
    body: replaceBody,
    bodyLimitBytes: sourceBodyLimitBytes,
    admit: ({ id }, { gateway }) => gateway.getAttachment(id),
    outcomes: acceptedOutcomes,
    errors: [...acceptedErrors, ...sourceErrors, "NOT_FOUND", "SLOT_OCCUPIED", "IMAGE_DOES_NOT_FIT", "AGENT_MAY_RUN"],
    handle: async (call, services) => {
      const { deadlineMs, ...request } = call.body;
      const options = { ...call.options, ...(deadlineMs !== undefined && { deadlineMs }) };
      return answerAccepted(call, services, await services.gateway.replace(call.params.id, request, options));
    },
  }),
  route({
    method: "delete",
    path: "/v1/attachments/{id}",
    id: "detach",
    tag,
    summary: "Detach",
    description:
      "Idempotent: the slot ends empty, the publication gone, the stored bytes wiped unless another needs them.",
    access: "operator",
    accepts: true,
    params: idParams,
    query: forceQuery,
    outcomes: acceptedOutcomes,
    errors: [...acceptedErrors, "NOT_FOUND"],
    handle: async (call, services) => {
      const { id, machineId } = await services.gateway.getAttachment(call.params.id);
      const options = { ...call.options, force: call.query.force };
      return answerAccepted(call, services, await services.gateway.detach(machineId, id, options));
    },
  }),
];

export const attachmentRoutes: readonly Route[] = [...ofMachine, ...byId];
