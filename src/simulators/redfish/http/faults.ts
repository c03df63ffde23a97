// Faults that a test switches on: what a BMC, its web server or the way to it can do to one exchange.
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Outgoing } from "./outgoing.ts";

export type FaultKind =
  /** The connection is reset: before the request takes effect, or after it did and instead of its reply. */
  | { readonly kind: "reset"; readonly when: "before" | "after" }
  /** No reply ever comes; the connection stays open. */
  | { readonly kind: "hang"; readonly when: "before" | "after" }
  /** The right reply with its full Content-Length, cut in the middle of its body. */
  | { readonly kind: "truncate" }
  /** 503 with Retry-After, without effect. */
  | { readonly kind: "busy"; readonly retryAfterSeconds: number }
  /** Any error reply, without effect. `messageId` goes into a standard error body; without it there is no body. */
  | { readonly kind: "status"; readonly status: number; readonly messageId?: string; readonly message?: string }
  /** The right status with a body that is not JSON. */
  | { readonly kind: "invalid-json" }
  /** The right reply under another media type. */
  | { readonly kind: "content-type"; readonly value: string }
  /** A web server's own error page, without effect. */
  | { readonly kind: "html"; readonly status: number }
  /** The right status with a JSON body of at least this size. */
  | { readonly kind: "huge"; readonly sizeBytes: number }
  | { readonly kind: "redirect"; readonly status: number; readonly location: string }
  /** The effect, then 204 with `Transfer-Encoding: chunked` and stray bytes that spoil the next reply on the connection. */
  | { readonly kind: "poison" };

export type Fault = FaultKind & {
  readonly method?: string;
  /** The whole path, or a pattern; without it every path. */
  readonly path?: string | RegExp;
  /** How many requests are hit; 1 when absent, `Infinity` for all. */
  readonly count?: number;
  /** How many matching requests go by before. */
  readonly skip?: number;
};

const hits = ({ method, path }: Fault, askedMethod: string, askedPath: string): boolean =>
  (method === undefined || method === askedMethod) &&
  (path === undefined || (typeof path === "string" ? path === askedPath : path.test(askedPath)));

export class FaultList {
  #armed: { readonly fault: Fault; skip: number; left: number }[] = [];

  add(fault: Fault): void {
    this.#armed.push({ fault, skip: fault.skip ?? 0, left: fault.count ?? 1 });
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault that hits this request; it is used up by being taken. */
  take(method: string, path: string): Fault | undefined {
    const hit = this.#armed.find((entry) => entry.left > 0 && hits(entry.fault, method, path));
    if (hit === undefined) return undefined;
    if (hit.skip > 0) {
      hit.skip -= 1;
      return undefined;
    }
    hit.left -= 1;
    return hit.fault;
  }
}

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
    case "poison":
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
