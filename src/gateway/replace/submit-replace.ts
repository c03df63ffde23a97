// Accepting a replacement: the new bytes are held for the operation, not for the attachment, whose own are still in front of the machine.
import { randomUUID } from "node:crypto";
import { MediabayError } from "../../core/errors.ts";
import type { Accepted, ReplaceRequest, RequestOptions } from "../../core/gateway.ts";
import type { AttachmentRecord, MachineRecord } from "../../core/records.ts";
import { requireCredential } from "../credentials.ts";
import type { SubmittingDeps } from "../deps.ts";
import { askedSource, sourceRecord, storedSource } from "../sources.ts";
import { asJson, submit } from "../submit.ts";
import type { ReplaceInput } from "./replace-work.ts";

export const notAttached = ({ id, state }: Pick<AttachmentRecord, "id" | "state">): MediabayError =>
  new MediabayError("NOT_FOUND", `The attachment ${id} is ${state}: there is nothing to replace.`, {
    attachment: id,
    hint: "Attach the new image instead.",
  });

export const submitReplace = async (
  deps: SubmittingDeps,
  attachmentId: string,
  request: ReplaceRequest,
  options: RequestOptions,
): Promise<Accepted> => {
  deps.images.check(request.source);
  await requireCredential(deps, request.source);
  const attachment = await deps.attachments.get(attachmentId);
  if (attachment.state === "detached" || attachment.state === "failed") throw notAttached(attachment);
  const machine = await deps.machines.get(attachment.machineId);
  const operationId = randomUUID();
  return accept(deps, machine, attachment, request, { ...options, operationId });
};

const accept = async (
  deps: SubmittingDeps,
  machine: MachineRecord,
  { id: attachmentId, role }: AttachmentRecord,
  { source: asked, digest, expectAgent }: ReplaceRequest,
  { operationId, ...options }: RequestOptions & { readonly operationId: string },
): Promise<Accepted> => {
  const wanted = digest === undefined ? {} : { digest };
  const guarded = expectAgent === true ? { expectAgent } : {};
  const source = await storedSource(deps, { source: asked, role, machine, holder: operationId, ...wanted });
  const input: ReplaceInput = { source, shown: sourceRecord(asked, source), ...wanted, ...guarded };
  const accepted = await submit(deps, machine, "replace", asJson(input), options, {
    attachmentId,
    operationId,
    holder: operationId,
    asked: asJson({ attachment: attachmentId, source: askedSource(asked, source), ...wanted, ...guarded }),
  });
  if (accepted.created) {
    await deps.auditLog.append({
      at: deps.clock.now(),
      actor: options.actor.name,
      action: "replace.requested",
      machineId: machine.id,
      machineName: machine.name,
      attachmentId,
      detail: { role, source: input.shown.display },
    });
  }
  return accepted;
};
