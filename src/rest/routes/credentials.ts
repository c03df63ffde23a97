// /v1/credentials: how we log in to image origins. Secrets go in and never come out.
import { z } from "zod";
import { route } from "../route.ts";
import type { Route } from "../route.ts";
import { credentialBody } from "../schemas/credentials.ts";
import { name } from "../schemas/parts.ts";
import { pageFields } from "../schemas/query.ts";
import { credential, pageOf } from "../schemas/records.ts";

const tag = "credentials";
const path = "/v1/credentials/{name}";
const params = z.strictObject({ name: name.describe("The credential's name, as sources give it.") });

export const credentialRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/credentials",
    id: "listCredentials",
    tag,
    summary: "List named credentials",
    access: "reader",
    query: z.strictObject(pageFields),
    outcomes: [
      { status: 200, description: "A page of them, without what is secret in them.", schema: pageOf(credential) },
    ],
    handle: async ({ query }, { gateway }) => ({ status: 200, body: await gateway.listCredentials(query) }),
  }),
  route({
    method: "put",
    path,
    id: "setCredential",
    tag,
    summary: "Add or replace a named credential",
    description:
      "Sealed at rest. It is sent to the origins that it names, and nowhere else; one of the kind `swift` to Keystone, whose token is sent " +
      "to the object store that Keystone's catalog names.",
    access: "admin",
    params,
    body: credentialBody,
    outcomes: [{ status: 200, description: "What may be shown of it.", schema: credential }],
    handle: async ({ params: { name: called }, body, options }, { gateway }) => ({
      status: 200,
      body: await gateway.setCredential(called, body, options),
    }),
  }),
  route({
    method: "delete",
    path,
    id: "removeCredential",
    tag,
    summary: "Remove a named credential",
    description: "Attachments stay; a download that still needs it fails.",
    access: "admin",
    params,
    outcomes: [{ status: 204, description: "Removed." }],
    errors: ["CREDENTIAL_NOT_FOUND"],
    handle: async ({ params: { name: called }, options }, { gateway }) => {
      await gateway.removeCredential(called, options);
      return { status: 204 };
    },
  }),
];
