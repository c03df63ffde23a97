// The OpenAPI 3.1 document, written from the very routes that are served.
import { z } from "zod";
import type { ZodOpenApiObject, ZodOpenApiOperationObject, ZodOpenApiResponsesObject } from "zod-openapi";
import { errorTable } from "../../core/errors.ts";
import type { ErrorCode } from "../../core/errors.ts";
import type { Outcome, Route } from "../route.ts";
import { problem } from "./records.ts";

const tags = [
  { name: "machines", description: "Servers that we attach to." },
  { name: "attachments", description: "Images in machines." },
  { name: "operations", description: "Work on machines, and its events." },
  { name: "hardware", description: "Slots, boot override and power, as a BMC shows them." },
  { name: "profiles", description: "What each BMC family needs, and why." },
  { name: "images", description: "The image store." },
  { name: "credentials", description: "Named credentials of image origins." },
  { name: "tokens", description: "Who may call." },
  { name: "audit", description: "Who did what." },
  { name: "service", description: "Health, metrics and this document." },
];

/** Every error code that a call to this route may answer. */
const errorCodesOf = (route: Route): readonly ErrorCode[] => {
  const takesInput = route.body || Object.keys({ ...route.params.shape, ...route.query.shape }).length > 0;
  const codes: ErrorCode[] = [
    ...(route.access === "public" ? [] : (["UNAUTHENTICATED", "RATE_LIMITED"] as const)),
    ...(route.access === "operator" || route.access === "admin" || route.id === "probe"
      ? (["FORBIDDEN"] as const)
      : []),
    // Unknown query parameters are refused even where none are known.
    ...(takesInput || route.access !== "public" ? (["INVALID_REQUEST"] as const) : []),
    ...(route.body ? (["REQUEST_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"] as const) : []),
    ...(route.errors ?? []),
    ...(route.access === "public" ? [] : (["STORE_UNAVAILABLE"] as const)),
    "INTERNAL",
  ];
  return [...new Set(codes)];
};

const problemsOf = (route: Route): ZodOpenApiResponsesObject => {
  const byStatus = Map.groupBy(errorCodesOf(route), (code) => errorTable[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\``).join(", "),
        content: { "application/problem+json": { schema: problem } },
      },
    ]),
  );
};

const responseOf = ({ description, schema, type = "application/json", location }: Outcome) => ({
  description,
  ...(schema && { content: { [type]: { schema } } }),
  ...(location && { headers: z.object({ Location: z.string() }) }),
});

const acceptedHeaders = z.object({
  "Idempotency-Key": z
    .string()
    .max(255)
    .exactOptional()
    .describe("The same key with the same request answers the first operation again."),
  Prefer: z
    .string()
    .exactOptional()
    .describe("`wait=N`: answer when the operation has ended, after at most N (≤ 600) seconds."),
});

const operationOf = (route: Route): ZodOpenApiOperationObject => ({
  operationId: route.id,
  tags: [route.tag],
  summary: route.summary,
  ...(route.description !== undefined && { description: route.description }),
  security: route.access === "public" ? [] : [{ bearer: [] }],
  requestParams: {
    ...(Object.keys(route.params.shape).length > 0 && { path: route.params }),
    ...(Object.keys(route.query.shape).length > 0 && { query: route.query }),
    ...(route.accepts && { header: acceptedHeaders }),
  },
  ...(route.body && { requestBody: { required: true, content: { "application/json": { schema: route.body } } } }),
  responses: {
    ...problemsOf(route),
    ...Object.fromEntries(route.outcomes.map((outcome) => [String(outcome.status), responseOf(outcome)])),
  },
});

const pathsOf = (routes: readonly Route[]): Record<string, Record<string, ZodOpenApiOperationObject>> => {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operationOf(route);
  return paths;
};

/** JSON text of the document. The library is loaded only when somebody asks: it is not needed to serve. */
export const createDocumentText = async (routes: readonly Route[], version: string): Promise<string> => {
  const { createDocument } = await import("zod-openapi");
  const described: ZodOpenApiObject = {
    openapi: "3.1.0",
    info: {
      title: "Mediabay",
      version,
      description: "Puts an image in front of a bare-metal machine, proves that it arrived, and takes it away again.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags,
    paths: pathsOf(routes),
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
  };
  const document = createDocument(described, {
    override: ({ jsonSchema, io }) => {
      // Answers may gain members; clients must not refuse them.
      if (io === "output" && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return JSON.stringify(document);
};
