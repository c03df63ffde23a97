// Accepting work: the request becomes a durable operation before anything is promised.
import { createHash, randomUUID } from "node:crypto";
import type { Json } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { Accepted, AttachRequest, RequestOptions } from "../core/gateway.ts";
import type { NewOperation, Source } from "../core/ports.ts";
import type { AttachmentRecord, MachineRecord, SourceRecord } from "../core/records.ts";
import { redactText } from "../core/redact.ts";
import type { OperationKind } from "../core/vocabulary.ts";
import type { AttachInput } from "./attach-work.ts";
import type { SubmittingDeps } from "./deps.ts";

const readWithinDefaultMs = 300_000;

/** `asked` is what the caller sent: the same request has the same hash, whatever has been derived from it since. */
export const submit = async (
  deps: SubmittingDeps,
  machine: MachineRecord,
  kind: OperationKind,
  input: Json,
  options: RequestOptions,
  attachment?: AttachmentRecord,
  asked: Json = input,
): Promise<Accepted> => {
  const createdAt = deps.clock.now();
  const operation: NewOperation = {
    id: attachment?.operationId ?? randomUUID(),
    kind,
    machineId: machine.id,
    ...(attachment === undefined ? {} : { attachmentId: attachment.id }),
    input,
    ...(options.idempotencyKey === undefined
      ? {}
      : { idempotencyKey: options.idempotencyKey, requestHash: hashOf({ kind, machine: machine.id, asked }) }),
    deadlineAt: createdAt + (options.deadlineMs ?? deps.deadlineMs),
    createdBy: options.actor.name,
    createdAt,
  };
  const accepted = await deps.operations.submit(operation, attachment);
  const id = accepted.operation.attachmentId;
  return { ...accepted, ...(id === undefined ? {} : { attachment: await deps.attachments.get(id) }) };
};

const hashOf = (value: Json): string => createHash("sha256").update(canonical(value)).digest("hex");

/** JSON with sorted keys: the same request gives the same text. */
const canonical = (value: Json): string =>
  JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );

/**
 * A blob is decoded, checked and stored before the operation is accepted, so that a bad one is refused at once and a large one never
 * enters the journal.
 */
export const submitAttach = async (
  deps: SubmittingDeps,
  machine: MachineRecord,
  request: AttachRequest,
  options: RequestOptions,
): Promise<Accepted> => {
  deps.images.check(request.source);
  const attachmentId = randomUUID();
  const role = request.role ?? "configdrive";
  const source = await storedSource(deps, request, role, attachmentId);
  const input: AttachInput = {
    source,
    role,
    ...(request.digest === undefined ? {} : { digest: request.digest }),
    boot: request.boot ?? (role === "boot" ? "once" : "none"),
    reset: request.reset ?? false,
    ...(request.slot === undefined ? {} : { slot: request.slot }),
    force: request.force ?? false,
    readWithinMs: request.readWithinMs ?? ((request.reset ?? false) === false ? 0 : readWithinDefaultMs),
  };
  const now = deps.clock.now();
  const attachment: AttachmentRecord = {
    id: attachmentId,
    machineId: machine.id,
    machineName: machine.name,
    role,
    state: "attaching",
    source: sourceRecord(source, request.source),
    warnings: [],
    createdBy: options.actor.name,
    createdAt: now,
    updatedAt: now,
    operationId: randomUUID(),
  };
  return acceptAttach(deps, machine, input, options, attachment);
};

const acceptAttach = async (
  deps: SubmittingDeps,
  machine: MachineRecord,
  input: AttachInput,
  options: RequestOptions,
  attachment: AttachmentRecord,
): Promise<Accepted> => {
  try {
    const accepted = await submit(
      deps,
      machine,
      "attach",
      { ...input, source: { ...input.source } },
      options,
      attachment,
    );
    if (!accepted.created) await deps.images.release(attachment.id);
    if (accepted.created) await auditRequested(deps, attachment);
    return accepted;
  } catch (error) {
    await deps.images.release(attachment.id);
    throw error;
  }
};

const storedSource = async (
  deps: SubmittingDeps,
  request: AttachRequest,
  role: AttachmentRecord["role"],
  holder: string,
): Promise<Source> => {
  if (request.source.kind !== "blob") return request.source;
  const image = await deps.images.ensure({
    source: request.source,
    role,
    ...(request.digest === undefined ? {} : { expectedDigest: request.digest }),
    holder,
    signal: AbortSignal.timeout(deps.deadlineMs),
  });
  return { kind: "image", digest: image.digest };
};

const sourceRecord = (stored: Source, asked: Source): SourceRecord => {
  if (asked.kind === "uri") return { kind: "uri", display: redactText(asked.uri) };
  if (asked.kind === "blob") return { kind: "blob", display: "blob" };
  return { kind: "image", display: `image:${stored.kind === "image" ? stored.digest : asked.digest}` };
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
  options: RequestOptions & { readonly force?: boolean },
): Promise<Accepted> => {
  const ids =
    attachmentId === undefined
      ? await liveAttachments(deps, machine.id)
      : [await ownAttachment(deps, machine, attachmentId)];
  const force = options.force ?? false;
  const asked = { attachment: attachmentId ?? null, force };
  const accepted = await submit(deps, machine, "detach", { attachments: ids, force }, options, undefined, asked);
  const only = ids.length === 1 ? ids[0] : undefined;
  return only === undefined ? accepted : { ...accepted, attachment: await deps.attachments.get(only) };
};

/** The youngest first, so that a config drive goes before the boot image that it came with. */
const liveAttachments = async (deps: SubmittingDeps, machineId: string): Promise<string[]> => {
  const { items } = await deps.attachments.list(
    { limit: 100 },
    { machineId, states: ["attaching", "attached", "detaching"] },
  );
  return [...items].sort((a, b) => b.createdAt - a.createdAt).map((item) => item.id);
};

const ownAttachment = async (deps: SubmittingDeps, machine: MachineRecord, id: string): Promise<string> => {
  const attachment = await deps.attachments.get(id);
  if (attachment.machineId === machine.id) return id;
  throw new MediabayError("NOT_FOUND", `Machine ${machine.name} has no attachment ${id}.`, { machine: machine.name });
};
