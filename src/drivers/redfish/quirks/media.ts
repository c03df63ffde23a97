// How a medium gets into a slot and out of it, and how the BMC's own word for it is read (DSP0268 VirtualMedia: InsertMedia, EjectMedia).
import { z } from "zod";
import { step, steps } from "./step.ts";
import { durationMs, retries } from "./value.ts";

const parameter = z.string().min(1);

/** Parameters of InsertMedia for which the driver has a value of its own. */
const ownParameters = [
  "TransferProtocolType",
  "TransferMethod",
  "Inserted",
  "WriteProtected",
  "UserName",
  "Password",
] as const;
export type OwnParameter = (typeof ownParameters)[number];
const actionNames = z.array(z.string().startsWith("#")).min(1);

export const url = z.strictObject({
  /** What the BMC reads from, best first. We serve http and https; nfs and cifs only say why neither will do. */
  schemes: z
    .array(z.enum(["http", "https", "nfs", "cifs"]))
    .min(1)
    .default(["http", "https"]),
  maxLength: z.int().positive().optional(),
  /** Characters that the BMC does not take in a URL. */
  forbidden: z.string().optional(),
  /** The end of the file name by what the medium is inserted as; default iso for discs, img for sticks and floppies. */
  extensions: z
    .strictObject({
      CD: z.enum(["iso", "img"]).default("iso"),
      DVD: z.enum(["iso", "img"]).default("iso"),
      USBStick: z.enum(["iso", "img"]).default("img"),
      Floppy: z.enum(["iso", "img"]).default("img"),
    })
    .prefault({}),
  /** `ipv4`: no IPv6 address as the URL's host. */
  family: z.enum(["any", "ipv4"]).default("any"),
});

export const insert = z
  .strictObject({
    /** `auto` is the action where it is offered, else PATCH where `Allow` permits it; `oem` is the recipe. */
    method: z.enum(["auto", "action", "patch", "oem"]).default("auto"),
    /** Names of the action, best first; looked for in Actions, Actions.Oem and Oem.*.Actions of the slot. */
    action: actionNames.default(["#VirtualMedia.InsertMedia"]),
    /** Values of parameters by name, sent when `always` or an error or ActionInfo asks for them; over the driver's own, which are
     *  TransferProtocolType of the URL, TransferMethod Stream, Inserted and WriteProtected true, UserName and Password "none".
     *  Texts may hold the templates of step.ts. */
    values: z.record(parameter, z.union([z.string(), z.boolean(), z.null()])).default({}),
    /** Sent from the first try on, beside Image. */
    always: z.array(parameter).default([]),
    /** Never sent, not even when an error asks for them or PATCH needs them as a rule. */
    omit: z.array(parameter).default([]),
    /** The BMC silently replaces what a slot holds: read the slot before each insert. */
    checkFirst: z.boolean().default(false),
    /** Send an eject before each insert although the slot shows empty: a stale handle refuses the next medium. Implies `checkFirst`. */
    ejectFirst: z.boolean().default(false),
    /** Requests on the slot before each insert, such as a flag that cannot change afterwards. */
    before: steps.default([]),
    /** Wait after an accepted insert, before the first look. */
    settleMs: durationMs.default(0),
    /** A refused insert is tried again, once the slot was seen to be still empty. */
    retries: retries({ times: 3, delayMs: 3000, on: [] }),
    /** The requests of `oem`, in order. */
    recipe: z.array(step).min(1).optional(),
    /** How the CA of our https listener is offered: into the slot's Certificates, or as the parameter `Certificate`. */
    certificate: z.enum(["none", "collection", "parameter"]).default("none"),
  })
  .refine((quirk) => quirk.method !== "oem" || quirk.recipe !== undefined, { error: "method oem needs a recipe" })
  .refine(({ always, values }) => always.every((name) => name in values || ownParameters.some((own) => own === name)), {
    error: "always names a parameter without a value",
  });

export const eject = z
  .strictObject({
    /** `auto` is the action where it is offered, else PATCH; `oem` is the recipe. */
    method: z.enum(["auto", "action", "patch", "oem"]).default("auto"),
    /** As in `insert`. */
    action: actionNames.default(["#VirtualMedia.EjectMedia"]),
    /** `object` is `{}`: an absent body gets 400 or 415 from many. */
    body: z.enum(["object", "none"]).default("object"),
    /** What a PATCH sends. */
    patch: z.record(parameter, z.union([z.string(), z.boolean(), z.null()])).default({ Image: null, Inserted: false }),
    recipe: z.array(step).min(1).optional(),
    /** Wait after an accepted eject, before the first look; the next insert comes no sooner either. */
    settleMs: durationMs.default(0),
    /** While a medium is being detached, many answer 5xx. */
    retries: retries({ times: 3, delayMs: 3000, on: [500, 502, 503, 504] }),
  })
  .refine((quirk) => quirk.method !== "oem" || quirk.recipe !== undefined, { error: "method oem needs a recipe" });

export const verify = z.strictObject({
  /** How the slot's own state is awaited after an insert or an eject was accepted. */
  poll: z
    .strictObject({ intervalMs: durationMs.min(1).default(1000), timeoutMs: durationMs.default(60_000) })
    .prefault({}),
  /** False where the BMC shows no image, or another than was sent: then any medium in the slot counts. */
  echoesImage: z.boolean().default(true),
  /** The BMC shows nothing of what it was told: an accepted request is all there is, and a warning says so. */
  none: z.boolean().default(false),
});

export const prepare = z.strictObject({
  /** Run in order before the first insert into this machine and remembered as done until firmware or profile change, or a step fails. */
  steps: steps.default([]),
});

export const limits = z.strictObject({
  /** The largest image that the BMC takes. */
  maxImageBytes: z.int().positive().optional(),
  /** Unread for so long, the BMC drops a medium by itself: the gateway looks twice as often and inserts it again. */
  idleUnmountMs: z.int().min(60_000).optional(),
});
