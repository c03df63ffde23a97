// The terms of publications: what they may be, and when they are over.
import type { Clock } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { Publications, PublicationTerms, PublishRequest } from "../../core/ports.ts";
import { type LearnDeps, tryToLearn } from "./learn.ts";
import type { LivePublication } from "./live.ts";

/** `expired`: the time limit. `read`: so many full reads. */
export type EndReason = "expired" | "read";

/** A clock that is set back or forward is noticed within this time; a sleep for months is none. */
const longestSleepMs = 60_000;

/**
 * @throws MediabayError INVALID_REQUEST (over before they begin), BMC_UNREACHABLE (for the BMC alone, whose address nobody knows)
 */
export const checkTerms = (
  { terms = {} }: Pick<PublishRequest, "terms">,
  bmcAddresses: readonly string[],
  now: number,
): void => {
  const { expiresAt, fullReads, onlyBmc } = terms;
  if (expiresAt !== undefined && expiresAt <= now) {
    const message = "The publication's time limit (terms.expiresInMs, `--expires`) has passed before it could begin.";
    throw new MediabayError("INVALID_REQUEST", message, { field: "terms.expiresInMs", expiresAt });
  }
  if (fullReads !== undefined && (!Number.isInteger(fullReads) || fullReads < 1)) {
    const message = "terms.fullReads (`--full-reads`): a publication can be read in full once or more often.";
    throw new MediabayError("INVALID_REQUEST", message, { field: "terms.fullReads", fullReads });
  }
  if (onlyBmc && bmcAddresses.length === 0) {
    const hint = "Give the endpoint an address, or a name that resolves, or do without binding to the BMC.";
    throw new MediabayError("BMC_UNREACHABLE", "The image is for this BMC alone, but its address is not known.", {
      hint,
    });
  }
};

/** Why it is to end; undefined while it is not. Full reads are known once the image is. */
export const dueEnd = ({ record, reads }: LivePublication, now: number): EndReason | undefined => {
  const { expiresAt, fullReads } = record.terms ?? {};
  if (expiresAt !== undefined && expiresAt <= now) return "expired";
  return fullReads !== undefined && reads.fullReads >= fullReads ? "read" : undefined;
};

/** With the full reads that are left. */
export const termsLeft = async (
  deps: LearnDeps & { readonly clock: Clock },
  live: LivePublication | undefined,
): ReturnType<Publications["termsLeft"]> => {
  if (live?.record.terms === undefined) return undefined;
  await tryToLearn(deps, live);
  const { terms, endedAt } = live.record;
  if (endedAt !== undefined || dueEnd(live, deps.clock.now()) !== undefined) return "over";
  if (terms?.fullReads === undefined) return terms;
  return { ...terms, fullReads: terms.fullReads - live.reads.fullReads };
};

/** Why what ended then did. */
export const endOf = ({ expiresAt = Infinity }: PublicationTerms = {}, endedAt: number): EndReason =>
  endedAt >= expiresAt ? "expired" : "read";

/** Ends what expires, when it expires. */
export class Expiry {
  readonly #clock: Clock;
  readonly #served: () => Iterable<LivePublication>;
  readonly #end: (live: LivePublication, why: EndReason) => void;
  #sleep = new AbortController();
  #isClosed = false;
  #running: Promise<void> | undefined;

  constructor(
    clock: Clock,
    served: () => Iterable<LivePublication>,
    end: (live: LivePublication, why: EndReason) => void,
  ) {
    this.#clock = clock;
    this.#served = served;
    this.#end = end;
  }

  /** There is a publication more. */
  wake(): void {
    if (this.#isClosed || this.#next() === undefined) return;
    this.#sleep.abort();
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sleep.abort();
    await this.#running;
  }

  #next(): number | undefined {
    const dates = [...this.#served()].map(({ record }) => record.terms?.expiresAt).filter((at) => at !== undefined);
    return dates.length === 0 ? undefined : Math.min(...dates);
  }

  async #run(): Promise<void> {
    for (let next = this.#next(); next !== undefined && !this.#isClosed; next = this.#next()) {
      this.#sleep = new AbortController();
      const forMs = Math.min(longestSleepMs, Math.max(0, next - this.#clock.now()));
      await Promise.allSettled([this.#clock.sleep(forMs, this.#sleep.signal)]);
      const now = this.#clock.now();
      for (const live of this.#served()) if (dueEnd(live, now) === "expired") this.#end(live, "expired");
    }
    this.#running = undefined;
  }
}
