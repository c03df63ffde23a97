// One BMC's Redfish service (DSP0266) as requests and JSON answers: authentication, time-outs and the count of what was sent.
import type { DriverContext, Exchange } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import type { HttpClient } from "../../../wire/http.ts";
import { actionFor, rejection } from "../errors.ts";
import type { RedfishQuirks } from "../quirks.ts";
import type { Resource } from "../schema.ts";
import { Auth, type AuthOptions } from "./auth.ts";
import type { ExpandMode } from "./collection.ts";
import { type EntityTags, tagsOf } from "./conditional.ts";
import { isOk, type RawSend, type Reply, type ServiceRequest, toReply } from "./message.ts";
import { createPace } from "./pace.ts";
import { retryAfterMs } from "./retry-after.ts";

export interface Service {
  readonly context: DriverContext;
  /** The defaults until the profile is known. */
  quirks: RedfishQuirks;
  /** Whether and how collections are asked for with their members. */
  expand: ExpandMode;
  /** What each resource was last seen with, by path. */
  readonly tags: Map<string, EntityTags>;
  /** A PATCH without If-Match was refused for that: no further one is sent. */
  needsTag: boolean;
  readonly exchanges: number;
  readonly auth: Auth;
  /** Any status but an unanswerable 401 is an answer; a GET is repeated by `http.readRetries`. @throws MediabayError the transport codes, BMC_AUTHENTICATION */
  send(request: ServiceRequest): Promise<Reply>;
  /** @throws MediabayError for any status but 2xx, and BMC_MALFORMED when the answer is no JSON object */
  get(path: string): Promise<Reply & { readonly body: Resource }>;
  /** The error for a refusal. */
  refusal(reply: Reply): MediabayError;
}

export interface ServiceOptions {
  readonly client: HttpClient;
  readonly context: DriverContext;
  /** The defaults of the table. */
  readonly quirks: RedfishQuirks;
  readonly auth: Omit<AuthOptions, "context">;
}

export const createService = ({ client, context, quirks, auth: authOptions }: ServiceOptions): Service => {
  let exchanges = 0;
  const onExchange = (exchange: Omit<Exchange, "protocol">): void => {
    exchanges += 1;
    context.onExchange({ protocol: "redfish", ...exchange });
  };

  const pace = createPace(context.clock);
  let acceptsIdentity = true;

  const exchangeOnce = async (request: ServiceRequest, detached: boolean): Promise<Reply> => {
    const { http } = service.quirks;
    const reply = await client.request({
      method: request.method,
      path: request.path,
      headers: {
        accept: "application/json",
        "accept-encoding": acceptsIdentity ? http.acceptEncoding : "gzip",
        "odata-version": "4.0",
        ...(http.keepAlive ? {} : { connection: "close" }),
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      responseTimeoutMs: request.timeoutMs ?? http.responseTimeoutMs,
      ...(detached ? {} : { signal: context.signal }),
      onExchange,
    });
    return toReply(request, reply);
  };

  const paced: RawSend = async (request, { detached = false } = {}) => {
    pace.minGapMs = service.quirks.http.minGapMs;
    await pace.turn(detached ? undefined : context.signal);
    try {
      const reply = await exchangeOnce(request, detached);
      pace.answered(reply.status === 503 || reply.status === 429);
      return reply;
    } catch (error) {
      pace.answered(error instanceof MediabayError && error.code === "BMC_TIMEOUT");
      throw error;
    }
  };

  /** Some services refuse an answer without compression for a part of their resources. */
  const raw: RawSend = async (request, options) => {
    const reply = await paced(request, options);
    if (reply.status !== 406 || !acceptsIdentity || service.quirks.http.acceptEncoding !== "identity") return reply;
    acceptsIdentity = false;
    return paced(request, options);
  };

  const auth = new Auth({ ...authOptions, context }, raw);

  /** What got a 401 was not carried out, so that any method may be sent again with better credentials. */
  const sendOnce = async (request: ServiceRequest): Promise<Reply> => {
    if (request.anonymous === true) {
      const open = await raw(request);
      if (open.status !== 401) return open;
    }
    const first = await raw(await authorised(request));
    if (first.status !== 401) return first;
    if (request.auth === undefined || !auth.inSession) await auth.renew(first);
    const { auth: _refused, ...other } = request;
    const second = await raw(await authorised(other));
    if (second.status === 401) throw auth.denied(second);
    return second;
  };

  const isPassing = (reply: Reply): boolean => {
    const { http, errors } = service.quirks;
    if (isOk(reply)) return false;
    return http.readRetries.on.includes(reply.status) || actionFor(reply, errors.list) === "retry";
  };

  const send = async (request: ServiceRequest): Promise<Reply> => {
    const { times, delayMs } = service.quirks.http.readRetries;
    const most = request.method === "GET" ? times : 0;
    for (let tried = 0; ; tried += 1) {
      const reply = await sendOnce(request);
      if (tried >= most || !isPassing(reply)) return reply;
      await context.clock.sleep(retryAfterMs(reply, context.clock.now()) ?? delayMs, context.signal);
    }
  };

  const authorised = async (request: ServiceRequest): Promise<ServiceRequest> => ({
    ...request,
    headers: { ...request.headers, ...(await auth.headers(request.auth)) },
  });

  const service: Service = {
    context,
    quirks,
    expand: "none",
    tags: new Map(),
    needsTag: false,
    auth,
    get exchanges() {
      return exchanges;
    },
    send,
    get: async (path) => {
      const reply = await send({ method: "GET", path });
      if (!isOk(reply)) throw service.refusal(reply);
      const { body } = reply;
      if (body === undefined) throw malformed(reply);
      service.tags.set(path, tagsOf(body, reply));
      return { ...reply, body };
    },
    refusal: (reply) =>
      rejection(reply, { operation: reply.request.method, uri: reply.request.path }, service.quirks.errors.list),
  };
  return service;
};

const malformed = (reply: Reply): MediabayError =>
  new MediabayError("BMC_MALFORMED", `The BMC's answer for ${reply.request.path} is not a JSON object.`, {
    protocol: "redfish",
    uri: reply.request.path,
    status: reply.status,
  });
