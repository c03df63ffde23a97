// Detaches by itself what was attached with a rule (detachOn): an ordinary operation, by the actor `mediabay`. The rules are in the records,
// so that a restart forgets none.
import { MediabayError } from "../../core/errors.ts";
import type { AttachmentRecord } from "../../core/records.ts";
import type { Conversations } from "../connect.ts";
import type { SubmittingDeps } from "../deps.ts";
import { submitDetach } from "../submit.ts";
import { judgeBoot } from "./boot-rule.ts";
import { addWarning, allWith } from "../attachments.ts";
import { backOffMs, goRound } from "./rounds.ts";
import { judgeReads, judgeTimer, type Verdict } from "./rules.ts";

const roundMs = 5_000;
/** A BMC is asked for its last reset less often than we look at what is known here, and one that does not tell rarely. */
const askEveryMs = 60_000;
const untoldMs = 60 * 60_000;

/** What we know beside the record, of each attachment with a rule. */
interface Watched {
  notBefore: number;
  /** Looks that failed, in a row. */
  failures: number;
  /** Detaches that failed. */
  tries: number;
  /** The detach that is under way. */
  operationId?: string;
}

export interface DetachWatch {
  /** Looks at what is due now. @throws what the stores throw; a BMC's failure is tried again later */
  round(signal: AbortSignal): Promise<void>;
}

export const createDetachWatch = (deps: SubmittingDeps, conversations: Conversations): DetachWatch => {
  const watched = new Map<string, Watched>();
  return {
    round: async (signal) => {
      const ruled = await allWith(deps.attachments, { states: ["attached"], has: "detachOn" });
      await forgetEnded(deps, watched, new Set(ruled.map(({ id }) => id)));
      await Promise.all(
        ruled.map((attachment) => look(deps, conversations, attachment, stateOf(watched, attachment), signal)),
      );
    },
  };
};

/** Until the signal; never rejects. */
export const watchDetaching = (deps: SubmittingDeps, watch: DetachWatch, signal: AbortSignal): Promise<void> =>
  goRound(deps, "a look at what is to be detached failed", roundMs, watch, signal);

/** One that is being detached is not attached just now, and may be again. */
const forgetEnded = async (
  { attachments }: SubmittingDeps,
  watched: Map<string, Watched>,
  attached: ReadonlySet<string>,
): Promise<void> => {
  for (const id of watched.keys()) {
    if (attached.has(id)) continue;
    const state = (await unlessGone(attachments.get(id)))?.state;
    if (state !== "attached" && state !== "detaching") watched.delete(id);
  }
};

/** Records are pruned some time after their end. */
const unlessGone = async <T>(record: Promise<T>): Promise<T | undefined> => {
  try {
    return await record;
  } catch (error) {
    if (error instanceof MediabayError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
};

const stateOf = (watched: Map<string, Watched>, { id }: AttachmentRecord): Watched => {
  const known = watched.get(id) ?? { notBefore: 0, failures: 0, tries: 0 };
  watched.set(id, known);
  return known;
};

const look = async (
  deps: SubmittingDeps,
  conversations: Conversations,
  attachment: AttachmentRecord,
  state: Watched,
  signal: AbortSignal,
): Promise<void> => {
  if (state.notBefore > deps.clock.now()) return;
  try {
    if (await isUnderWay(deps, attachment, state)) return;
    const verdict = await judge(deps, conversations, attachment, state, signal);
    if (verdict === "untold") await tellUntold(deps, attachment, state);
    if (verdict === "due") await detach(deps, attachment, state);
    state.failures = 0;
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof MediabayError)) throw error;
    deps.log.warn({ attachment: attachment.id, error: error.message }, "an attachment's rule could not be looked at");
    state.failures += 1;
    state.notBefore = deps.clock.now() + backOffMs(state.failures);
  }
};

const judge = async (
  deps: SubmittingDeps,
  conversations: Conversations,
  attachment: AttachmentRecord,
  state: Watched,
  signal: AbortSignal,
): Promise<Verdict> => {
  const now = deps.clock.now();
  const { detachOn, id, machineId } = attachment;
  // What is at work may put another medium in, whose time begins anew.
  if (deps.operations.busy(machineId)) return "wait";
  if (detachOn?.at === "timer") return judgeTimer(attachment, now);
  if (detachOn?.at === "read") return judgeReads(attachment, await deps.publications.reads(id), now);
  if (detachOn?.at !== "boot") return "wait";
  state.notBefore = now + askEveryMs;
  return judgeBoot(deps, conversations, attachment, signal);
};

const untold: Readonly<Record<string, string>> = {
  read: "This BMC copies the whole image, so that what the host reads of it cannot be told: it is not detached by the rule `read`. Detach it, or use `timer` or `boot`.",
  boot: "This BMC does not tell when its machine was last reset: only a reset through this gateway counts for the rule `boot`.",
};

const tellUntold = async (deps: SubmittingDeps, { id, detachOn }: AttachmentRecord, state: Watched): Promise<void> => {
  // What is read later may tell; a BMC learns nothing new.
  state.notBefore = deps.clock.now() + (detachOn?.at === "read" ? askEveryMs : untoldMs);
  const text = untold[detachOn?.at ?? ""];
  if (text !== undefined) await addWarning(deps, id, text);
};

/**
 * Of the medium that was judged, not of one that a replacement puts in before the detach begins. The key is the same after a restart: what
 * was accepted before is not accepted again.
 */
const detach = async (deps: SubmittingDeps, attachment: AttachmentRecord, state: Watched): Promise<void> => {
  const machine = await deps.machines.get(attachment.machineId);
  const { attachedAt = null } = attachment;
  const { operation } = await submitDetach(deps, machine, attachment.id, {
    actor: { name: "mediabay", role: "operator" },
    idempotencyKey: `detach-on-${attachment.id}-${attachedAt ?? 0}-${state.tries}`,
    attachedAt,
  });
  deps.log.info(
    { attachment: attachment.id, machine: machine.name, rule: attachment.detachOn?.at },
    "detaching by rule",
  );
  state.operationId = operation.id;
};

/** Of the detach that we asked for. One that failed is asked for again, later. */
const isUnderWay = async (deps: SubmittingDeps, { id }: AttachmentRecord, state: Watched): Promise<boolean> => {
  if (state.operationId === undefined) return false;
  const operation = await unlessGone(deps.journal.get(state.operationId));
  const { state: how, error } = operation ?? {};
  if (how === "queued" || how === "running" || how === "compensating") return true;
  delete state.operationId;
  if (operation === undefined) return false;
  if (how === "succeeded") return true;
  state.tries += 1;
  state.notBefore = deps.clock.now() + backOffMs(state.tries);
  const why = error?.message ?? "it was cancelled.";
  await addWarning(deps, id, `It was to be detached by its rule, which failed and is tried again: ${why}`);
  return true;
};
