// An event stream that survives restarts of the gateway: reconnects after the last event it saw, until `end`.
import type { RestClient } from "../client.ts";
import { Failure } from "../failure.ts";
import type { ServerEvent } from "./event-stream.ts";

/** Between reconnections: about a minute in all, then the gateway counts as gone. */
const backoffMs = [250, 500, 1000, 2000, ...Array.from({ length: 12 }, () => 5000)];

const mayComeBack = (error: unknown): boolean =>
  error instanceof Failure && (error.exit === "unreachable" || error.problem.status === 503);

/**
 * Resolves after the event `end`. `after` undefined begins with what happens from now on, `"0"` with the first event stored.
 * @throws Failure when the gateway stays away for a minute, or refuses; the signal's reason
 */
export const watchEvents = async (
  client: RestClient,
  path: string,
  after: string | undefined,
  signal: AbortSignal,
  tell: (event: ServerEvent) => void,
): Promise<void> => {
  let place = after;
  let failures = 0;
  for (;;) {
    try {
      for await (const event of client.events(path, place, signal)) {
        failures = 0;
        place = event.id ?? place;
        tell(event);
        if (event.type === "end") return;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!mayComeBack(error) || failures >= backoffMs.length) throw error;
    }
    failures += 1;
    await client.clock.sleep(backoffMs[Math.min(failures, backoffMs.length) - 1] ?? 0, signal);
  }
};
