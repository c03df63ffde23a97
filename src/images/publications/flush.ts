// Writes reads to the catalog a second after they were made, those that prove something at once, and tells what they prove.
import type { Clock } from "../../core/driver.ts";
import type { Log, PublicationCatalog } from "../../core/ports.ts";
import type { ReadNews } from "../reads/read-log.ts";
import type { Published } from "./book.ts";
import type { LivePublication } from "./live.ts";
import { Turns } from "./turns.ts";

export interface FlushDeps {
  readonly catalog: Pick<PublicationCatalog, "addReads">;
  readonly clock: Clock;
  readonly log: Log;
  /** After what it rests on is durable. */
  onNews?(published: Published, news: ReadNews): void;
}

const flushMs = 1000;
/** Rows a publication adds per flush at most; a random reader's rest waits, and is joined meanwhile. */
const rowsPerFlush = 1000;

export class ReadFlusher {
  readonly #deps: FlushDeps;
  readonly #publications: () => Iterable<LivePublication>;
  readonly #closing = new AbortController();
  /** Told is only what is durable, so that nobody may pass a write under way. */
  readonly #turns = new Turns();
  readonly #hurried = new Set<LivePublication>();
  /** Since the last round began. */
  #isWoken = false;
  #running: Promise<void> | undefined;

  constructor(deps: FlushDeps, publications: () => Iterable<LivePublication>) {
    this.#deps = deps;
    this.#publications = publications;
  }

  /** Something was read. Never waits. */
  wake(): void {
    this.#isWoken = true;
    this.#running ??= this.#run();
  }

  /**
   * What was read proves something that no crash may lose. Never waits; what comes during a write shares the next one. It is told no sooner
   * for that: what looks like a file that the host asked for may be the beginning of a download.
   */
  hurry(live: LivePublication): void {
    if (this.#closing.signal.aborted || this.#hurried.has(live)) return;
    this.#hurried.add(live);
    void this.#turns.take(live.record.attachmentId, () => {
      this.#hurried.delete(live);
      return this.#write(live);
    });
  }

  /** All of it, now. @throws what the catalog throws */
  flushAll(live: LivePublication): Promise<void> {
    return this.#turns.take(live.record.attachmentId, async () => {
      while (live.reads.hasPending) await this.#writeSome(live);
      this.#tell(live);
    });
  }

  /** What is not yet written is left to `flushAll`. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await this.#turns.allOver();
  }

  async #run(): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#closing;
    await Promise.allSettled([clock.sleep(flushMs, signal)]);
    this.#isWoken = false;
    if (!signal.aborted) await this.#flushEach();
    const more = this.#isWoken || [...this.#publications()].some(({ reads }) => reads.hasPending);
    this.#running = more && !signal.aborted ? this.#run() : undefined;
  }

  async #flushEach(): Promise<void> {
    for (const live of this.#publications()) {
      await this.#turns.take(live.record.attachmentId, async () => {
        await this.#write(live);
        if (!live.reads.hasPending) this.#tell(live);
      });
    }
  }

  async #write(live: LivePublication): Promise<void> {
    try {
      await this.#writeSome(live);
    } catch (error) {
      const { attachmentId } = live.record;
      this.#deps.log.warn({ error, attachmentId }, "reads could not be stored and are kept for later");
    }
  }

  async #writeSome(live: LivePublication): Promise<void> {
    const records = live.reads.take(rowsPerFlush);
    if (records.length === 0) return;
    try {
      await this.#deps.catalog.addReads(live.record.attachmentId, records);
    } catch (error) {
      live.reads.restore(records);
      throw error;
    }
  }

  #tell({ record, reads }: LivePublication): void {
    const news = reads.takeNews();
    if (news) this.#deps.onNews?.(record, news);
  }
}
