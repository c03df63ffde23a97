// Reads the published OpenAPI document as a client would, and holds answers to it.
import { z } from "zod";

const schemaObject = z.record(z.string(), z.unknown());
const media = z.object({ schema: schemaObject });
const operation = z.object({
  operationId: z.string(),
  description: z.string().optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z
    .array(z.object({ in: z.enum(["path", "query", "header"]), name: z.string(), required: z.boolean().optional() }))
    .default([]),
  requestBody: z.object({ required: z.boolean(), content: z.record(z.string(), media) }).optional(),
  responses: z.record(
    z.string(),
    z.object({
      description: z.string(),
      content: z.record(z.string(), media).optional(),
      headers: schemaObject.optional(),
    }),
  ),
});
const document = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({ schemas: z.record(z.string(), schemaObject) }),
});

export type OpenApi = z.output<typeof document>;
export interface Described {
  readonly method: string;
  readonly path: string;
  readonly operation: z.output<typeof operation>;
}

export const readOpenApi = async (url: string): Promise<OpenApi> => {
  const answer = await fetch(`${url}/openapi.json`);
  return document.parse(await answer.json());
};

export const operationsOf = (openApi: OpenApi): readonly Described[] =>
  Object.entries(openApi.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, described]) => ({ method: method.toUpperCase(), path, operation: described })),
  );

type Schema = Record<string, unknown>;
const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const rewrite = (value: unknown, change: (schema: Schema) => Schema): unknown => {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, change));
  if (!isSchema(value)) return value;
  return change(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rewrite(item, change)])));
};

const localReference = (schema: Schema): Schema =>
  typeof schema["$ref"] === "string" ? { $ref: schema["$ref"].replace("#/components/schemas/", "#/$defs/") } : schema;

/** Objects that name their members have no others: so a member that the document does not know is found. */
const closed = (schema: Schema): Schema =>
  schema["type"] === "object" && schema["properties"] && schema["additionalProperties"] === undefined
    ? { ...schema, additionalProperties: false }
    : schema;

/** A checker for one schema of the document. `strict` also refuses members that it does not name. */
export const checkerOf = (openApi: OpenApi, schema: Schema, strict: boolean): z.ZodType => {
  const change = (part: Schema): Schema => localReference(strict ? closed(part) : part);
  const whole = rewrite({ allOf: [schema], $defs: openApi.components.schemas }, change);
  return z.fromJSONSchema(whole as Parameters<typeof z.fromJSONSchema>[0]);
};
