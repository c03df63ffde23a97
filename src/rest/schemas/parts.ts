// What several bodies have in common.
import { z } from "zod";
import type { ZodOpenApiOverrideMetaContext } from "zod-openapi/api";

/** Of machines, tokens and credentials. */
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    "1 to 63 letters, digits, dots, underscores or hyphens are needed, the first a letter or digit",
  );

export const digest = z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits are needed");

/** In the document: a choice between objects that are told apart by the first of their members, which each must have. */
export const choiceOf = (...choices: readonly (readonly [string, ...string[]])[]) => ({
  override: ({ jsonSchema }: ZodOpenApiOverrideMetaContext): void => {
    const { properties = {} } = jsonSchema;
    for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
    jsonSchema.oneOf = choices.map((keys) => ({
      type: "object",
      properties: Object.fromEntries(keys.map((key) => [key, properties[key] ?? {}])),
      required: [keys[0]],
      additionalProperties: false,
    }));
  },
});
