// /v1/images: what the store holds, and bringing images into it ahead of time.
import { z } from "zod";
import { sourceBodyLimitBytes } from "../body.ts";
import { route } from "../route.ts";
import type { Route } from "../route.ts";
import { sourceErrors } from "../schemas/outcomes.ts";
import { digestParams, pageFields } from "../schemas/query.ts";
import { image, pageOf } from "../schemas/records.ts";
import { imageBody } from "../schemas/requests.ts";

const tag = "images";

export const imageRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/v1/images",
    id: "listImages",
    tag,
    summary: "List stored images",
    access: "reader",
    query: z.strictObject(pageFields),
    outcomes: [{ status: 200, description: "A page of images.", schema: pageOf(image) }],
    handle: async ({ query }, { gateway }) => ({ status: 200, body: await gateway.listImages(query) }),
  }),
  route({
    method: "post",
    path: "/v1/images",
    id: "ingestImage",
    tag,
    summary: "Bring an image into the store",
    description:
      "Answers when it is there. It stays until it is removed. When the client goes before, the fetch is given up, unless others wait for it.",
    access: "operator",
    body: imageBody,
    bodyLimitBytes: sourceBodyLimitBytes,
    outcomes: [{ status: 201, description: "Stored.", schema: image, location: true }],
    errors: [...sourceErrors, "CANCELLED"],
    handle: async ({ body: { source, ...wanted }, options, signal }, { gateway }) => {
      const stored = await gateway.ingestImage(source, { ...options, ...wanted, signal });
      return { status: 201, headers: { Location: `/v1/images/${stored.digest}` }, body: stored };
    },
  }),
  route({
    method: "get",
    path: "/v1/images/{digest}",
    id: "getImage",
    tag,
    summary: "Show an image",
    access: "reader",
    params: digestParams,
    outcomes: [{ status: 200, description: "The image's record; its bytes are served to BMCs only.", schema: image }],
    errors: ["IMAGE_NOT_FOUND"],
    handle: async ({ params }, { gateway }) => ({ status: 200, body: await gateway.getImage(params.digest) }),
  }),
  route({
    method: "delete",
    path: "/v1/images/{digest}",
    id: "removeImage",
    tag,
    summary: "Remove an image",
    access: "operator",
    params: digestParams,
    outcomes: [{ status: 204, description: "Removed." }],
    errors: ["IMAGE_NOT_FOUND", "MACHINE_BUSY"],
    handle: async ({ params, options }, { gateway }) => {
      await gateway.removeImage(params.digest, options);
      return { status: 204 };
    },
  }),
];
