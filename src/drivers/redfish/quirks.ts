// The quirks that this driver understands, by section. Each has a default that suits a service which follows DSP0266 and DSP0268;
// a profile of vendors/ overrides single ones. Every quirk here is read somewhere in this folder.
import { z } from "zod";
import type { QuirkTable } from "../../core/driver.ts";
import { errorTable, MediabayError, type ErrorCode } from "../../core/errors.ts";

const durationMs = z.int().min(0).max(3_600_000);

const isRegExp = (source: string): boolean => {
  try {
    return new RegExp(source, "iu") instanceof RegExp;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};

const pattern = z.string().min(1).refine(isRegExp, { error: "is not a regular expression" });

const isErrorCode = (code: string): code is ErrorCode => code in errorTable;

const auth = z.strictObject({
  /** `auto` is Basic, and a session where Basic gets 401. */
  mode: z.enum(["auto", "basic", "session"]).default("auto"),
});

const http = z.strictObject({
  /** Requests at once. */
  maxInFlight: z.int().min(1).max(8).default(1),
  /** Compression makes some services answer ETags that then fail an If-Match. */
  acceptEncoding: z.enum(["identity", "gzip"]).default("identity"),
  /** Which ETag a PATCH sends as If-Match: the header's or else the body's, one of them, `*`, or none. */
  etag: z.enum(["auto", "header", "body", "star", "none"]).default("auto"),
  /** `auto` believes ProtocolFeaturesSupported; `all` is `*`, `nolinks` is `.`. */
  expand: z.enum(["auto", "all", "nolinks", "none"]).default("auto"),
  connectTimeoutMs: durationMs.default(30_000),
  responseTimeoutMs: durationMs.default(60_000),
  /** Some services download the whole image before they answer an insert. */
  insertTimeoutMs: durationMs.default(300_000),
  /** How long a task (202) may take. */
  taskTimeoutMs: durationMs.default(300_000),
});

const slots = z.strictObject({
  /** Where the VirtualMedia collection is looked for, in order; the first that has members is used. */
  where: z
    .array(z.enum(["system", "manager"]))
    .min(1)
    .default(["system", "manager"]),
  /** Slots whose Id matches take no URL: upload-only or for the console. */
  exclude: pattern.optional(),
});

const shown = z.union([z.null(), z.boolean(), z.string()]);

/** Each named property shows one of the listed values; the word `absent` means that the property is not there. */
const predicate = z.partialRecord(z.enum(["Image", "ImageName", "Inserted", "ConnectedVia"]), z.array(shown).min(1));

const empty = z.strictObject({
  /** A slot is empty when any of these holds. */
  any: z
    .array(predicate)
    .min(1)
    .default([
      { Inserted: [false] },
      { Inserted: [null, "absent"], Image: [null, "", "None", "absent"] },
      { Inserted: [null, "absent"], ConnectedVia: ["NotConnected"] },
    ]),
});

const url = z.strictObject({
  /** Best first. */
  schemes: z
    .array(z.enum(["http", "https"]))
    .min(1)
    .default(["http", "https"]),
  maxLength: z.int().positive().optional(),
  /** Characters that the BMC does not take in a URL. */
  forbidden: z.string().optional(),
});

export const insertParameters = ["TransferProtocolType", "TransferMethod", "Inserted", "WriteProtected"] as const;

const insert = z.strictObject({
  /** `auto` is InsertMedia where it is offered, else PATCH where `Allow` permits it. */
  method: z.enum(["auto", "action", "patch"]).default("auto"),
  /** Sent from the first try on, beside Image. */
  always: z.array(z.enum(insertParameters)).default([]),
  /** Never sent, not even when an error asks for them or PATCH needs them as a rule. */
  omit: z.array(z.enum(insertParameters)).default([]),
  /** The BMC silently replaces what a slot holds: read the slot before each insert. */
  checkFirst: z.boolean().default(false),
  /** Wait after an accepted insert, before the first look. */
  settleMs: durationMs.default(0),
});

const eject = z.strictObject({
  /** `object` is `{}`: an absent body gets 400 or 415 from many. */
  body: z.enum(["object", "none"]).default("object"),
  /** Wait after an accepted eject, before the first look. */
  settleMs: durationMs.default(0),
});

const verify = z.strictObject({
  /** How the slot's own state is awaited after an insert or an eject was accepted. */
  poll: z
    .strictObject({ intervalMs: durationMs.min(1).default(1000), timeoutMs: durationMs.default(60_000) })
    .prefault({}),
  /** False where the BMC shows no image, or another than was sent: then any medium in the slot counts. */
  echoesImage: z.boolean().default(true),
});

const bootTargets = z.array(z.string().min(1)).min(1);

const boot = z.strictObject({
  /** What is patched: the System, its @Redfish.Settings object, or the latter only where it really holds Boot. */
  resource: z.enum(["auto", "system", "settings"]).default("auto"),
  /** `full` always sends the mode beside target and enabled. */
  fields: z.enum(["minimal", "full"]).default("minimal"),
  /** Sent as target with `Disabled`, where that alone is refused. */
  clearTarget: z.string().min(1).optional(),
  /** Candidates by media type, best first; the first that the BMC allows is taken. */
  targetFor: z
    .strictObject({
      CD: bootTargets.default(["Cd", "UsbCd"]),
      DVD: bootTargets.default(["Cd", "UsbCd"]),
      USBStick: bootTargets.default(["Usb"]),
      Floppy: bootTargets.default(["Floppy", "Usb"]),
    })
    .prefault({}),
});

const errorRule = z.strictObject({
  /** All that are given must hold. `id` is the end of a MessageId, `text` a regular expression on the BMC's words. */
  match: z
    .strictObject({ id: z.string().min(1).optional(), status: z.int().optional(), text: pattern.optional() })
    .refine((match) => Object.keys(match).length > 0, { error: "needs id, status or text" }),
  code: z.string().refine(isErrorCode, { error: "is not one of our error codes" }),
  hint: z.string().min(1).optional(),
});

const errors = z.strictObject({
  /** Asked in order before the driver's own table. */
  list: z.array(errorRule).default([]),
});

const limits = z.strictObject({
  /** The largest image that the BMC takes. */
  maxImageBytes: z.int().positive().optional(),
});

const schema = z.strictObject({
  auth: auth.prefault({}),
  http: http.prefault({}),
  slots: slots.prefault({}),
  empty: empty.prefault({}),
  url: url.prefault({}),
  insert: insert.prefault({}),
  eject: eject.prefault({}),
  verify: verify.prefault({}),
  boot: boot.prefault({}),
  errors: errors.prefault({}),
  limits: limits.prefault({}),
});

export type RedfishQuirks = z.output<typeof schema>;
export type SlotPredicate = RedfishQuirks["empty"]["any"][number];
export type ErrorRule = RedfishQuirks["errors"]["list"][number];

const parse = (raw: Readonly<Record<string, unknown>>): RedfishQuirks => {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const field = ["redfish", ...(issue?.path ?? []), ...unknown].join(".");
  const why = unknown.length > 0 ? "is unknown" : `is malformed: ${issue?.message ?? "no reason given"}`;
  throw new MediabayError("SETTINGS_INVALID", `Quirk ${field} ${why}.`, { field }, { cause: parsed.error });
};

export const redfishQuirks: QuirkTable<RedfishQuirks> = { defaults: parse({}), parse };
