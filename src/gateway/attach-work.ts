// What the steps of one attach share: its input, its attachment, its link to the machine.
import type { Json } from "../core/driver.ts";
import type { AttachRequest } from "../core/gateway.ts";
import type { OperationContext, Source } from "../core/ports.ts";
import type { AttachmentRole, ResetType } from "../core/vocabulary.ts";
import type { BootWish } from "./boot.ts";
import type { Link } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";
import { addWarning } from "./attachments.ts";

/** The operation's sealed input. */
export interface AttachInput {
  readonly source: Source;
  readonly role: AttachmentRole;
  readonly digest?: string;
  readonly boot: BootWish;
  readonly reset: boolean | ResetType;
  readonly slot?: string;
  readonly force: boolean;
  readonly readWithinMs: number;
  readonly terms?: NonNullable<AttachRequest["terms"]>;
  readonly expectAgent?: boolean;
}

export interface AttachWork {
  readonly deps: GatewayDeps;
  readonly context: OperationContext;
  readonly input: AttachInput;
  readonly attachmentId: string;
  readonly link: Link;
}

/** What every operation on one attachment has. */
export type AttachmentWork = Pick<AttachWork, "deps" | "context" | "attachmentId" | "link">;

export const audit = async (work: AttachmentWork, action: string, detail: Json, digest?: string): Promise<void> => {
  const { operation } = work.context;
  await work.deps.auditLog.append({
    at: work.deps.clock.now(),
    actor: operation.createdBy,
    action,
    machineId: operation.machineId,
    machineName: operation.machineName,
    attachmentId: work.attachmentId,
    ...(digest === undefined ? {} : { digest }),
    detail,
  });
};

/** Told in the operation's events, and kept with the attachment. */
export const warn = async (work: Omit<AttachmentWork, "link">, text: string): Promise<void> => {
  work.context.warn(text);
  await addWarning(work.deps, work.attachmentId, text);
};
