// Tells the operator that a connection was refused or closed for want of room: a line a minute, not one for each.
import type { Log } from "../../core/ports.ts";
import { Recent } from "../recent.ts";

export type Crowding = "closed" | "turns" | "refused" | "full, closed" | "full, refused";

const messages: Readonly<Record<Crowding, string>> = {
  closed: "an address has more connections than it may: its longest idle one was closed",
  turns: "an address has more connections than it may, all in use: they take turns, each closed after an answer",
  refused: "an address has more connections than it may, all in use: a new one was refused",
  "full, closed": "the image plane has as many connections as it may: the longest idle one was closed",
  "full, refused": "the image plane has as many connections as it may, all in use: a new one was refused",
};

const logEveryMs = 60_000;
/** Whose lines are remembered; the address not seen for longest is forgotten first. */
const addresses = 4096;

interface Told {
  /** Since the last line in the log. */
  times: number;
  loggedAt: number;
}

export class CrowdingLog {
  readonly #log: Log;
  readonly #monotonic: () => number;
  readonly #told = new Recent<string, Told>(addresses);

  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  note(crowding: Crowding, remote: string, limit: number): void {
    const key = crowding.startsWith("full") ? crowding : `${crowding} ${remote}`;
    const told = this.#told.use(key) ?? { times: 0, loggedAt: Number.NEGATIVE_INFINITY };
    told.times += 1;
    const now = this.#monotonic();
    if (now - told.loggedAt >= logEveryMs) {
      this.#log.warn({ remote, limit, times: told.times }, messages[crowding]);
      told.loggedAt = now;
      told.times = 0;
    }
    this.#told.set(key, told);
  }
}
