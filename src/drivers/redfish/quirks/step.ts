// One request of a recipe: what the standard has no word for, as data. Texts in `path` and `body` may hold these templates:
// {image} the URL · {origin} its `http://host:port` · {host} its `host:port` · {path} its path, from `/` on: {folder}/{file}
// · {protocol} HTTP or HTTPS · {slot} the slot's path · {slotId} its id · {action} where the slot says that its insert is sent · {system} and
// {manager} their paths. Those of the image are known in insert only, those of the slot not in prepare.
import { z } from "zod";
import { durationMs, pattern, predicate } from "./value.ts";

/** A misspelt one would be sent as it stands. */
const templates = "image|origin|host|path|folder|file|protocol|slot|slotId|action|system|manager".split("|");

const isFillable = (text: string): boolean =>
  [...text.matchAll(/\{(\w+)\}/g)].every(([, name = ""]) => templates.includes(name));

const unknownTemplate = { error: `knows only the templates ${templates.map((name) => `{${name}}`).join(", ")}` };

const template = z.string().min(1);

/** A path of the service. */
const path = z
  .string()
  .regex(/^(\/|\{(slot|action|system|manager)\})/, {
    error: "must begin with / or {slot}, {action}, {system}, {manager}",
  })
  .refine(isFillable, unknownTemplate);

const shows = z.strictObject({ path, is: predicate });

export const step = z.strictObject({
  method: z.enum(["POST", "PATCH", "PUT", "DELETE"]),
  path,
  /** Sent as JSON, templates in its texts filled in; without it, no body is sent. A PATCH carries If-Match as `http.etag` says. */
  body: z
    .record(template, z.json())
    .refine((body) => isFillable(JSON.stringify(body)), unknownTemplate)
    .optional(),
  /** The step is for slots whose Id matches only. */
  forSlot: pattern.optional(),
  /** The step is left out unless this resource shows this (one GET). */
  when: shows.optional(),
  /** Refusals with these statuses count as success. */
  okStatus: z.array(z.int().min(400).max(599)).default([]),
  /** Wait after the step, before the next one. */
  waitMs: durationMs.default(0),
  /** Then wait until this resource shows this. */
  poll: shows.extend({ intervalMs: durationMs.min(1).default(1000), timeoutMs: durationMs.default(60_000) }).optional(),
});

export type Step = z.output<typeof step>;
export const steps = z.array(step);
