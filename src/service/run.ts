// `mediabay serve`: runs until it is told to stop. What was under way resumes at the next start.
import type { Settings } from "../settings/schema.ts";
import type { ServeOptions } from "./building.ts";
import { startMediabay } from "./start.ts";
import { untilSignalled } from "./stop-signal.ts";

export const serveUntilStopped = (settings: Settings, options: ServeOptions): Promise<void> =>
  untilSignalled(async (stopped) => {
    const running = await startMediabay(settings, options);
    await stopped;
    await running.close();
  });
