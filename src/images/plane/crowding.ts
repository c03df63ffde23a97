// Tells the operator that a connection was refused or closed for want of room: a line a minute, not one for each.
import type { Log } from "../../core/ports.ts";
import { Recent } from "../recent.ts";
import { OnceAMinute } from "./once-a-minute.ts";

export type Crowding = "closed" | "turns" | "refused" | "full, closed" | "full, refused";

const messages: Readonly<Record<Crowding, string>> = {
  closed: "an address has more connections than it may: its longest idle one was closed",
  turns: "an address has more connections than it may, all in use: they take turns, each closed after an answer",
  refused: "an address has more connections than it may, all in use: a new one was refused",
  "full, closed": "the image plane has as many connections as it may: the longest idle one was closed",
  "full, refused": "the image plane has as many connections as it may, all in use: a new one was refused",
};

/** Whose lines are remembered; the address not seen for longest is forgotten first. */
const addresses = 4096;

export class CrowdingLog {
  readonly #log: Log;
  readonly #monotonic: () => number;
  readonly #told = new Recent<string, OnceAMinute>(addresses);

  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  note(crowding: Crowding, remote: string, limit: number): void {
    const key = crowding.startsWith("full") ? crowding : `${crowding} ${remote}`;
    const told = this.#told.peek(key) ?? new OnceAMinute();
    this.#told.set(key, told);
    const times = told.note(this.#monotonic());
    if (times !== undefined) this.#log.warn({ remote, limit, times }, messages[crowding]);
  }
}
