// Random values from the schemas of an OpenAPI document: such as it allows, and such as it does not.
import * as fc from "fast-check";
import type { OpenApi } from "./openapi.ts";

type Schema = Record<string, unknown>;

const textOf = ({ pattern, minLength = 0, maxLength = 64 }: Schema): fc.Arbitrary<string> =>
  typeof pattern === "string"
    ? fc.stringMatching(new RegExp(pattern))
    : fc.string({ minLength: Number(minLength), maxLength: Math.min(Number(maxLength), 64) });

const objectOf = (openApi: OpenApi, schema: Schema): fc.Arbitrary<unknown> => {
  const { properties, additionalProperties, propertyNames } = schema as Record<string, Schema | undefined>;
  if (!properties)
    return fc.dictionary(
      propertyNames ? textOf(propertyNames) : fc.string(),
      additionalProperties ? valueOf(openApi, additionalProperties) : fc.jsonValue(),
      { maxKeys: 3 },
    );
  const members = Object.fromEntries(
    Object.entries(properties).map(([key, item]) => [key, valueOf(openApi, item as Schema)]),
  );
  const requiredKeys = (schema["required"] ?? []) as string[];
  return fc.record(members, { requiredKeys, noNullPrototype: true });
};

/** Values that `schema` allows. */
export const valueOf = (openApi: OpenApi, schema: Schema): fc.Arbitrary<unknown> => {
  const { $ref, enum: values, const: only, type } = schema;
  if (typeof $ref === "string") return valueOf(openApi, openApi.components.schemas[$ref.split("/").at(-1) ?? ""] ?? {});
  if (Array.isArray(values)) return fc.constantFrom<unknown>(...values);
  if (only !== undefined) return fc.constant(only);
  const choices = (schema["anyOf"] ?? schema["oneOf"]) as readonly Schema[] | undefined;
  if (choices) return fc.oneof(...choices.map((choice) => valueOf(openApi, choice)));
  if (type === "string") return textOf(schema);
  if (type === "integer" || type === "number")
    return fc.integer({ min: Number(schema["minimum"] ?? -10), max: Number(schema["maximum"] ?? 1_000_000) });
  if (type === "boolean") return fc.boolean();
  if (type === "null") return fc.constant(null);
  if (type === "array")
    return fc.array(valueOf(openApi, (schema["items"] ?? {}) as Schema), {
      minLength: Number(schema["minItems"] ?? 0),
      maxLength: 3,
    });
  return type === "object" ? objectOf(openApi, schema) : fc.jsonValue();
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `value` with one of its parts, chosen by `path`, replaced by `part`, or with `part` added under `key`. */
const spoil = (value: unknown, path: readonly number[], key: string, part: unknown): unknown => {
  const [step, ...rest] = path;
  if (step === undefined || !(isObject(value) || Array.isArray(value))) return part;
  const keys = Object.keys(value);
  const chosen = keys[step % (keys.length + 1)] ?? key;
  if (Array.isArray(value)) return value.map((item, n) => (String(n) === chosen ? spoil(item, rest, key, part) : item));
  return Object.fromEntries([...Object.entries(value), [chosen, spoil(value[chosen], rest, key, part)]]);
};

/** Values that are nearly what `schema` allows, or nothing like it. */
export const nearlyValueOf = (openApi: OpenApi, schema: Schema): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.jsonValue() },
    {
      weight: 4,
      arbitrary: fc
        .tuple(
          valueOf(openApi, schema),
          fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
          fc.string(),
          fc.jsonValue(),
        )
        .map(([value, path, key, part]) => spoil(value, path, key, part)),
    },
  );
