// Watches what a BMC reads of its publication. "Inserted" without a single byte read is a failure with a name.
import type { Json } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { GatewayDeps } from "./deps.ts";

const pollMs = 500;

export interface WatchOptions {
  readonly withinMs: number;
  readonly signal: AbortSignal;
  readonly progress: (data: Json) => void;
}

/**
 * Resolves at the first byte read of this publication, also one read before the watch began: some BMCs fetch the whole image at insert.
 * Its URL is known to the BMC alone, which may be behind NAT: another address's read is one too, and is named in `strangers`.
 * @throws MediabayError MEDIUM_NOT_READ after `withinMs`
 */
export const waitUntilRead = async (
  deps: Pick<GatewayDeps, "publications" | "clock">,
  attachmentId: string,
  { withinMs, signal, progress }: WatchOptions,
): Promise<{ readonly requests: number; readonly coveredBytes: number; readonly strangers?: readonly string[] }> => {
  const until = deps.clock.monotonic() + withinMs;
  for (;;) {
    const reads = await deps.publications.reads(attachmentId);
    const { requests, coveredBytes, strangers } = reads;
    if (coveredBytes > 0) return { requests, coveredBytes };
    if (strangers !== undefined && strangers.bytesSent > 0)
      return { requests: strangers.requests, coveredBytes, strangers: strangers.remotes };
    if (deps.clock.monotonic() >= until) {
      throw new MediabayError(
        "MEDIUM_NOT_READ",
        `The BMC shows the medium as inserted but has read nothing of it within ${withinMs} ms.`,
        { withinMs },
      );
    }
    progress({ coveredBytes: 0 });
    await deps.clock.sleep(pollMs, signal);
  }
};
