// What a BMC shows of itself, its slots, its boot override and its power, as core/driver.ts and core/gateway.ts have it.
import { z } from "zod";
import { type ErrorCode, errorTable } from "../../core/errors.ts";
import {
  bootEnabledValues,
  attachmentRoles,
  bootModes,
  confidences,
  fitVerdicts,
  imageFormats,
  insertMethods,
  mediaTypes,
  powerStates,
  protocols,
  recordingFiles,
  resetTypes,
} from "../../core/vocabulary.ts";

const text = z.string();
const maybeText = text.exactOptional();
const texts = z.array(text);
const count = z.number().int().min(0);
const errorCodes = Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]];

export const identity = z
  .object({
    protocol: z.enum(protocols),
    vendor: maybeText,
    product: maybeText,
    protocolVersion: maybeText,
    oem: texts,
    managerModel: maybeText,
    firmwareVersion: maybeText,
    systemManufacturer: maybeText,
    systemModel: maybeText,
    systemId: maybeText,
    uuid: maybeText,
    serialNumber: maybeText,
  })
  .meta({ id: "Identity" });

export const slotState = z
  .object({
    inserted: z.boolean(),
    image: maybeText,
    imageName: maybeText,
    writeProtected: z.boolean().exactOptional(),
    connectedVia: maybeText,
    unverified: z.literal(true).exactOptional(),
  })
  .meta({ id: "SlotState" });

const slot = z.object({
  id: text,
  mediaTypes: z.array(z.enum(mediaTypes)),
  urlCapable: z.boolean(),
  state: slotState.exactOptional(),
});

export const bootOverride = z
  .object({ target: text, enabled: z.enum(bootEnabledValues), mode: z.enum(bootModes).exactOptional() })
  .meta({ id: "BootOverride" });

export const bootView = z.object({ override: bootOverride, targets: texts }).meta({ id: "BootView" });

export const powerView = z
  .object({ state: z.enum(powerStates), resetTypes: z.array(z.enum(resetTypes)) })
  .meta({ id: "PowerView" });

export const mediaView = z
  .object({
    slots: z.array(
      slot.extend({
        attachmentId: maybeText,
        leftover: z
          .literal(true)
          .exactOptional()
          .describe("It was ours, and nothing is served under its URL any more."),
        alike: z
          .literal(true)
          .exactOptional()
          .describe("Its URL has the form of ours, but no address of ours: it may be another gateway's."),
      }),
    ),
  })
  .meta({ id: "MediaView" });

const plannedRequest = z
  .object({ method: z.enum(["POST", "PATCH", "PUT", "DELETE"]), path: text })
  .meta({ id: "PlannedRequest" });

export const fitness = z
  .object({
    verdict: z.enum(fitVerdicts).describe("Would an attach succeed? `unknown`: what decides it cannot be seen now."),
    code: z.enum(errorCodes).exactOptional().describe("What an attach would fail with as things are."),
    reason: maybeText,
    hint: maybeText,
  })
  .meta({ id: "Fitness" });

const slotUrl = z.object({
  transports: z
    .array(z.object({ scheme: text, served: z.boolean() }))
    .describe("Best first. `served`: our image plane offers it to this BMC; nfs and cifs never are."),
  maxLength: count.exactOptional(),
  forbidden: text.exactOptional().describe("Characters that must not be in the URL."),
  family: z.enum(["any", "ipv4"]).exactOptional(),
});

const extension = z.enum(["iso", "img"]);

export const attachPlan = z
  .object({
    role: z.enum(attachmentRoles),
    format: z.enum(imageFormats),
    fitness,
    slot: maybeText,
    otherwise: texts.exactOptional().describe("Slots that are tried next where the BMC refuses that one."),
    mediaType: z.enum(mediaTypes).exactOptional(),
    extension: extension.exactOptional(),
    scheme: maybeText,
    insert: z
      .object({
        method: z.enum(insertMethods),
        requests: z.array(plannedRequest).describe("In order; the BMC may ask for repeats of the last."),
        parameters: texts.describe("Sent beside the image's URL from the first try on."),
      })
      .exactOptional(),
  })
  .describe("What an attach of a small image would do now. Slot and request are there where the verdict is `yes`.")
  .meta({ id: "AttachPlan" });

const limits = z.object({
  maxConcurrent: count.exactOptional().describe("Media at a time, over all slots."),
  idleUnmountMs: count.exactOptional().describe("Unread for so long, a medium is dropped by the BMC."),
  extensions: z.record(z.enum(mediaTypes), extension).exactOptional(),
  maxImageBytes: count.exactOptional(),
});

const probeProfile = z.object({
  id: text,
  title: text,
  rule: maybeText,
  confidence: z.enum(confidences).exactOptional(),
  notes: texts,
  why: texts,
});

export const probeReport = z
  .object({
    fitness,
    identity,
    profile: probeProfile,
    slots: z.array(slot.extend({ url: slotUrl.exactOptional() })),
    limits,
    boot: bootView
      .extend({
        bootsFrom: z.partialRecord(z.enum(mediaTypes), text).describe("The override that boots a medium of this type."),
      })
      .exactOptional(),
    power: powerView.exactOptional(),
    can: z.object({ media: z.boolean(), boot: z.boolean(), power: z.boolean() }),
    preparation: z.array(plannedRequest).describe("What an attach would do first, once, to make the BMC ready."),
    plans: z.array(attachPlan).describe("For a config drive, one a format."),
    exchanges: count,
    warnings: texts,
  })
  .meta({ id: "ProbeReport" });

const namedTexts = <N extends string>(names: readonly N[]) =>
  Object.fromEntries(names.map((name) => [name, text])) as Record<N, typeof text>;

export const recording = z
  .object({ files: z.object(namedTexts(recordingFiles)), resources: z.number().int().min(0), notes: texts })
  .meta({ id: "Recording" });
