// What those who look after attachments again and again have in common.
import type { AttachmentFilter, AttachmentStore } from "../../core/ports.ts";
import type { AttachmentRecord } from "../../core/records.ts";
import type { AttachmentState } from "../../core/vocabulary.ts";
import type { GatewayDeps } from "../deps.ts";

const firstDelayMs = 30_000;
const longestDelayMs = 30 * 60_000;

/** 30 s, 1 min, 2 min, … after the first, second, third failure. */
export const backOffMs = (failures: number): number =>
  Math.min(firstDelayMs * 2 ** (Math.max(1, failures) - 1), longestDelayMs);

/** Goes round until the signal; never rejects. */
export const goRound = async (
  { clock, log }: Pick<GatewayDeps, "clock" | "log">,
  failed: string,
  everyMs: number,
  watch: { round(signal: AbortSignal): Promise<void> },
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    try {
      await clock.sleep(everyMs, signal);
      await watch.round(signal);
    } catch (error) {
      if (!signal.aborted) log.warn({ error }, failed);
    }
  }
};

/** Page by page. */
export const allOf = async (
  attachments: AttachmentStore,
  filter: AttachmentFilter,
): Promise<readonly AttachmentRecord[]> => {
  const found: AttachmentRecord[] = [];
  let after: string | undefined;
  do {
    const page = await attachments.list({ limit: 1000, ...(after === undefined ? {} : { after }) }, filter);
    found.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return found;
};

/** All of these states with that member. */
export const allWith = async (
  attachments: AttachmentStore,
  has: NonNullable<AttachmentFilter["has"]>,
  states: readonly AttachmentState[],
): Promise<readonly AttachmentRecord[]> =>
  (await allOf(attachments, { states, has })).filter((item) => item[has] !== undefined);

/** Once, however often it is said. */
export const addWarning = async (
  { attachments }: Pick<GatewayDeps, "attachments">,
  id: string,
  text: string,
): Promise<void> => {
  const { warnings } = await attachments.get(id);
  if (!warnings.includes(text)) await attachments.update(id, { warnings: [...warnings, text] });
};
