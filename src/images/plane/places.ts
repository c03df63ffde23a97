// The places that connections hold: how many an address has, and which connection has been idle for so long that it may lose its own.
import { type Connection, isIdle } from "./connection.ts";

/** Of one that was idle for less, the next request may be on its way already: closed, it would break a reader at its work. */
const idleEnoughMs = 1000;

/** At most one walk over all of them between two calls of `forget`, however many ask. */
export class LongestIdle {
  readonly #connections: () => Iterable<Connection>;
  /** Idle for long enough at the walk, the longest last. */
  #found: Connection[] | undefined;
  #until = 0;

  constructor(connections: () => Iterable<Connection>) {
    this.#connections = connections;
  }

  take(now: number): Connection | undefined {
    this.#found ??= this.#walk(now - idleEnoughMs);
    for (let next = this.#found.pop(); next; next = this.#found.pop()) {
      if (isIdle(next) && next.since <= this.#until) return next;
    }
    return undefined;
  }

  /** The next call of `take` looks anew. */
  forget(): void {
    this.#found = undefined;
  }

  #walk(until: number): Connection[] {
    this.#until = until;
    const found: Connection[] = [];
    for (const connection of this.#connections()) {
      if (connection.since <= until && isIdle(connection)) found.push(connection);
    }
    return found.sort((one, other) => other.since - one.since);
  }
}

/** Those of one address. */
export class Places {
  /** How many may stay. */
  readonly limit: number;
  /** With TLS a connection is watched only after its handshake. */
  readonly watched = new Set<Connection>();
  readonly idle = new LongestIdle(() => this.watched);
  count = 0;
  /** Of these, to be closed after the answer that they are getting. */
  leaving = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Counting those that stay. */
  get isCrowded(): boolean {
    return this.count - this.leaving > this.limit;
  }

  /** A quarter over the limit is for those that leave: while it is taken, they make room too slowly. */
  get isOverfull(): boolean {
    return this.count > this.limit + Math.ceil(this.limit / 4);
  }
}
