// At start: what a crash may have left without an owner is found and cleaned before anything is served.
import { MediabayError } from "../core/errors.ts";
import { liveStates } from "../core/vocabulary.ts";
import { allOf } from "./attachments.ts";
import type { Conversations } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";

/** Withdraws the publications and releases the images that neither a live attachment nor an unfinished operation needs. */
export const sweep = async (deps: GatewayDeps): Promise<void> => {
  const kept = await liveAttachments(deps);
  for (const operation of await deps.journal.unfinished()) {
    kept.add(operation.id);
    if (operation.attachmentId !== undefined) kept.add(operation.attachmentId);
  }
  for (const publication of deps.publications.list()) {
    if (kept.has(publication.attachmentId)) continue;
    deps.log.warn({ attachment: publication.attachmentId }, "withdrawing a publication without an attachment");
    await deps.publications.withdraw(publication.attachmentId);
  }
  await deps.images.sweep((holder) => holder === "manual" || kept.has(holder));
};

const liveAttachments = async ({ attachments }: GatewayDeps): Promise<Set<string>> =>
  new Set((await allOf(attachments, { states: liveStates })).map(({ id }) => id));

const perMachineMs = 60_000;

/** Ends the BMC sessions that a crash left open: a conversation does so before anything else. One that fails stays stored for the next. */
export const endLeftSessions = async (deps: GatewayDeps, conversations: Conversations): Promise<void> => {
  for (const machineId of await deps.machines.withOpenSession()) {
    try {
      const signal = AbortSignal.timeout(perMachineMs);
      await conversations.converse(machineId, { signal }, () => Promise.resolve());
    } catch (error) {
      const why = error instanceof MediabayError ? error.message : "unknown";
      deps.log.warn({ machine: machineId, error: why }, "a BMC session that a crash left open could not be ended");
    }
  }
};
