// What the records of core/records.ts look like in answers: for the OpenAPI document, and for tests to hold answers to.
import { z } from "zod";
import { errorTable } from "../../core/errors.ts";
import type { ErrorCode } from "../../core/errors.ts";
import {
  attachmentRoles,
  attachmentStates,
  credentialKinds,
  detachTimes,
  imageFormats,
  mediaTypes,
  operationKinds,
  operationStates,
  protocols,
  rearmTimes,
  resetTypes,
  roles,
  stepStates,
  tlsLevels,
  tlsModes,
} from "../../core/vocabulary.ts";
import { bootOverride, identity, slotState } from "./hardware.ts";
import { reads } from "./reads.ts";

const text = z.string();
const maybeText = text.exactOptional();
const count = z.number().int().min(0);
const date = z.iso.datetime();
const maybeDate = date.exactOptional();
const texts = z.array(text);
const json = z.unknown();

const errorCodes = Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]];
const errorContext = z.record(text, json);

const errorRecord = z
  .object({ code: z.enum(errorCodes), message: text, hint: text, context: errorContext })
  .meta({ id: "Error" });

const endpoint = z
  .object({
    protocol: z.enum([...protocols, "auto"]),
    address: text,
    tls: z.object({ mode: z.enum(tlsModes), level: z.enum(tlsLevels), ca: maybeText, fingerprint: maybeText }),
    system: maybeText,
    imageHost: maybeText,
    hasCredentials: z.boolean(),
  })
  .meta({ id: "Endpoint" });

export const machine = z
  .object({
    id: text,
    name: text,
    labels: z.record(text, text),
    endpoints: z.array(endpoint),
    identity: identity.exactOptional(),
    createdAt: date,
    updatedAt: date,
  })
  .meta({ id: "Machine" });

export const image = z
  .object({
    digest: text,
    sizeBytes: count,
    format: z.enum(imageFormats),
    label: maybeText,
    createdAt: date,
    lastUsedAt: date,
    references: count,
    published: count,
  })
  .meta({ id: "Image" });

export const credential = z
  .object({
    name: text,
    kind: z.enum(credentialKinds),
    destinations: texts.describe(
      "Where it goes: origins, endpoint, or Keystone, whose token goes to the object store that its catalog names.",
    ),
    createdAt: date,
    updatedAt: date,
  })
  .meta({ id: "Credential" });

export const attachment = z
  .object({
    id: text,
    machineId: text,
    machineName: text,
    role: z.enum(attachmentRoles),
    state: z.enum(attachmentStates),
    source: z.object({ kind: z.enum(["uri", "blob", "configdrive", "image"]), display: text }),
    digest: maybeText,
    sizeBytes: count.exactOptional(),
    format: z.enum(imageFormats).exactOptional(),
    slot: maybeText,
    mediaType: z.enum(mediaTypes).exactOptional(),
    observed: slotState.exactOptional(),
    observedAt: maybeDate,
    idleUnmountMs: z.number().exactOptional(),
    boot: bootOverride.exactOptional(),
    rearm: z.enum(rearmTimes).exactOptional(),
    reset: z.enum(resetTypes).exactOptional(),
    reads: reads.exactOptional(),
    detachOn: z.object({ at: z.enum(detachTimes), afterMs: count.exactOptional() }).exactOptional(),
    attachedAt: maybeDate,
    bootedAt: maybeDate.describe("With `detachOn` `boot`: when its machine first started with it."),
    lastResetAt: maybeDate.describe("By the BMC's clock, before the reset that is waited for."),
    terms: z
      .object({
        expiresAt: maybeDate,
        expiresInMs: count.exactOptional().describe("As asked for: what replaces the image has it anew."),
        fullReads: count.exactOptional(),
        onlyBmc: z.boolean().exactOptional(),
      })
      .exactOptional()
      .describe("Of its publication."),
    leftIn: maybeText.describe("The BMC may still hold the medium in this slot."),
    leftMark: maybeText.describe("SHA-256 of the URL of that medium."),
    warnings: texts,
    error: errorRecord.exactOptional(),
    createdBy: text,
    createdAt: date,
    updatedAt: date,
    operationId: text,
  })
  .meta({ id: "Attachment" });

const step = z
  .object({
    name: text,
    title: text,
    state: z.enum(stepStates),
    attempts: count,
    startedAt: date,
    endedAt: maybeDate,
    error: errorRecord.exactOptional(),
  })
  .meta({ id: "Step" });

export const operation = z
  .object({
    id: text,
    kind: z.enum(operationKinds),
    machineId: text,
    machineName: text,
    attachmentId: maybeText,
    state: z.enum(operationStates),
    steps: z.array(step),
    result: json.exactOptional(),
    error: errorRecord.exactOptional(),
    cancelRequested: z.boolean(),
    deadlineAt: maybeDate,
    createdBy: text,
    createdAt: date,
    startedAt: maybeDate,
    endedAt: maybeDate,
  })
  .meta({ id: "Operation" });

export const accepted = z
  .object({
    operation,
    attachment: attachment.exactOptional(),
    created: z.boolean().describe("False when an idempotency key answered an earlier request."),
  })
  .meta({ id: "Accepted" });

export const audit = z
  .object({
    seq: count,
    at: date,
    actor: text,
    action: text,
    machineId: maybeText,
    machineName: maybeText,
    attachmentId: maybeText,
    digest: maybeText,
    detail: json,
  })
  .meta({ id: "AuditEntry" });

export const token = z
  .object({ id: text, name: text, role: z.enum(roles), createdAt: date, lastUsedAt: maybeDate })
  .meta({ id: "Token" });
export const newTokenAnswer = z
  .object({ token: text.describe("Shown only now."), record: token })
  .meta({ id: "NewTokenAnswer" });

export const health = z
  .object({ status: text, checks: z.record(text, z.boolean()).exactOptional() })
  .meta({ id: "Health" });

/** RFC 9457 with our code and hint. */
export const problem = z
  .object({
    type: text.describe("`urn:mediabay:error:CODE`"),
    title: text,
    status: count,
    detail: text,
    code: z.enum(errorCodes),
    hint: text,
    instance: text,
    context: errorContext.exactOptional(),
    operation: operation.exactOptional().describe("With `Prefer: wait=N`: the operation that failed."),
  })
  .meta({ id: "Problem" });

/** A page of `item`s; `next` is the following page's `after`. */
export const pageOf = (item: z.ZodType) => z.object({ items: z.array(item), next: maybeText });
