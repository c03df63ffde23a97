// `mediabay serve`: runs until it is told to stop. A second signal ends it at once; what was under way resumes at the next start.
import type { Settings } from "../settings/schema.ts";
import type { ServeOptions } from "./building.ts";
import { startMediabay } from "./start.ts";

const signals = ["SIGTERM", "SIGINT"] as const;

export const serveUntilStopped = async (settings: Settings, options: ServeOptions): Promise<void> => {
  const stop = Promise.withResolvers<void>();
  const onSignal = (): void => stop.resolve();
  for (const signal of signals) process.once(signal, onSignal);
  const running = await startMediabay(settings, options);
  await stop.promise;
  for (const signal of signals) process.removeListener(signal, onSignal);
  await running.close();
};
