// The schema seen as a list of keys: for the environment's names, for checks over all keys, and for the reference.
import { z } from "zod";
import { settingsSchema } from "./schema.ts";

/** One key: `imagePlane.http.port`. */
export interface SettingKey {
  readonly path: string;
  /** `MEDIABAY_IMAGE_PLANE_HTTP_PORT`. */
  readonly environment: string;
  readonly description: string;
  readonly kind: string;
  readonly fallback: string;
  readonly mustBeReadable: boolean;
}

const environmentName = (path: string): string =>
  `MEDIABAY_${path
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(".", "_")
    .toUpperCase()}`;

const word = (value: unknown): string => (typeof value === "string" ? value : "");

const sectionOf = (schema: unknown): z.ZodObject | undefined => {
  if (schema instanceof z.ZodObject) return schema;
  return schema instanceof z.ZodPrefault ? sectionOf(schema.unwrap()) : undefined;
};

const walk = (section: z.ZodObject, prefix: string): readonly SettingKey[] =>
  Object.entries(section.shape).flatMap(([name, schema]) => {
    const path = `${prefix}${name}`;
    const inner = sectionOf(schema);
    if (inner !== undefined) return walk(inner, `${path}.`);
    const meta = schema instanceof z.ZodType ? (schema.meta() ?? {}) : {};
    return [
      {
        path,
        environment: environmentName(path),
        description: word(meta["description"]),
        kind: word(meta["kind"]),
        fallback: word(meta["fallback"]),
        mustBeReadable: meta["mustBeReadable"] === true,
      },
    ];
  });

export const settingKeys: readonly SettingKey[] = walk(settingsSchema, "");

/** The keys as a Markdown table, for the README. */
export const renderReference = (): string =>
  [
    "| Key | Environment | Value | Default | Meaning |",
    "|---|---|---|---|---|",
    ...settingKeys.map(
      (key) => `| \`${key.path}\` | \`${key.environment}\` | ${key.kind} | ${key.fallback} | ${key.description} |`,
    ),
    "",
  ].join("\n");
