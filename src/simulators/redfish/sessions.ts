// SessionService, Sessions and the authentication of requests: DSP0266 clause "Authentication", Session and SessionService schemas.
import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { RedfishFailure } from "./http/failure.ts";
import type { Reply } from "./http/replies.ts";
import type { Call, Handlers, Part, PartContext } from "./part.ts";
import type { Condition } from "./personality/replies.ts";
import { isObject, linkOf, type Resource, textOf, urisOfType } from "./resources/tree.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

interface Session {
  readonly id: string;
  readonly token: string;
  readonly userName: string;
  readonly createdAt: number;
  readonly remoteAddress: string;
  usedAt: number;
}

export class Sessions implements Part {
  readonly #context: PartContext;
  readonly #credentials: Credentials;
  readonly #open = new Map<string, Session>();
  readonly #service: string | undefined;
  /** URI of the Sessions collection. */
  readonly #collection: string | undefined;
  #lastId = 0;

  constructor(context: PartContext, credentials: Credentials) {
    this.#context = context;
    this.#credentials = credentials;
    this.#service = urisOfType(context.tree, "SessionService")[0];
    this.#collection = linkOf(context.tree.get(this.#service ?? "")?.["Sessions"]);
  }

  /**
   * The session id of a request, or undefined when it came with Basic.
   * @throws RedfishFailure 401
   */
  authenticate(headers: IncomingHttpHeaders, remoteAddress: string): string | undefined {
    const { auth } = this.#context.personality;
    const token = headers["x-auth-token"];
    if (auth.sessions && typeof token === "string") return this.#byToken(token);
    if (!auth.basic || !this.#isBasic(headers.authorization ?? "")) throw this.#unauthenticated("unauthenticated");
    if (auth.basicOpensSession) this.#begin(remoteAddress);
    return undefined;
  }

  /**
   * Whether this is a login: open to everyone.
   * @throws RedfishFailure where it must not carry other credentials
   */
  isLogin(method: string, uri: string, headers: IncomingHttpHeaders): boolean {
    const { sessions, loginWithBasic } = this.#context.personality.auth;
    const isLogin = sessions && method === "POST" && this.#isCollection(uri);
    if (isLogin && loginWithBasic === "refused" && headers.authorization !== undefined)
      throw this.#unauthenticated("loginWithBasic");
    return isLogin;
  }

  isOpen(id: string): boolean {
    return this.#unexpired().has(id);
  }

  get count(): number {
    return this.#unexpired().size;
  }

  /** What a restart of the BMC does to them. */
  dropAll(): void {
    this.#open.clear();
  }

  resource(uri: string): Resource | undefined {
    const { tree, personality } = this.#context;
    const base = tree.get(uri);
    if (uri === this.#service && base !== undefined) {
      const { sessions, sessionIdleMs } = personality.auth;
      return { ...base, ServiceEnabled: sessions, SessionTimeout: Math.round(sessionIdleMs / 1000) };
    }
    if (uri === this.#collection && base !== undefined) {
      const members = [...this.#unexpired().keys()].map((id) => ({ "@odata.id": `${uri}/${id}` }));
      return { ...base, "Members@odata.count": members.length, Members: members };
    }
    const session = this.#sessionAt(uri);
    return session === undefined ? undefined : this.#render(session);
  }

  handlers(uri: string): Handlers | undefined {
    if (!this.#context.personality.auth.sessions) return undefined;
    if (this.#isCollection(uri)) return { POST: async (call) => this.#login(call) };
    const session = this.#sessionAt(uri);
    if (session === undefined) return undefined;
    return {
      DELETE: async () => {
        this.#open.delete(session.id);
        return { status: 204 };
      },
    };
  }

  #isCollection(uri: string): boolean {
    return this.#collection !== undefined && (uri === this.#collection || uri === `${this.#collection}/Members`);
  }

  #unexpired(): ReadonlyMap<string, Session> {
    const { clock, personality } = this.#context;
    for (const session of this.#open.values()) {
      if (clock.now() - session.usedAt > personality.auth.sessionIdleMs) this.#open.delete(session.id);
    }
    return this.#open;
  }

  #sessionAt(uri: string): Session | undefined {
    const prefix = `${this.#collection}/`;
    return uri.startsWith(prefix) ? this.#unexpired().get(uri.slice(prefix.length)) : undefined;
  }

  #matches(userName: string, password: string): boolean {
    return userName === this.#credentials.username && password === this.#credentials.password;
  }

  #byToken(token: string): string {
    const session = [...this.#unexpired().values()].find((candidate) => candidate.token === token);
    if (session === undefined) throw this.#unauthenticated("unauthenticated");
    session.usedAt = this.#context.clock.now();
    return session.id;
  }

  #isBasic(header: string): boolean {
    const [scheme = "", encoded = ""] = header.split(" ");
    const text = Buffer.from(encoded, "base64").toString("utf8");
    const colon = text.indexOf(":");
    return scheme.toLowerCase() === "basic" && colon >= 0 && this.#matches(text.slice(0, colon), text.slice(colon + 1));
  }

  #unauthenticated(condition: Condition): RedfishFailure {
    const challenge = { headers: { "WWW-Authenticate": 'Basic realm="Redfish"' } };
    const details = this.#context.personality.auth.basic ? challenge : {};
    return new RedfishFailure(401, "NoValidSession", { ...details, condition });
  }

  #login(call: Call): Reply {
    const body = isObject(call.body) ? call.body : {};
    for (const name of ["UserName", "Password"]) {
      if (textOf(body[name]) !== undefined) continue;
      throw new RedfishFailure(400, "PropertyMissing", { args: [name], related: [`#/${name}`] });
    }
    if (!this.#matches(textOf(body["UserName"]) ?? "", textOf(body["Password"]) ?? ""))
      throw this.#unauthenticated("loginFailed");
    const session = this.#begin(call.remoteAddress);
    const headers = { Location: `${this.#collection}/${session.id}`, "X-Auth-Token": session.token };
    return { status: 201, headers, body: this.#render(session) };
  }

  /** @throws RedfishFailure 503 over the limit */
  #begin(remoteAddress: string): Session {
    if (this.count >= this.#context.personality.auth.sessionLimit)
      throw new RedfishFailure(503, "SessionLimitExceeded", { condition: "sessionLimit" });
    const now = this.#context.clock.now();
    const token = randomBytes(16).toString("hex");
    const userName = this.#credentials.username;
    this.#lastId += 1;
    const session = { id: String(this.#lastId), token, userName, createdAt: now, remoteAddress, usedAt: now };
    this.#open.set(session.id, session);
    return session;
  }

  #render(session: Session): Resource {
    return {
      "@odata.id": `${this.#collection}/${session.id}`,
      "@odata.type": "#Session.v1_7_1.Session",
      Id: session.id,
      Name: "User Session",
      UserName: session.userName,
      Password: null,
      CreatedTime: new Date(session.createdAt).toISOString(),
      ClientOriginIPAddress: session.remoteAddress,
    };
  }
}
