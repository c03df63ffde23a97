// One BMC's Redfish service (DSP0266) as requests and JSON answers: authentication, time-outs and the count of what was sent.
import type { DriverContext, Exchange } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import type { HttpClient } from "../../../wire/http.ts";
import { rejection } from "../errors.ts";
import type { RedfishQuirks } from "../quirks.ts";
import type { Resource } from "../schema.ts";
import { Auth, type AuthOptions } from "./auth.ts";
import type { ExpandMode } from "./collection.ts";
import { type EntityTags, tagsOf } from "./conditional.ts";
import { isOk, type RawSend, type Reply, type ServiceRequest, toReply } from "./message.ts";

export interface Service {
  readonly context: DriverContext;
  /** The defaults until the profile is known. */
  quirks: RedfishQuirks;
  /** Whether and how collections are asked for with their members. */
  expand: ExpandMode;
  /** What each resource was last seen with, by path. */
  readonly tags: Map<string, EntityTags>;
  readonly exchanges: number;
  readonly auth: Auth;
  /** Any status but an unanswerable 401 is an answer. @throws MediabayError the transport codes, BMC_AUTHENTICATION */
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

  const raw: RawSend = async (request, { detached = false } = {}) => {
    const { acceptEncoding, responseTimeoutMs } = service.quirks.http;
    const reply = await client.request({
      method: request.method,
      path: request.path,
      headers: {
        accept: "application/json",
        "accept-encoding": acceptEncoding,
        "odata-version": "4.0",
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      responseTimeoutMs: request.timeoutMs ?? responseTimeoutMs,
      ...(detached ? {} : { signal: context.signal }),
      onExchange,
    });
    return toReply(request, reply);
  };

  const auth = new Auth({ ...authOptions, context }, raw);

  /** What got a 401 was not carried out, so that any method may be sent again with better credentials. */
  const send = async (request: ServiceRequest): Promise<Reply> => {
    if (request.anonymous === true) {
      const open = await raw(request);
      if (open.status !== 401) return open;
    }
    const first = await raw(await authorised(request));
    if (first.status !== 401) return first;
    await auth.renew(first);
    const second = await raw(await authorised(request));
    if (second.status === 401) throw auth.denied(second);
    return second;
  };

  const authorised = async (request: ServiceRequest): Promise<ServiceRequest> => ({
    ...request,
    headers: { ...request.headers, ...(await auth.headers()) },
  });

  const service: Service = {
    context,
    quirks,
    expand: "none",
    tags: new Map(),
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
