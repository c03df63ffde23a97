// /v1/machines/{machine}/boot, /power and /media: what the BMC shows now, and what may be asked of it directly.
import { z } from "zod";
import { answerAccepted } from "../prefer.ts";
import { route } from "../route.ts";
import type { Route } from "../route.ts";
import { acceptedErrors, acceptedOutcomes, bmcErrors } from "../schemas/outcomes.ts";
import { flag, machineParams, slotParams } from "../schemas/query.ts";
import { bootView, mediaView, powerView } from "../schemas/hardware.ts";
import { bootBody, powerBody } from "../schemas/requests.ts";

const tag = "hardware";
const viewErrors = ["MACHINE_NOT_FOUND", ...bmcErrors] as const;

const views: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/machines/{machine}/boot",
    id: "getBoot",
    tag,
    summary: "Read the boot override",
    access: "reader",
    params: machineParams,
    outcomes: [{ status: 200, description: "As the BMC shows it now.", schema: bootView }],
    errors: viewErrors,
    handle: async ({ params }, { gateway }) => ({ status: 200, body: await gateway.boot(params.machine) }),
  }),
  route({
    method: "get",
    path: "/v1/machines/{machine}/power",
    id: "getPower",
    tag,
    summary: "Read the power state",
    access: "reader",
    params: machineParams,
    outcomes: [{ status: 200, description: "As the BMC shows it now.", schema: powerView }],
    errors: viewErrors,
    handle: async ({ params }, { gateway }) => ({ status: 200, body: await gateway.power(params.machine) }),
  }),
  route({
    method: "get",
    path: "/v1/machines/{machine}/media",
    id: "getMedia",
    tag,
    summary: "Read the slots",
    access: "reader",
    params: machineParams,
    outcomes: [{ status: 200, description: "As the BMC shows them now.", schema: mediaView }],
    errors: viewErrors,
    handle: async ({ params }, { gateway }) => ({ status: 200, body: await gateway.media(params.machine) }),
  }),
];

export const hardwareRoutes: readonly Route[] = [
  ...views,
  route({
    method: "put",
    path: "/v1/machines/{machine}/boot",
    id: "setBoot",
    tag,
    summary: "Set the boot override",
    access: "operator",
    accepts: true,
    params: machineParams,
    body: bootBody,
    outcomes: acceptedOutcomes,
    errors: acceptedErrors,
    handle: async (call, services) =>
      answerAccepted(call, services, await services.gateway.setBoot(call.params.machine, call.body, call.options)),
  }),
  route({
    method: "post",
    path: "/v1/machines/{machine}/power",
    id: "resetMachine",
    tag,
    summary: "Reset, or switch on or off",
    access: "operator",
    accepts: true,
    params: machineParams,
    body: powerBody,
    outcomes: acceptedOutcomes,
    errors: acceptedErrors,
    handle: async (call, services) =>
      answerAccepted(call, services, await services.gateway.reset(call.params.machine, call.body.type, call.options)),
  }),
  route({
    method: "delete",
    path: "/v1/machines/{machine}/media/{slot}",
    id: "ejectMedia",
    tag,
    summary: "Eject a slot",
    access: "operator",
    accepts: true,
    params: slotParams,
    query: z.strictObject({ force: flag.describe("Also a medium that is not ours.") }),
    outcomes: acceptedOutcomes,
    errors: [...acceptedErrors, "SLOT_OCCUPIED"],
    handle: async (call, services) => {
      const { machine, slot } = call.params;
      const options = { ...call.options, force: call.query.force };
      return answerAccepted(call, services, await services.gateway.ejectMedia(machine, slot, options));
    },
  }),
];
