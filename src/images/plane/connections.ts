// What a connection of the image plane may do: how many there may be, how slow they may be. One sweep a second looks at all
// of them, so that a request costs no timer.
import type { Socket } from "node:net";
import type { Clock } from "../../core/driver.ts";
import type { Log } from "../../core/ports.ts";
import { parseAddress } from "../../wire/addresses.ts";
import { type Connection, type ConnectionLimits, overdue } from "./connection.ts";
import { CrowdingLog } from "./crowding.ts";
import { LongestIdle, Places } from "./places.ts";
import { plainAddress } from "./readers.ts";

const sweepMs = 1000;

export interface Connections {
  /**
   * Counts it until it closes. Where its address, or all, have more than they may, the longest idle of them is closed for it.
   * Without one, its address may be a quarter over its limit while those that are answered leave; else it is closed itself.
   */
  admit(socket: Socket): void;
  /** From now on the sweep watches it. */
  watch(socket: Socket): Connection;
  of(socket: Socket): Connection | undefined;
  /** Whether it has to close after the answer that is about to begin; where true, it is counted on to do so. */
  leaves(connection: Connection): boolean;
  readonly active: number;
  /** Ends idle connections now, and the rest after `graceMs`. */
  drain(graceMs: number): Promise<void>;
  stop(): void;
}

class ConnectionTable implements Connections {
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #isProxy: (address: bigint | undefined) => boolean;
  readonly #watched = new Map<Socket, Connection>();
  readonly #perAddress = new Map<string, Places>();
  readonly #sockets = new Set<Socket>();
  readonly #idle = new LongestIdle(() => this.#watched.values());
  readonly #crowding: CrowdingLog;
  readonly #stop = new AbortController();

  constructor(limits: ConnectionLimits, clock: Clock, log: Log, isProxy: (address: bigint | undefined) => boolean) {
    this.#limits = limits;
    this.#clock = clock;
    this.#crowding = new CrowdingLog(log, () => clock.monotonic());
    this.#isProxy = isProxy;
    void this.#sweep();
  }

  get active(): number {
    return this.#sockets.size;
  }

  admit(socket: Socket): void {
    const remote = plainAddress(socket.remoteAddress ?? "");
    if (remote === "") {
      socket.destroy();
      return;
    }
    const places = this.#placesOf(remote);
    places.count += 1;
    this.#perAddress.set(remote, places);
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      places.count -= 1;
      if (places.count === 0) this.#perAddress.delete(remote);
    });
    // Later in this turn: by then requests that have arrived on the idle ones are seen, and cost nobody his answer.
    if (places.isCrowded || this.#isFull) setImmediate(() => this.#makeRoom(places, socket, remote));
  }

  watch(socket: Socket): Connection {
    const remote = plainAddress(socket.remoteAddress ?? "");
    const places = this.#placesOf(remote);
    const connection: Connection = {
      socket,
      peer: { remote, address: parseAddress(remote) },
      places,
      waiting: [],
      answering: false,
      progress: 0,
      since: this.#clock.monotonic(),
      seenProgress: 0,
      readBefore: 0,
      receiving: true,
    };
    this.#watched.set(socket, connection);
    places.watched.add(connection);
    socket.once("close", () => {
      this.#watched.delete(socket);
      places.watched.delete(connection);
    });
    return connection;
  }

  of(socket: Socket): Connection | undefined {
    return this.#watched.get(socket);
  }

  leaves({ socket, places }: Connection): boolean {
    if (!places.isCrowded) return false;
    places.leaving += 1;
    socket.once("close", () => {
      places.leaving -= 1;
    });
    return true;
  }

  async drain(graceMs: number): Promise<void> {
    for (const { socket, answering } of this.#watched.values()) if (!answering) socket.destroySoon();
    const closed = [...this.#sockets].map(
      (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
    );
    const grace = new AbortController();
    const patience = Promise.allSettled([this.#clock.sleep(graceMs, grace.signal)]);
    await Promise.race([Promise.all(closed), patience]);
    grace.abort();
    for (const socket of [...this.#watched.keys(), ...this.#sockets]) socket.destroy();
    await Promise.all(closed);
  }

  stop(): void {
    this.#stop.abort();
  }

  get #isFull(): boolean {
    return this.#sockets.size > this.#limits.connections;
  }

  #placesOf(remote: string): Places {
    const known = this.#perAddress.get(remote);
    if (known) return known;
    return new Places(this.#isProxy(parseAddress(remote)) ? Infinity : this.#limits.connectionsPerAddress);
  }

  #makeRoom(places: Places, socket: Socket, remote: string): void {
    if (socket.destroyed) return;
    const now = this.#clock.monotonic();
    if (places.isCrowded) {
      const idle = places.idle.take(now);
      const crowding = idle ? "closed" : places.isOverfull ? "refused" : "turns";
      this.#crowding.note(crowding, remote, places.limit);
      if (crowding !== "turns") {
        (idle?.socket ?? socket).destroy();
        return;
      }
    }
    if (!this.#isFull) return;
    const idle = this.#idle.take(now);
    this.#crowding.note(idle ? "full, closed" : "full, refused", remote, this.#limits.connections);
    (idle?.socket ?? socket).destroy();
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await Promise.allSettled([this.#clock.sleep(sweepMs, signal)]);
      const now = this.#clock.monotonic();
      for (const connection of this.#watched.values()) {
        if (overdue(connection, this.#limits, now)) connection.socket.destroy();
      }
      this.#idle.forget();
      for (const { idle } of this.#perAddress.values()) idle.forget();
    }
  }
}

/** Sweeps until `stop`. */
export const createConnections = (
  limits: ConnectionLimits,
  clock: Clock,
  log: Log,
  isProxy: (address: bigint | undefined) => boolean,
): Connections => new ConnectionTable(limits, clock, log, isProxy);
