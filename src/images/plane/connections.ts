// What a connection of the image plane may do: how many there may be, how slow they may be. One sweep a second looks at all
// of them, so that a request costs no timer.
import type { Socket } from "node:net";
import type { Clock } from "../../core/driver.ts";
import type { Log } from "../../core/ports.ts";
import { parseAddress } from "../../wire/addresses.ts";
import { CrowdingLog } from "./crowding.ts";
import { plainAddress, type Reader } from "./readers.ts";

export interface ConnectionLimits {
  readonly connections: number;
  /** Per address; configured proxies are exempt. One more takes the place of an idle one of that address. */
  readonly connectionsPerAddress: number;
  /** From the first byte of a request (from the connection's start for its first) to the end of its headers. */
  readonly headersMs: number;
  /** Between two requests. */
  readonly keepAliveMs: number;
  /** A transfer that moves nothing for this long is cut: the slowest reader takes a step in this time, 256 KiB at most. */
  readonly idleMs: number;
  /** Requests a peer may send ahead of their answers. */
  readonly pipelined: number;
}

export const defaultConnectionLimits: ConnectionLimits = {
  connections: 1024,
  connectionsPerAddress: 64,
  headersMs: 15_000,
  keepAliveMs: 120_000,
  idleMs: 60_000,
  pipelined: 256,
};

const sweepMs = 1000;

/** One connection and what it is doing. */
export interface Connection {
  readonly socket: Socket;
  readonly peer: Reader;
  /** Requests that wait for the one being answered. */
  readonly waiting: (() => void)[];
  answering: boolean;
  /** Steps of transfer done so far: grows whenever the peer takes something. */
  progress: number;
  /** Monotonic time at which the present phase began or last moved. */
  since: number;
  seenProgress: number;
  /** `socket.bytesRead` at the end of the last request: more than that is a request that is coming in. */
  readBefore: number;
  receiving: boolean;
}

export interface Connections {
  /**
   * False when there are as many as there may be: the caller destroys it. Counts until the socket closes. Where its address has
   * as many as it may, the longest idle of them is closed for it, or else the new one.
   */
  admit(socket: Socket): boolean;
  /** From now on the sweep watches it. */
  watch(socket: Socket): Connection;
  of(socket: Socket): Connection | undefined;
  readonly active: number;
  /** Ends idle connections now, and the rest after `graceMs`. */
  drain(graceMs: number): Promise<void>;
  stop(): void;
}

const overdue = (connection: Connection, limits: ConnectionLimits, now: number): boolean => {
  const { socket } = connection;
  if (connection.answering) {
    if (connection.progress !== connection.seenProgress) {
      connection.seenProgress = connection.progress;
      connection.since = now;
    }
    return now - connection.since > limits.idleMs;
  }
  if (!connection.receiving && socket.bytesRead > connection.readBefore) {
    connection.receiving = true;
    connection.since = now;
  }
  return now - connection.since > (connection.receiving ? limits.headersMs : limits.keepAliveMs);
};

/** Between two requests. One that has asked for nothing yet is not: its place has to be earned. */
const isIdle = ({ socket, answering, receiving, readBefore }: Connection): boolean =>
  !answering && !receiving && socket.bytesRead <= readBefore && !socket.destroyed;

const longestIdle = (connections: Iterable<Connection>): Connection | undefined => {
  let found: Connection | undefined;
  for (const connection of connections) {
    if (isIdle(connection) && (found === undefined || connection.since < found.since)) found = connection;
  }
  return found;
};

/** What one address has. With TLS a connection is watched only after its handshake. */
interface Held {
  count: number;
  readonly watched: Set<Connection>;
}

class ConnectionTable implements Connections {
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #isProxy: (address: bigint | undefined) => boolean;
  readonly #watched = new Map<Socket, Connection>();
  readonly #perAddress = new Map<string, Held>();
  readonly #sockets = new Set<Socket>();
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

  admit(socket: Socket): boolean {
    const remote = plainAddress(socket.remoteAddress ?? "");
    if (remote === "" || this.#isFull(remote)) return false;
    const held = this.#perAddress.get(remote) ?? { count: 0, watched: new Set() };
    this.#perAddress.set(remote, held);
    held.count += 1;
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      held.count -= 1;
      if (held.count === 0) this.#perAddress.delete(remote);
    });
    // Later in this turn: by then requests that have arrived on the idle ones are seen, and cost nobody his answer.
    if (held.count > this.#limits.connectionsPerAddress) setImmediate(() => this.#makeRoom(held, socket, remote));
    return true;
  }

  watch(socket: Socket): Connection {
    const remote = plainAddress(socket.remoteAddress ?? "");
    const connection: Connection = {
      socket,
      peer: { remote, address: parseAddress(remote) },
      waiting: [],
      answering: false,
      progress: 0,
      since: this.#clock.monotonic(),
      seenProgress: 0,
      readBefore: 0,
      receiving: true,
    };
    const held = this.#perAddress.get(remote);
    this.#watched.set(socket, connection);
    held?.watched.add(connection);
    socket.once("close", () => {
      this.#watched.delete(socket);
      held?.watched.delete(connection);
    });
    return connection;
  }

  of(socket: Socket): Connection | undefined {
    return this.#watched.get(socket);
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

  #isFull(remote: string): boolean {
    const { connections } = this.#limits;
    if (this.#sockets.size < connections) return false;
    this.#crowding.note("full", remote, connections);
    return true;
  }

  #makeRoom(held: Held, socket: Socket, remote: string): void {
    const { connectionsPerAddress } = this.#limits;
    if (socket.destroyed || held.count <= connectionsPerAddress || this.#isProxy(parseAddress(remote))) return;
    const idle = longestIdle(held.watched);
    // It counts until it has closed, and is not chosen again: those that stay are never more than there may be.
    (idle?.socket ?? socket).destroy();
    this.#crowding.note(idle ? "closed" : "refused", remote, connectionsPerAddress);
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await Promise.allSettled([this.#clock.sleep(sweepMs, signal)]);
      const now = this.#clock.monotonic();
      for (const connection of this.#watched.values()) {
        if (overdue(connection, this.#limits, now)) connection.socket.destroy();
      }
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
