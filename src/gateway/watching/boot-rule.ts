// Was a machine restarted behind our back? Told by the BMC's own LastResetTime, compared with what it was before: its clock need not be ours.
import type { AttachmentRecord } from "../../core/records.ts";
import type { Conversations } from "../connect.ts";
import type { GatewayDeps } from "../deps.ts";
import type { Verdict } from "./rules.ts";

/** Resets so soon after a start belong to it: firmware restarts a host by itself while it sets it up. */
const graceMs = 2 * 60_000;
/** LastResetTime has seconds, and some compute it anew from the time that the host is up. */
const jitterMs = 30_000;
/** For the machine's turn and its BMC. */
const askMs = 60_000;

type Deps = Pick<GatewayDeps, "attachments" | "clock">;

/**
 * The first start is the one with which the config drive is read, be it by the attach itself, by a power operation, or by others; the next
 * one is the time to detach. @throws what the BMC's conversation throws
 */
export const judgeBoot = async (
  deps: Deps,
  conversations: Conversations,
  attachment: AttachmentRecord,
  stopping: AbortSignal,
): Promise<Verdict> => {
  const { id, machineId, bootedAt, lastResetAt } = attachment;
  const now = deps.clock.now();
  if (bootedAt !== undefined && now - bootedAt < graceMs) return "wait";
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(askMs)]);
  const shown = await conversations.converse(machineId, { signal }, async ({ session }) =>
    session.power?.lastResetAt?.(),
  );
  if (shown === undefined) return "untold";
  if (lastResetAt === undefined) {
    await deps.attachments.update(id, { lastResetAt: shown });
    return "wait";
  }
  if (shown - lastResetAt <= jitterMs) return "wait";
  if (bootedAt !== undefined) return "due";
  await deps.attachments.update(id, { bootedAt: now, lastResetAt: undefined });
  return "wait";
};
