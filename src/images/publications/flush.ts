// Writes reads to the catalog a second after they were made, and tells what they prove.
import type { Clock } from "../../core/driver.ts";
import type { Log, PublicationCatalog } from "../../core/ports.ts";
import type { ReadNews } from "../reads/read-log.ts";
import type { LivePublication } from "./live.ts";

export interface FlushDeps {
  readonly catalog: Pick<PublicationCatalog, "addReads">;
  readonly clock: Clock;
  readonly log: Log;
  /** After what it rests on is durable. */
  onNews?(attachmentId: string, news: ReadNews): void;
}

const flushMs = 1000;
/** Rows a publication adds per flush at most; a random reader's rest waits, and is joined meanwhile. */
const rowsPerFlush = 1000;

export class ReadFlusher {
  readonly #deps: FlushDeps;
  readonly #publications: () => Iterable<LivePublication>;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;

  constructor(deps: FlushDeps, publications: () => Iterable<LivePublication>) {
    this.#deps = deps;
    this.#publications = publications;
  }

  /** Something was read. Never waits. */
  wake(): void {
    this.#running ??= this.#run();
  }

  /** All of it, now. @throws what the catalog throws */
  async flushAll(live: LivePublication): Promise<void> {
    while (live.reads.hasPending) await this.#write(live);
    this.#tell(live);
  }

  /** What is not yet written is left to `flushAll`. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#closing;
    await Promise.allSettled([clock.sleep(flushMs, signal)]);
    if (!signal.aborted) await this.#flushEach();
    const more = [...this.#publications()].some(({ reads }) => reads.hasPending);
    this.#running = more && !signal.aborted ? this.#run() : undefined;
  }

  async #flushEach(): Promise<void> {
    for (const live of this.#publications()) {
      try {
        await this.#write(live);
        if (!live.reads.hasPending) this.#tell(live);
      } catch (error) {
        const { attachmentId } = live.record;
        this.#deps.log.warn({ error, attachmentId }, "reads could not be stored and are kept for later");
      }
    }
  }

  async #write(live: LivePublication): Promise<void> {
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
    if (news) this.#deps.onNews?.(record.attachmentId, news);
  }
}
