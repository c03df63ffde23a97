// How requests are authenticated (DSP0266 "Authentication"): Basic, or a session that is stored before it is used and ended after.
import { z } from "zod";
import type { Credentials, DriverContext } from "../../../core/driver.ts";
import { MediabayError } from "../../../core/errors.ts";
import { isReplyLost } from "../../../wire/errors.ts";
import { isSessionLimit, rejection } from "../errors.ts";
import { pathOf, sessionService } from "../schema.ts";
import { isOk, type RawSend, type Reply, type ServiceRequest } from "./message.ts";
import { findStaleSessions } from "./stale-sessions.ts";

export type AuthMode = "auto" | "basic" | "session";

export interface AuthOptions {
  readonly credentials?: Credentials;
  readonly context: DriverContext;
  /** Our own addresses, to tell our sessions from those of others. */
  readonly localAddresses: () => ReadonlySet<string>;
}

const openSession = z.object({ uri: z.string().startsWith("/"), token: z.string().min(1) });
type OpenSession = z.output<typeof openSession>;

const logoutTimeoutMs = 15_000;

const noSessions = new Set([404, 405, 501]);

/** Where sessions are by DSP0266, and where services older than its version 1.6 have them. */
const usualPlaces = ["/redfish/v1/SessionService/Sessions", "/redfish/v1/Sessions"];

const basic = ({ username, password }: Credentials): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`,
});

const denied = (reply: Reply): MediabayError =>
  rejection(reply, { operation: reply.request.method, uri: reply.request.path }, []);

const limitReached = (reply: Reply): MediabayError => {
  const { message, context } = denied(reply);
  return new MediabayError("BMC_BUSY", `No session is free and Basic is refused. ${message}`, context);
};

const tokenOf = (reply: Reply): OpenSession => {
  const { body, headers, location } = reply;
  const id = body?.["@odata.id"];
  const opened = openSession.safeParse({
    uri: location ?? (typeof id === "string" ? pathOf(id) : undefined),
    token: headers["x-auth-token"],
  });
  if (opened.success) return opened.data;
  throw new MediabayError("BMC_MALFORMED", "The BMC opened a session without telling its token and address.", {
    protocol: "redfish",
    uri: reply.request.path,
    status: reply.status,
  });
};

/** The credentials of one conversation: whatever it opened, `close` ends. */
export class Auth {
  /** Where sessions are created, once it is known. */
  sessionsPath: string | undefined;
  /** Where that can be found out, if the service root does not say. */
  sessionServicePath: string | undefined;
  /** Basic was refused: sessions are the only way in. */
  sessionOnly = false;
  readonly #options: AuthOptions;
  readonly #raw: RawSend;
  #mode: AuthMode = "auto";
  #session: OpenSession | undefined;
  /** The refusal for want of a free session: Basic is all there is. */
  #limit: Reply | undefined;
  /** They are neither linked nor at the usual places. */
  #hasNone = false;
  /** A login of ours whose answer was lost: epoch milliseconds of the first such. */
  #lostLoginAt: number | undefined;

  /** `raw` sends once, without any credentials but those in the request's own headers. */
  constructor(options: AuthOptions, raw: RawSend) {
    this.#options = options;
    this.#raw = raw;
  }

  /** From now on; an open session stays in use. */
  prefer(mode: AuthMode): void {
    this.#mode = mode;
  }

  denied(refused: Reply): MediabayError {
    return denied(refused);
  }

  get inSession(): boolean {
    return this.#session !== undefined;
  }

  /** Credentials for the next request; logs in where a session is wanted, no other way is asked for, and none is open. */
  async headers(way?: "basic"): Promise<Readonly<Record<string, string>>> {
    const { credentials } = this.#options;
    if (credentials === undefined) return {};
    if (way === "basic" && !this.sessionOnly) return basic(credentials);
    if (this.#session === undefined && this.#wantsSession()) await this.#login(credentials);
    return this.#session === undefined ? basic(credentials) : { "x-auth-token": this.#session.token };
  }

  /** After a 401: makes the next `headers` better. @throws MediabayError BMC_AUTHENTICATION, or BMC_BUSY for want of a session */
  async renew(refused: Reply): Promise<void> {
    const { credentials } = this.#options;
    if (credentials === undefined) throw denied(refused);
    if (this.#limit !== undefined) throw limitReached(this.#limit);
    if (this.#session === undefined) {
      if (this.#mode === "basic" || this.#hasNone) throw denied(refused);
      this.sessionOnly = true;
    }
    this.#session = undefined;
    await this.#login(credentials, refused);
    if (this.#limit !== undefined && this.sessionOnly) throw limitReached(this.#limit);
  }

  /** Ends the session that a crashed predecessor left open. */
  async endLeft(): Promise<void> {
    const stored = this.#options.context.openSession;
    const left = openSession.safeParse(stored?.left);
    if (!left.success) return;
    await this.#end(left.data);
    await stored?.save(undefined);
  }

  /** Ends the sessions that a crashed predecessor may have opened without learning their tokens. Needs `sessionsPath`. */
  async endLost(): Promise<void> {
    const { left, loginSince } = this.#options.context.openSession ?? {};
    if (left === undefined && loginSince !== undefined) await this.#sweep(loginSince);
  }

  /** Logs out. @throws MediabayError the transport codes; what is stored then stays for the next session to end */
  async close(): Promise<void> {
    try {
      if (this.#lostLoginAt !== undefined) await this.#sweep(this.#lostLoginAt);
    } finally {
      await this.#logout();
    }
  }

  async #logout(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    await this.#end(session);
    await this.#options.context.openSession?.save(undefined);
  }

  #wantsSession(): boolean {
    const wanted = this.#mode === "session" || this.sessionOnly;
    return wanted && this.#limit === undefined && !this.#hasNone;
  }

  /** Where to ask, in order: what is linked, else the usual places. */
  async #places(credentials: Credentials): Promise<readonly string[]> {
    const path = this.sessionServicePath;
    if (this.sessionsPath === undefined && path !== undefined) {
      const { body } = await this.#raw({ method: "GET", path, headers: basic(credentials) });
      this.sessionsPath = sessionService.parse(body).Sessions;
    }
    return this.sessionsPath === undefined ? usualPlaces : [this.sessionsPath];
  }

  /** `refused` is the 401 that made a session necessary: a service that has no sessions after all leaves it standing. */
  async #login(credentials: Credentials, refused?: Reply): Promise<void> {
    const reply = await this.#askForSession(credentials);
    this.#hasNone = this.sessionsPath === undefined;
    if (this.#hasNone && refused === undefined) return;
    if (!isOk(reply)) {
      if (!isSessionLimit(reply)) throw denied(noSessions.has(reply.status) ? (refused ?? reply) : reply);
      this.#limit = reply;
      return;
    }
    const session = tokenOf(reply);
    try {
      await this.#options.context.openSession?.save({ ...session });
    } catch (error) {
      await this.#end(session);
      throw error;
    }
    this.#session = session;
  }

  /** The answer of the first place that has sessions, which is then known; else of the last. */
  async #askForSession(credentials: Credentials): Promise<Reply> {
    const [first = "", ...others] = await this.#places(credentials);
    const body = { UserName: credentials.username, Password: credentials.password };
    let reply = await this.#askAt({ method: "POST", path: first, body });
    for (const path of others) {
      if (!noSessions.has(reply.status)) break;
      reply = await this.#askAt({ method: "POST", path, body });
    }
    if (!noSessions.has(reply.status)) this.sessionsPath = reply.request.path;
    return reply;
  }

  /** Without Basic beside it: some services take that for a conflict. */
  async #askAt(request: ServiceRequest): Promise<Reply> {
    const startedAt = this.#options.context.clock.now();
    try {
      return await this.#raw(request);
    } catch (error) {
      if (!isReplyLost(error)) throw error;
      this.#lostLoginAt ??= startedAt;
      return await this.#raw(request);
    }
  }

  /** Not bound to the conversation's signal: one that was cancelled logs out all the same. Any answer will do: 401 and 404 say gone. */
  async #end({ uri, token }: OpenSession): Promise<Reply> {
    const request = {
      method: "DELETE",
      path: uri,
      headers: { "x-auth-token": token },
      timeoutMs: logoutTimeoutMs,
    } as const;
    try {
      return await this.#raw(request, { detached: true });
    } catch (error) {
      if (!isReplyLost(error)) throw error;
      return await this.#raw(request, { detached: true });
    }
  }

  async #sweep(since: number): Promise<void> {
    const { credentials, localAddresses } = this.#options;
    if (credentials === undefined || this.sessionsPath === undefined) return;
    const send = async (method: "GET" | "DELETE", path: string): Promise<Reply> =>
      this.#raw({ method, path, headers: await this.headers() }, { detached: true });
    const ours = { username: credentials.username, since, localAddresses: localAddresses() };
    const stale = await findStaleSessions((path) => send("GET", path), this.sessionsPath, ours);
    for (const path of stale.filter((each) => each !== this.#session?.uri)) await send("DELETE", path);
  }
}
