// One Redfish request from its headers to its reply: authentication, method, precondition, query, body (DSP0266).
import { createHash } from "node:crypto";
import { expand, readExpansion } from "./expand.ts";
import type { Incoming } from "./http/listener.ts";
import { failureReply, RedfishFailure, type Reply } from "./http/messages.ts";
import type { Outgoing } from "./http/outgoing.ts";
import type { Handlers, Part, PartContext } from "./part.ts";
import type { Sessions } from "./sessions.ts";
import type { Tasks } from "./tasks.ts";
import { isObject, type Json, plainUri, type Resource } from "./tree.ts";

export interface ServiceContext extends PartContext {
  readonly sessions: Sessions;
  readonly tasks: Tasks;
  /** Asked in this order; the fixture's tree comes last. */
  readonly parts: readonly Part[];
}

/** Readable without authentication (DSP0266 clause "Resource and operation authentication requirements"). */
const openUris = new Set(["/redfish", "/redfish/v1", "/redfish/v1/odata", "/redfish/v1/$metadata"]);

const isReading = (method: string): boolean => method === "GET" || method === "HEAD";
const isChanging = (method: string): method is keyof Handlers =>
  method === "POST" || method === "PATCH" || method === "DELETE";

export class Service {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async handle(incoming: Incoming): Promise<Outgoing> {
    try {
      return outgoing(await this.#dispatch(incoming));
    } catch (error) {
      if (error instanceof RedfishFailure) return outgoing(failureReply(this.#http.messages, error));
      throw error;
    }
  }

  get #http(): ServiceContext["personality"]["http"] {
    return this.#context.personality.http;
  }

  async #dispatch(incoming: Incoming): Promise<Reply> {
    const { sessions } = this.#context;
    const { method } = incoming;
    const uri = plainUri(incoming.url.pathname);
    const open = (isReading(method) && openUris.has(uri)) || sessions.isLogin(method, uri);
    const session = open ? undefined : sessions.authenticate(incoming.headers);
    const methods = this.#allowed(uri);
    if (methods.length === 0) throw new RedfishFailure(404, "ResourceMissingAtURI", [uri]);
    const headers = { Allow: methods.join(", ") };
    if (!methods.includes(method)) throw new RedfishFailure(405, "OperationNotAllowed", [], { headers });
    return isReading(method) ? this.#read(uri, incoming, headers) : this.#change(uri, incoming, session);
  }

  #read(uri: string, incoming: Incoming, allow: Readonly<Record<string, string>>): Reply {
    const resource = this.#find(uri);
    if (resource === undefined) return this.#context.tasks.monitor(uri) ?? { status: 404 };
    const { tree } = this.#context;
    const expansion = readExpansion(tree, incoming.url.searchParams, this.#http.undeclaredQuery);
    const body = expansion === undefined ? resource : expand(resource, expansion, (link) => this.#find(link));
    const etag = resource["@odata.etag"];
    const headers = { ...allow, ...(typeof etag === "string" ? { ETag: etag } : {}) };
    if (etag !== undefined && incoming.headers["if-none-match"] === etag) return { status: 304, headers };
    return { status: 200, headers, body };
  }

  async #change(uri: string, incoming: Incoming, session: string | undefined): Promise<Reply> {
    const { method, remoteAddress } = incoming;
    const handler = isChanging(method) ? this.#handlers(uri)?.[method] : undefined;
    if (handler === undefined) throw new RedfishFailure(405, "OperationNotAllowed");
    if (method === "PATCH") this.#checkPrecondition(uri, incoming);
    const body = parseBody(incoming);
    return handler({ method, uri, body, remoteAddress, ...(session === undefined ? {} : { session }) });
  }

  #checkPrecondition(uri: string, incoming: Incoming): void {
    const given = incoming.headers["if-match"];
    if (this.#http.ifMatch === "ignored") return;
    if (given === undefined) {
      if (this.#http.ifMatch === "required") throw new RedfishFailure(428, "PreconditionRequired");
      return;
    }
    const etag = this.#find(uri)?.["@odata.etag"];
    const listed = given.split(",").map((item) => item.trim());
    const matches = given === "*" || (typeof etag === "string" && listed.includes(etag));
    if (!matches) throw new RedfishFailure(412, "PreconditionFailed");
  }

  #allowed(uri: string): readonly string[] {
    const readable = this.#find(uri) !== undefined || this.#context.tasks.monitor(uri) !== undefined;
    return [...(readable ? ["GET", "HEAD"] : []), ...Object.keys(this.#handlers(uri) ?? {})];
  }

  #handlers(uri: string): Handlers | undefined {
    for (const part of this.#context.parts) {
      const handlers = part.handlers(uri);
      if (handlers !== undefined) return handlers;
    }
    return undefined;
  }

  /** The resource as it is now, with its ETag. */
  #find(link: string): Resource | undefined {
    const uri = plainUri(link);
    const { parts, tree } = this.#context;
    let resource: Resource | undefined;
    for (const part of parts) resource ??= part.resource(uri);
    resource ??= tree.get(uri);
    if (resource === undefined || this.#http.etag === "none") return resource;
    const digest = createHash("sha256").update(JSON.stringify(resource)).digest("hex").slice(0, 16);
    return { ...resource, "@odata.etag": this.#http.etag === "weak" ? `W/"${digest}"` : `"${digest}"` };
  }
}

const parseBody = (incoming: Incoming): Json | undefined => {
  if (incoming.body === "") return undefined;
  const type = incoming.headers["content-type"] ?? "";
  if (!type.toLowerCase().startsWith("application/json")) throw new RedfishFailure(415, "UnrecognizedRequestBody");
  let body: Json;
  try {
    body = JSON.parse(incoming.body);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RedfishFailure(400, "MalformedJSON");
    throw error;
  }
  if (!isObject(body)) throw new RedfishFailure(400, "UnrecognizedRequestBody");
  return body;
};

const outgoing = (reply: Reply): Outgoing => ({
  status: reply.status,
  headers: {
    "OData-Version": "4.0",
    "Cache-Control": "no-cache",
    ...(reply.body === undefined ? {} : { "Content-Type": "application/json;charset=utf-8" }),
    ...reply.headers,
  },
  body: reply.body === undefined ? "" : JSON.stringify(reply.body),
});
