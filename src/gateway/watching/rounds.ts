// What those who look after attachments again and again have in common.
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
