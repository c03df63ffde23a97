// The request listener of the image plane: one request of a connection at a time, pipelined ones wait their turn.
import type { IncomingMessage, ServerResponse } from "node:http";
import { answer, type Exchange, type Plane } from "./answer.ts";
import type { Connection } from "./connection.ts";

const nothing = (): number => 0;

/** Not while more requests wait, or a body is still coming in: behind "Connection: close" nothing is answered (RFC 9112 §9.6). */
const answerInCrowd = (exchange: Exchange): void => {
  const { plane, connection, request, response } = exchange;
  if (response.destroyed) return;
  if (request.complete && connection.waiting.length === 0 && plane.connections.leaves(connection)) {
    response.shouldKeepAlive = false;
  }
  answer(exchange);
};

const run = (plane: Plane, connection: Connection, request: IncomingMessage, response: ServerResponse): void => {
  connection.answering = true;
  connection.receiving = false;
  connection.seenProgress = connection.progress;
  connection.since = plane.monotonic();
  const exchange: Exchange = {
    plane,
    connection,
    request,
    response,
    status: 0,
    sentBytes: nothing,
    finish: undefined,
    lastStep: undefined,
  };
  response.once("close", () => {
    exchange.finish?.();
    plane.observer.onRequest?.({ status: exchange.status, bytes: exchange.sentBytes() });
    connection.answering = false;
    connection.since = plane.monotonic();
    connection.readBefore = connection.socket.bytesRead;
    // After an answer that closes the connection it is no longer writable.
    if (connection.socket.writable) connection.waiting.shift()?.();
  });
  // Requests that came in the same packet are known only after it was parsed.
  if (connection.places.isCrowded) process.nextTick(answerInCrowd, exchange);
  else answer(exchange);
};

export const createAnswerer =
  (plane: Plane) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const connection = plane.connections.of(request.socket);
    if (!connection) {
      request.socket.destroy();
    } else if (!connection.socket.writable) {
      // It closes after the answer before: a read of this one would be written down, and reach nobody.
      return;
    } else if (!connection.answering) {
      run(plane, connection, request, response);
    } else if (connection.waiting.length >= plane.limits.pipelined) {
      request.socket.destroy();
    } else {
      connection.waiting.push(() => run(plane, connection, request, response));
    }
  };
