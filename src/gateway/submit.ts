// Accepting work: the request becomes a durable operation before anything is promised.
import { createHash, randomUUID } from "node:crypto";
import type { Json } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { Accepted, AttachRequest, RequestOptions } from "../core/gateway.ts";
import type { NewOperation } from "../core/ports.ts";
import type { AttachmentRecord, MachineRecord } from "../core/records.ts";
import { liveStates, type OperationKind } from "../core/vocabulary.ts";
import type { AttachInput } from "./attach-work.ts";
import { requireCredential } from "./credentials.ts";
import type { SubmittingDeps } from "./deps.ts";
import type { DetachInput } from "./detach.ts";
import { askedSource, sourceRecord, storedSource } from "./sources.ts";
import { releaseQuietly } from "./unbegun.ts";
import { checkDetachRule } from "./watching/rules.ts";

const readWithinDefaultMs = 300_000;

export interface Subject {
  /** What the operation begins. */
  readonly attachment?: AttachmentRecord;
  /** What it works on, of those that exist; and the operation's own id, where it is needed before. */
  readonly attachmentId?: string;
  readonly operationId?: string;
  /** Of what was stored for it, which is given back where it is not accepted. */
  readonly holder?: string;
  /** What the caller sent: the same request has the same hash, whatever has been derived from it since. */
  readonly asked?: Json;
}

export const submit = async (
  deps: SubmittingDeps,
  machine: MachineRecord,
  kind: OperationKind,
  input: Json,
  options: RequestOptions,
  subject: Subject = {},
): Promise<Accepted> => {
  const { attachment, attachmentId = attachment?.id, operationId = attachment?.operationId, asked = input } = subject;
  const createdAt = deps.clock.now();
  const operation: NewOperation = {
    id: operationId ?? randomUUID(),
    kind,
    machineId: machine.id,
    ...(attachmentId === undefined ? {} : { attachmentId }),
    input,
    ...(options.idempotencyKey === undefined
      ? {}
      : { idempotencyKey: options.idempotencyKey, requestHash: hashOf({ kind, machine: machine.id, asked }) }),
    deadlineAt: createdAt + (options.deadlineMs ?? deps.deadlineMs),
    createdBy: options.actor.name,
    createdAt,
  };
  const accepted = await accept(deps, operation, subject);
  const id = accepted.operation.attachmentId;
  return { ...accepted, ...(id === undefined ? {} : { attachment: await deps.attachments.get(id) }) };
};

const accept = async (
  deps: SubmittingDeps,
  operation: NewOperation,
  { attachment, holder }: Subject,
): Promise<Accepted> => {
  let isNew = false;
  try {
    const accepted = await deps.operations.submit(operation, attachment);
    isNew = accepted.created;
    return accepted;
  } finally {
    if (!isNew && holder !== undefined) await releaseQuietly(deps, holder);
  }
};

const hashOf = (value: Json): string => createHash("sha256").update(canonical(value)).digest("hex");

/** JSON with sorted keys: the same request gives the same text. */
const canonical = (value: Json): string =>
  JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );

export const submitAttach = async (
  deps: SubmittingDeps,
  machine: MachineRecord,
  request: AttachRequest,
  options: RequestOptions,
): Promise<Accepted> => {
  deps.images.check(request.source);
  await requireCredential(deps, request.source);
  const { detachOn } = request;
  checkDetachRule(detachOn);
  const attachmentId = randomUUID();
  const { role = "configdrive", digest } = request;
  const named = { source: request.source, role, machine, holder: attachmentId };
  const source = await storedSource(deps, { ...named, ...(digest === undefined ? {} : { digest }) });
  const input = inputOf(request, role, source);
  const now = deps.clock.now();
  const attachment: AttachmentRecord = {
    id: attachmentId,
    machineId: machine.id,
    machineName: machine.name,
    role,
    state: "attaching",
    source: sourceRecord(request.source, source),
    ...(detachOn === undefined || detachOn.at === "never" ? {} : { detachOn }),
    warnings: [],
    createdBy: options.actor.name,
    createdAt: now,
    updatedAt: now,
    operationId: randomUUID(),
  };
  const asked = { ...input, source: askedSource(request.source, source), ...(detachOn && { detachOn }) };
  return acceptAttach(deps, machine, input, options, { attachment, asked: asJson(asked) });
};

/** Members that the request does not have stay out of it: they would change its hash. */
const inputOf = (request: AttachRequest, role: AttachInput["role"], source: AttachInput["source"]): AttachInput => {
  const { digest, slot, terms, expectAgent, reset = false } = request;
  return {
    source,
    role,
    ...(digest === undefined ? {} : { digest }),
    boot: request.boot ?? (role === "boot" ? "once" : "none"),
    reset,
    ...(slot === undefined ? {} : { slot }),
    force: request.force ?? false,
    readWithinMs: request.readWithinMs ?? (reset === false ? 0 : readWithinDefaultMs),
    ...(terms === undefined || Object.keys(terms).length === 0 ? {} : { terms }),
    ...(expectAgent === true ? { expectAgent } : {}),
  };
};

/** What is made of JSON is JSON again. */
export const asJson = (value: object): Json => JSON.parse(JSON.stringify(value)) as Json;

const acceptAttach = async (
  deps: SubmittingDeps,
  machine: MachineRecord,
  input: AttachInput,
  options: RequestOptions,
  { attachment, asked }: { readonly attachment: AttachmentRecord; readonly asked: Json },
): Promise<Accepted> => {
  const subject = { attachment, holder: attachment.id, asked };
  const accepted = await submit(deps, machine, "attach", asJson(input), options, subject);
  if (accepted.created) await auditRequested(deps, attachment);
  return accepted;
};

const auditRequested = (deps: SubmittingDeps, attachment: AttachmentRecord): Promise<void> =>
  deps.auditLog.append({
    at: attachment.createdAt,
    actor: attachment.createdBy,
    action: "attach.requested",
    machineId: attachment.machineId,
    machineName: attachment.machineName,
    attachmentId: attachment.id,
    detail: { role: attachment.role, source: attachment.source.display },
  });

export const submitDetach = async (
  deps: SubmittingDeps,
  machine: MachineRecord,
  attachmentId: string | undefined,
  options: RequestOptions & Pick<DetachInput, "attachedAt"> & { readonly force?: boolean },
): Promise<Accepted> => {
  const ids =
    attachmentId === undefined
      ? await liveAttachments(deps, machine.id)
      : [await ownAttachment(deps, machine, attachmentId)];
  const { force = false, attachedAt } = options;
  const asked = { attachment: attachmentId ?? null, force };
  const input: DetachInput = { attachments: ids, force, ...(attachedAt === undefined ? {} : { attachedAt }) };
  const accepted = await submit(deps, machine, "detach", asJson(input), options, { asked });
  const only = ids.length === 1 ? ids[0] : undefined;
  return only === undefined ? accepted : { ...accepted, attachment: await deps.attachments.get(only) };
};

/** The youngest first, so that a config drive goes before the boot image that it came with. */
const liveAttachments = async (deps: SubmittingDeps, machineId: string): Promise<string[]> => {
  const { items } = await deps.attachments.list({ limit: 100 }, { machineId, states: liveStates });
  return [...items].sort((a, b) => b.createdAt - a.createdAt).map((item) => item.id);
};

const ownAttachment = async (deps: SubmittingDeps, machine: MachineRecord, id: string): Promise<string> => {
  const attachment = await deps.attachments.get(id);
  if (attachment.machineId === machine.id) return id;
  throw new MediabayError("NOT_FOUND", `Machine ${machine.name} has no attachment ${id}.`, { machine: machine.name });
};
