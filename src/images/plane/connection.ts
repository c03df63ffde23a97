// One connection of the image plane: what it is doing, and how slow it may be at it.
import type { Socket } from "node:net";
import type { Places } from "./places.ts";
import type { Reader } from "./readers.ts";

export interface ConnectionLimits {
  readonly connections: number;
  /** Per address; configured proxies are exempt. A quarter more may be open while they take turns. */
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

export interface Connection {
  readonly socket: Socket;
  readonly peer: Reader;
  readonly places: Places;
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

export const overdue = (connection: Connection, limits: ConnectionLimits, now: number): boolean => {
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
export const isIdle = ({ socket, answering, receiving, readBefore }: Connection): boolean =>
  !answering && !receiving && socket.bytesRead <= readBefore && socket.writable;
