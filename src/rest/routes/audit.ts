// /v1/audit: who did what to which machine.
import { z } from "zod";
import { pageOfMachine } from "../machine-filter.ts";
import { route } from "../route.ts";
import type { Route } from "../route.ts";
import { attachmentFilter, machineFilter, pageFields } from "../schemas/query.ts";
import { audit, pageOf } from "../schemas/records.ts";

export const auditRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/audit",
    id: "listAudit",
    tag: "audit",
    summary: "Read the audit trail",
    access: "reader",
    query: z.strictObject({ ...pageFields, machine: machineFilter, attachment: attachmentFilter }),
    outcomes: [{ status: 200, description: "A page of entries.", schema: pageOf(audit) }],
    errors: ["MACHINE_NOT_FOUND"],
    handle: async ({ query: { machine, attachment, ...page } }, { gateway }) => ({
      status: 200,
      body: await pageOfMachine(gateway, machine, (machineId) =>
        gateway.audit(page, {
          ...(machineId !== undefined && { machineId }),
          ...(attachment !== undefined && { attachmentId: attachment }),
        }),
      ),
    }),
  }),
];
