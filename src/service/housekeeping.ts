// What a running service does by itself: gauges at each scrape, and forgetting what ended long ago.
import type { Store } from "../store/open-store.ts";
import { attachmentStates } from "../core/vocabulary.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Building } from "./building.ts";
import type { ImageSide } from "./image-side.ts";

const pruneEveryMs = 6 * 3_600_000;
const keepEndedMs = 30 * 24 * 3_600_000;

export const keepHouse = (building: Building, store: Store, { publications }: ImageSide, metrics: Metrics): void => {
  const { log, undo } = building;
  metrics.setSources({
    machines: () => store.machines.count(),
    attachments: () => countAttachments(store),
    publications: () => publications.list().filter(({ endedAt }) => endedAt === undefined).length,
    onError: (error) => log.warn({ error }, "a gauge could not be read"),
  });
  const stopping = new AbortController();
  const pruning = pruneUntil(building, store, stopping.signal);
  undo.push(async () => {
    stopping.abort();
    await pruning;
  });
};

const countAttachments = async (store: Store): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const state of attachmentStates) counts[state] = await store.attachments.count(state);
  return counts;
};

const pruneUntil = async ({ clock, log }: Building, store: Store, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    try {
      await clock.sleep(pruneEveryMs, signal);
      log.info(await store.prune(clock.now() - keepEndedMs), "pruned what ended long ago");
    } catch (error) {
      if (!signal.aborted) log.warn({ error }, "pruning failed");
    }
  }
};
