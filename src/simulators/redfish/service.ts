// One Redfish request from its headers to its reply: authentication, method, precondition, query, body (DSP0266).
import { expand, readExpansion, select } from "./resources/expand.ts";
import { checkPrecondition, compressedEtag, etagOf } from "./http/etag.ts";
import { RedfishFailure } from "./http/failure.ts";
import type { Incoming } from "./http/listener.ts";
import { type Outgoing, outgoing } from "./http/outgoing.ts";
import { failureReply, type Reply } from "./http/replies.ts";
import type { Oem } from "./oem/oem.ts";
import type { Handlers, Part, PartContext } from "./part.ts";
import type { Sessions } from "./sessions.ts";
import type { Tasks } from "./tasks.ts";
import { isObject, type Json, plainUri, type Resource } from "./resources/tree.ts";

export interface ServiceContext extends PartContext {
  readonly sessions: Sessions;
  readonly tasks: Tasks;
  readonly oem: Oem;
  /** Asked in this order; the fixture's tree comes last. */
  readonly parts: readonly Part[];
}

/** Readable without authentication (DSP0266 clause "Resource and operation authentication requirements"). */
const openUris = new Set(["/redfish", "/redfish/v1", "/redfish/v1/odata", "/redfish/v1/$metadata"]);

const isReading = (method: string): boolean => method === "GET" || method === "HEAD";
const isChanging = (method: string): method is keyof Handlers =>
  method === "POST" || method === "PATCH" || method === "DELETE";

/** What is at one URI now. */
interface Found {
  readonly uri: string;
  readonly resource: Resource | undefined;
  readonly handlers: Handlers;
}

export class Service {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async handle(incoming: Incoming): Promise<Outgoing> {
    try {
      return outgoing(await this.#dispatch(incoming));
    } catch (error) {
      if (error instanceof RedfishFailure) return outgoing(failureReply(this.#context.personality, error));
      throw error;
    }
  }

  /** The reply to one request too many. */
  overloaded(): Outgoing {
    const details = { args: ["1"], condition: "overloaded" as const };
    const failure = new RedfishFailure(503, "ServiceTemporarilyUnavailable", details);
    return outgoing(failureReply(this.#context.personality, failure));
  }

  get #http(): ServiceContext["personality"]["http"] {
    return this.#context.personality.http;
  }

  async #dispatch(incoming: Incoming): Promise<Reply> {
    const { method } = incoming;
    const uri = plainUri(incoming.url.pathname);
    const session = this.#authenticate(incoming, uri);
    this.#checkEncoding(incoming);
    const found = { uri, resource: this.#find(uri), handlers: this.#handlers(uri) };
    const readable = found.resource !== undefined || this.#context.tasks.monitor(uri) !== undefined;
    const methods = [...(readable ? ["GET", "HEAD"] : []), ...Object.keys(found.handlers)];
    if (methods.length === 0)
      throw new RedfishFailure(404, "ResourceMissingAtURI", { args: [uri], condition: "notFound" });
    const headers = { Allow: methods.join(", ") };
    if (!methods.includes(method))
      throw new RedfishFailure(405, "OperationNotAllowed", { headers, condition: "methodNotAllowed" });
    return isReading(method) ? this.#read(found, incoming, headers) : this.#change(found, incoming, session);
  }

  /** The session, or undefined with Basic and where everyone may. @throws RedfishFailure */
  #authenticate({ method, headers, remoteAddress }: Incoming, uri: string): string | undefined {
    const { sessions, personality } = this.#context;
    const open = isReading(method) && openUris.has(uri) && !personality.auth.rootNeedsAuth;
    if (open || sessions.isLogin(method, uri, headers)) return undefined;
    return sessions.authenticate(headers, remoteAddress);
  }

  #checkEncoding({ headers }: Incoming): void {
    if (this.#http.identityEncoding === "refused" && headers["accept-encoding"] === "identity")
      throw new RedfishFailure(406, "HeaderInvalid", { args: ["Accept-Encoding"], condition: "identityRefused" });
  }

  #read({ uri, resource }: Found, incoming: Incoming, allow: Readonly<Record<string, string>>): Reply {
    if (resource === undefined) return this.#context.tasks.monitor(uri) ?? { status: 404 };
    for (const part of this.#context.parts) {
      const failure = part.readFailure?.(uri);
      if (failure !== undefined) throw failure;
    }
    const query = incoming.url.searchParams;
    const expansion = readExpansion(this.#context.tree, query, this.#http);
    const expanded = expansion === undefined ? resource : expand(resource, expansion, (link) => this.#find(link));
    const body = this.#http.select ? select(expanded, query) : expanded;
    const etag = this.#etagOf(resource);
    const gzip = this.#http.gzip !== "never" && (incoming.headers["accept-encoding"] ?? "").includes("gzip");
    const shown = etag !== undefined && gzip ? compressedEtag(etag, this.#http.gzip) : etag;
    const tag = shown === undefined || this.#http.etagIn === "body" ? {} : { ETag: shown };
    const headers = { ...allow, ...tag, ...(gzip ? { "Content-Encoding": "gzip" } : {}) };
    if (etag !== undefined && incoming.headers["if-none-match"] === etag)
      return { status: 304, headers: { ...allow, ...tag } };
    return { status: 200, headers, body };
  }

  async #change({ uri, resource, handlers }: Found, incoming: Incoming, session: string | undefined): Promise<Reply> {
    const { method, remoteAddress, headers } = incoming;
    const handler = isChanging(method) ? handlers[method] : undefined;
    if (handler === undefined) throw new RedfishFailure(405, "OperationNotAllowed", { condition: "methodNotAllowed" });
    if (method === "PATCH") {
      const etag = resource === undefined ? undefined : this.#etagOf(resource);
      checkPrecondition(headers["if-match"], etag, uri, this.#http);
    }
    const body = parseBody(incoming);
    return handler({ method, uri, body, remoteAddress, ...(session === undefined ? {} : { session }) });
  }

  #handlers(uri: string): Handlers {
    let standard: Handlers | undefined;
    for (const part of this.#context.parts) standard ??= part.handlers(uri);
    return this.#context.oem.extended(uri, standard) ?? {};
  }

  /** The resource as it is now, with its ETag. */
  #find(link: string): Resource | undefined {
    const resource = this.#context.world.find(link);
    const etag = resource === undefined || this.#http.etagIn === "header" ? undefined : etagOf(resource, this.#http);
    return resource === undefined || etag === undefined ? resource : { ...resource, "@odata.etag": etag };
  }

  /** Of a resource that `#find` gave. */
  #etagOf(resource: Resource): string | undefined {
    const own = resource["@odata.etag"];
    const tagged = this.#http.etagIn !== "header" && this.#http.etag !== "none";
    return tagged && typeof own === "string" ? own : etagOf(resource, this.#http);
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
