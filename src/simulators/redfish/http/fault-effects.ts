// What each fault does to the exchange that it hits.
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Fault } from "./faults.ts";
import type { Outgoing } from "./outgoing.ts";

/** A fault that answers, or does not, without the request taking effect; false when the request is to be handled first. */
export const faultBefore = (fault: Fault, response: ServerResponse): boolean => {
  switch (fault.kind) {
    case "reset":
      if (fault.when === "before") response.req.socket.resetAndDestroy();
      return fault.when === "before";
    case "hang":
      return fault.when === "before";
    case "busy":
      send(response, 503, { "Retry-After": String(fault.retryAfterSeconds) }, "");
      return true;
    case "status":
      send(response, fault.status, {}, errorBody(fault.messageId, fault.message));
      return true;
    case "html":
      send(response, fault.status, { "Content-Type": "text/html" }, "<html><body><h1>Error</h1></body></html>");
      return true;
    case "redirect":
      send(response, fault.status, { Location: fault.location }, "");
      return true;
    case "truncate":
    case "invalid-json":
    case "content-type":
    case "huge":
    case "drip":
    case "poison":
      return false;
    default:
      return false;
  }
};

/** What a fault makes of the reply of a request that took effect; false when the reply is to be sent as it is. */
export const faultAfter = (fault: Fault, response: ServerResponse, { status, headers, body }: Outgoing): boolean => {
  switch (fault.kind) {
    case "reset":
      response.req.socket.resetAndDestroy();
      return true;
    case "hang":
      return true;
    case "truncate":
      truncate(response, { status, headers, body });
      return true;
    case "invalid-json":
      send(response, status === 204 ? 200 : status, headers, '{"@odata.id": "/redfish/v1", "Id": ');
      return true;
    case "content-type":
      send(response, status, { ...headers, "Content-Type": fault.value }, body);
      return true;
    case "huge":
      send(response, status === 204 ? 200 : status, headers, `{"Padding":"${"x".repeat(fault.sizeBytes)}"}`);
      return true;
    case "drip":
      drip(response, { status, headers, body }, fault).catch((error: unknown) => response.destroy(asError(error)));
      return true;
    case "poison":
      if (status !== 204) return false;
      poison(response);
      return true;
    case "busy":
    case "status":
    case "html":
    case "redirect":
      return false;
    default:
      return false;
  }
};

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const send = (response: ServerResponse, status: number, headers: Record<string, string>, body: string): void => {
  const type: Record<string, string> = body === "" ? {} : { "Content-Type": "application/json" };
  response.writeHead(status, { ...type, ...headers, "Content-Length": String(Buffer.byteLength(body)) });
  response.end(response.req.method === "HEAD" ? undefined : body);
};

const errorBody = (messageId: string | undefined, text = ""): string =>
  messageId === undefined
    ? ""
    : JSON.stringify({
        error: {
          code: messageId,
          message: text,
          "@Message.ExtendedInfo": [{ MessageId: messageId, Message: text, MessageArgs: [], Severity: "Critical" }],
        },
      });

const truncate = (response: ServerResponse, { status, headers, body }: Outgoing): void => {
  const text = body === "" ? '{"@odata.id":"/redfish/v1"}' : body;
  response.writeHead(status === 204 ? 200 : status, { ...headers, "Content-Length": String(Buffer.byteLength(text)) });
  response.write(text.slice(0, Math.floor(text.length / 2)), () => response.req.socket.destroy());
};

/** The right reply a few bytes at a time, until it is out or the client has gone. */
const drip = async (
  response: ServerResponse,
  { status, headers, body }: Outgoing,
  { chunkBytes, intervalMs }: { readonly chunkBytes: number; readonly intervalMs: number },
): Promise<void> => {
  const bytes = Buffer.from(body);
  response.writeHead(status, status === 204 ? headers : { ...headers, "Content-Length": String(bytes.byteLength) });
  response.flushHeaders();
  for (let at = 0; at < bytes.byteLength && !response.destroyed; at += chunkBytes) {
    response.write(bytes.subarray(at, at + chunkBytes));
    await pause(intervalMs, undefined, { ref: false });
  }
  response.end();
};

/**
 * Seen on a product: an eject's 204 that calls itself chunked and is followed by a chunk's end. The stray bytes go out before the
 * connection's next reply, so that it is always the next exchange that they spoil, whatever the timing.
 */
const poison = (response: ServerResponse): void => {
  poisoned.add(response.req.socket);
  response.writeHead(204, { "Transfer-Encoding": "chunked", Connection: "keep-alive" });
  response.end();
};

const poisoned = new WeakSet<Socket>();

/** To be called when a request arrives, before anything is answered. */
export const spillPoison = (socket: Socket): void => {
  if (poisoned.delete(socket)) socket.write("0\r\n\r\n");
};
