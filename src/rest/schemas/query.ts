// Path and query parameters. What arrives is text; what a handler sees is typed.
import { z } from "zod";
import type { ZodOpenApiOverrideMetaContext } from "zod-openapi/api";

/** In the document: `shown` instead of the text that is parsed. */
const shownAs = (shown: object) => ({
  override: ({ jsonSchema }: ZodOpenApiOverrideMetaContext): void => {
    const { description } = jsonSchema;
    for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
    Object.assign(jsonSchema, shown, description !== undefined && { description });
  },
});

const integerText = (min: number, max: number, fallback: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, "a whole number is needed")
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .default(fallback)
    .meta(shownAs({ type: "integer", minimum: min, maximum: max, default: fallback }));

/** `true` or `false`; absent is false. */
export const flag = z
  .enum(["true", "false"])
  .transform((text) => text === "true")
  .default(false)
  .meta(shownAs({ type: "boolean", default: false }));

/** Members of every listing's query. */
export const pageFields = {
  limit: integerText(1, 1000, 100).describe("Items of a page."),
  after: z.string().min(1).max(1024).exactOptional().describe("The `next` of the page before."),
};

const repeatable = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());

/** Several values of a set, joined by commas or given repeatedly. */
export const oneOrMoreOf = <const T extends readonly string[]>(values: T) =>
  repeatable
    .transform((texts) => texts.flatMap((text) => text.split(",")))
    .pipe(z.array(z.enum(values)).max(50))
    .exactOptional()
    .meta({
      param: { style: "form", explode: false },
      ...shownAs({ type: "array", items: { type: "string", enum: [...values] } }),
    });

/** `label=key=value`, repeatable; all must match, and an empty value matches any. */
export const labelFilter = repeatable
  .pipe(z.array(z.string().regex(/^[^=]{1,63}(=.{0,256})?$/, "key=value is needed")).max(32))
  .transform((texts) =>
    Object.fromEntries(
      texts.map((text) => {
        const at = text.indexOf("=");
        return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
      }),
    ),
  )
  .exactOptional()
  .meta(shownAs({ type: "array", items: { type: "string" } }))
  .describe("`key=value`; repeat it to narrow further. `key` alone matches any value.");

const identifier = z.string().min(1).max(128);

export const machineFilter = identifier.exactOptional().describe("The machine's id or name.");
export const attachmentFilter = identifier.exactOptional().describe("The attachment's id.");

export const machineParams = z.strictObject({ machine: identifier.describe("The machine's id or name.") });
export const idParams = z.strictObject({ id: identifier });
export const slotParams = machineParams.extend({ slot: z.string().min(1).max(256).describe("The slot's id.") });
export const digestParams = z.strictObject({
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits are needed")
    .describe("SHA-256 of the image."),
});
