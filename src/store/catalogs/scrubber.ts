// Empties the database's log of what was deleted, beside all other work: another process that reads the database, a backup or a
// replication, holds that back for as long as it reads, and nobody is to stand still behind it.
import type { Clock } from "../../core/driver.ts";
import type { Log } from "../../core/ports.ts";
import type { Database } from "../tables/database.ts";

export interface Scrubber {
  /** What was deleted before this call is to leave the files. */
  owe(): void;
  /** Resolves when all that was owed before this call is done, but after `mostWaitMs` in any case. */
  done(): Promise<void>;
  /** Stops trying, and lets go who waits. */
  close(): Promise<void>;
}

interface Waiting {
  readonly debt: number;
  readonly over: AbortController;
}

const mostWaitMs = 2_000;
/** As long as somebody may wait for it. */
const soonMs = 100;
/** Each try writes to the disk what the log has gained since the last. */
const laterMs = 10_000;

const lateMessage =
  "the keys of images that left are still in the database's log, which cannot be emptied while another process reads the database";

class LogScrubber implements Scrubber {
  readonly #database: Pick<Database, "scrub">;
  readonly #clock: Clock;
  readonly #log: Log | undefined;
  /** Counted: what is owed while one try is under way needs another. */
  #owed = 0;
  #paid = 0;
  #soonUntil = 0;
  #isLate = false;
  #working: Promise<void> | undefined;
  #pause = new AbortController();
  #isClosed = false;
  readonly #waiting = new Set<Waiting>();

  constructor(database: Pick<Database, "scrub">, clock: Clock, log: Log | undefined) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
  }

  owe(): void {
    this.#owed += 1;
    this.#soonUntil = this.#clock.monotonic() + mostWaitMs;
    this.#pause.abort();
    this.#working ??= this.#work();
  }

  async done(): Promise<void> {
    if (this.#paid === this.#owed || this.#isClosed) return;
    const waiting: Waiting = { debt: this.#owed, over: new AbortController() };
    this.#waiting.add(waiting);
    await this.#sleep(mostWaitMs, waiting.over.signal);
    this.#waiting.delete(waiting);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pause.abort();
    for (const { over } of this.#waiting) over.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#paid < this.#owed && !this.#isClosed) {
      const debt = this.#owed;
      this.#pause = new AbortController();
      const failure = await this.#try();
      if (failure === undefined) this.#pay(debt);
      else await this.#postpone(failure);
    }
    this.#working = undefined;
  }

  /** Why it failed. */
  async #try(): Promise<object | undefined> {
    try {
      return (await this.#database.scrub()) ? undefined : {};
    } catch (error) {
      return { error };
    }
  }

  #pay(debt: number): void {
    this.#paid = debt;
    for (const waiting of this.#waiting) if (waiting.debt <= debt) waiting.over.abort();
    if (this.#isLate) this.#log?.info({}, "the keys of images that left are gone from the database's log");
    this.#isLate = false;
  }

  async #postpone(failure: object): Promise<void> {
    const isSoon = this.#clock.monotonic() < this.#soonUntil;
    if (!isSoon && !this.#isLate) {
      this.#isLate = true;
      this.#log?.warn(failure, lateMessage);
    }
    await this.#sleep(isSoon ? soonMs : laterMs, this.#pause.signal);
  }

  /** Or until the signal. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    await Promise.allSettled([this.#clock.sleep(ms, signal)]);
  }
}

export const createScrubber = (database: Pick<Database, "scrub">, clock: Clock, log?: Log): Scrubber =>
  new LogScrubber(database, clock, log);
