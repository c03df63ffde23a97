// What a BMC has beside the standard, as data: writable properties, actions, what depends on a property.
import { z } from "zod";
import { errorReply } from "./replies.ts";
import { condition, place, reply, scalar, setting } from "./values.ts";

/** A resource that takes a PATCH. */
const writable = z.strictObject({
  /** A URI, or a pattern when it begins with `^`. */
  at: z.string(),
  /** JSON Pointers of what can be written; a pointer to an object frees all that is in it. */
  properties: z.array(z.string().startsWith("/")).min(1),
  /** Values by pointer, where not every one is taken; another is `parameterValue`. */
  values: z.record(z.string(), z.array(scalar)).default({}),
  /** All must hold, or `otherwise` is the answer. */
  when: z.array(condition).default([]),
  otherwise: errorReply.default({ status: 400, id: "PropertyNotWritable" }),
  /** The new value shows only after so long, on the clock. */
  delayMs: z.int().nonnegative().default(0),
});

/** What an OEM action does to a slot. */
const mediaEffect = z.strictObject({
  does: z.enum(["insert", "eject"]),
  /** URI of the slot; it may be an unlisted one. */
  slot: z.string().startsWith("/redfish"),
  /** `{Name}` stands for a parameter, `{/redfish/…#/pointer}` for a property of a resource: `{Host}{Path}`. */
  image: z.string().default("{Image}"),
  userName: z.string().default(""),
  password: z.string().default(""),
  /** PEM that an https server is trusted by. */
  certificate: z.string().default(""),
});

const action = z.strictObject({
  /** Where it is POSTed, or PATCHed. */
  at: z.string().startsWith("/redfish"),
  method: z.enum(["POST", "PATCH"]).default("POST"),
  /** Of several actions at one place the first counts whose values are those of the body. */
  match: z.record(z.string(), scalar).default({}),
  /** Parameters without which it is refused with `parameterMissing`. */
  required: z.array(z.string()).default([]),
  /** Parameters it knows beside the required ones; another is `parameterUnknown`. Absent: it looks at no others. */
  parameters: z.array(z.string()).optional(),
  /** Values by parameter; another is `parameterValue`. */
  values: z.record(z.string(), z.array(scalar)).default({}),
  /** Patterns by parameter that must be found in it; otherwise `parameterValue`. */
  patterns: z.record(z.string(), z.string()).default({}),
  /** Each that does not hold answers with its own error. */
  demands: z.array(z.strictObject({ unless: z.array(condition).min(1), reply: errorReply })).default([]),
  /** What it changes, after `delayMs`. */
  set: z.array(setting).default([]),
  media: mediaEffect.optional(),
  delayMs: z.int().nonnegative().default(0),
  reply: reply.default("no-content"),
  /** What a `message` reply says instead of Success; `inError`: as an error body, although it is none. */
  says: z.strictObject({ id: z.string(), text: z.string(), inError: z.boolean().default(false) }).optional(),
  /** It is answered 202 with the address of a job, a resource made of `body`; `done` is laid over it after `ms`, when `set` happens. */
  job: z
    .strictObject({
      /** URI of the jobs' collection; the job's Id is put behind it. */
      at: z.string().startsWith("/redfish"),
      idPrefix: z.string().default("JID_"),
      ms: z.int().nonnegative().default(0),
      body: z.record(z.string(), z.json()).default({}),
      done: z.record(z.string(), z.json()).default({}),
      /** The answer to a second one while the first runs. */
      whileRunning: errorReply.optional(),
    })
    .optional(),
});

/** What a property switches off. */
const gate = z.strictObject({
  /** All must hold, or the effect is there. */
  unless: z.array(condition).min(1),
  effect: z.enum([
    /** The VirtualMedia collections are empty, and their slots 404. */
    "no-members",
    /** An insert is answered with `disabled`. */
    "insert-refused",
    /** Slots have no actions. */
    "no-actions",
    /** Media go in, and the host never sees them. */
    "host-blind",
    /** Slots show no Image, whatever is in. */
    "not-shown",
  ]),
  /** A pattern of slot URIs; absent: all. */
  slots: z.string().optional(),
});

/** A property that follows something else: laid over the resource when all of `when` hold. */
const overlay = z.strictObject({ ...place, value: z.json(), when: z.array(condition).default([]) });

export const oem = z.strictObject({
  writable: z.array(writable).default([]),
  actions: z.array(action).default([]),
  gates: z.array(gate).default([]),
  shows: z.array(overlay).default([]),
  /** Done at each start of the host: what waits for a reboot. */
  atBoot: z.array(setting).default([]),
});

export type OemAction = z.output<typeof action>;
export type WritableRule = z.output<typeof writable>;
export type OemRules = z.output<typeof oem>;
