// /v1/probe: who a BMC is, what it can do, and what an attach would do there. Read-only.
import { requireRole } from "../auth.ts";
import { route } from "../route.ts";
import type { Route } from "../route.ts";
import { bmcErrors } from "../schemas/outcomes.ts";
import { probeReport } from "../schemas/hardware.ts";
import { probeBody } from "../schemas/requests.ts";

export const probeRoutes: readonly Route[] = [
  route({
    method: "post",
    path: "/v1/probe",
    id: "probe",
    tag: "hardware",
    summary: "Probe a BMC",
    description:
      "Reads only. A registered machine's by any role; one at an address of the caller's choice needs an operator.",
    access: "reader",
    body: probeBody,
    outcomes: [
      { status: 200, description: "What it is, what it can, and what an attach would do.", schema: probeReport },
    ],
    errors: ["MACHINE_NOT_FOUND", ...bmcErrors],
    handle: async ({ body, actor }, { gateway }) => {
      if ("endpoint" in body) requireRole(actor, "operator");
      return { status: 200, body: await gateway.probe(body) };
    },
  }),
];
