// The last full read that a publication's terms allow: its end is durable before its last bytes are sent, so that no crash lets the image be
// read once more. Where the transfer breaks off after all, the end is taken back.
import type { Clock } from "../../core/driver.ts";
import type { Log, PublicationCatalog } from "../../core/ports.ts";
import type { ByteRange } from "../../core/records.ts";
import type { LivePublication } from "./live.ts";
import type { Turns } from "./turns.ts";

/** The last step of one response. */
export interface LastStep {
  /** Resolves when its bytes may be sent. */
  readonly ready: Promise<void>;
  /** The response is over, and its read noted. */
  over(): void;
}

export interface LastReadDeps {
  readonly catalog: Pick<PublicationCatalog, "end" | "reopen">;
  readonly clock: Clock;
  readonly log: Log;
}

export class LastReads {
  readonly #deps: LastReadDeps;
  readonly #turns: Turns;
  readonly #isServed: (live: LivePublication) => boolean;

  constructor(deps: LastReadDeps, turns: Turns, isServed: (live: LivePublication) => boolean) {
    this.#deps = deps;
    this.#turns = turns;
    this.#isServed = isServed;
  }

  /** The BMC is about to be sent the last bytes of `[from, to)`. Undefined where that ends nothing. */
  begin(live: LivePublication, range: ByteRange): LastStep | undefined {
    const { fullReads } = live.record.terms ?? {};
    if (fullReads === undefined) return undefined;
    live.lastSteps.add(range);
    const step = Promise.withResolvers<void>();
    const ready = this.#endAhead(live, fullReads, range, step.promise);
    return {
      ready,
      over: () => {
        live.lastSteps.delete(range);
        step.resolve();
      },
    };
  }

  async #endAhead(live: LivePublication, fullReads: number, range: ByteRange, over: Promise<void>): Promise<void> {
    const wouldEnd = (): boolean => live.lastSteps.has(range) && live.reads.wouldReach(fullReads, [...live.lastSteps]);
    if (!wouldEnd()) return;
    // One at a time: the next may find that it is over, or that it is not.
    while (live.ending) await live.ending;
    if (!wouldEnd() || !this.#isServed(live)) return;
    live.ending = over.then(() => this.#takeBack(live)).finally(() => (live.ending = undefined));
    const { attachmentId } = live.record;
    await this.#write(live, () => this.#deps.catalog.end(attachmentId, this.#deps.clock.now()));
  }

  /** Unless it has ended. */
  async #takeBack(live: LivePublication): Promise<void> {
    if (!this.#isServed(live)) return;
    await this.#write(live, () => this.#deps.catalog.reopen(live.record.attachmentId));
  }

  #write(live: LivePublication, work: () => Promise<void>): Promise<void> {
    return this.#turns.take(live.record.attachmentId, async () => {
      try {
        await work();
      } catch (error) {
        const { attachmentId } = live.record;
        this.#deps.log.warn({ error, attachmentId }, "the end of a publication could not be stored");
      }
    });
  }
}
