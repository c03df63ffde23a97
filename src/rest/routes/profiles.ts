// /v1/profiles and /v1/machines/{machine}/profile: what BMC families need, and why a machine's BMC is handled as it is. Read-only.
import { z } from "zod";
import { route } from "../route.ts";
import type { Route } from "../route.ts";
import { bmcErrors } from "../schemas/outcomes.ts";
import { machineProfile, profileParams, profileSummary, profileView } from "../schemas/profiles.ts";
import { machineParams, pageFields } from "../schemas/query.ts";
import { pageOf } from "../schemas/records.ts";

const tag = "profiles";

export const profileRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/profiles",
    id: "listProfiles",
    tag,
    summary: "List profiles by id",
    access: "reader",
    query: z.strictObject(pageFields),
    outcomes: [{ status: 200, description: "A page of profiles.", schema: pageOf(profileSummary) }],
    handle: async ({ query }, { gateway }) => ({ status: 200, body: await gateway.listProfiles(query) }),
  }),
  route({
    method: "get",
    path: "/v1/profiles/{profile}",
    id: "getProfile",
    tag,
    summary: "Show a profile",
    access: "reader",
    params: profileParams,
    outcomes: [{ status: 200, description: "Its rules and quirks.", schema: profileView }],
    errors: ["NOT_FOUND"],
    handle: async ({ params }, { gateway }) => ({ status: 200, body: await gateway.getProfile(params.profile) }),
  }),
  route({
    method: "get",
    path: "/v1/machines/{machine}/profile",
    id: "explainProfile",
    tag,
    summary: "Explain a machine's profile",
    description: "Which rule matched and which quirks act. A BMC that was never spoken to is asked who it is.",
    access: "reader",
    params: machineParams,
    outcomes: [{ status: 200, description: "What acts, and why.", schema: machineProfile }],
    errors: ["MACHINE_NOT_FOUND", ...bmcErrors],
    handle: async ({ params }, { gateway }) => ({ status: 200, body: await gateway.explainProfile(params.machine) }),
  }),
];
