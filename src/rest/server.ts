// Builds the control plane's express application, without listening. A request goes: access log, headers, caller, subject, body, handler, answer.
import express from "express";
import type { Express, NextFunction, Request, RequestHandler, Response } from "express";
import helmet from "helmet";
import { MediabayError } from "../core/errors.ts";
import { accessLog } from "./access-log.ts";
import { anonymous, createAuthenticator, requireRole } from "./auth.ts";
import type { Authenticator } from "./auth.ts";
import { type BodyBudget, createBodyBudget } from "./body-budget.ts";
import { mayBeLarge, readBody } from "./body.ts";
import { parseIdempotencyKey } from "./prefer.ts";
import { present, presentWithToken } from "./present.ts";
import { sendProblem } from "./problem.ts";
import type { Answer, RawCall, Route, Services } from "./route.ts";
import { attachmentRoutes } from "./routes/attachments.ts";
import { auditRoutes } from "./routes/audit.ts";
import { credentialRoutes } from "./routes/credentials.ts";
import { docsRoutes } from "./routes/docs.ts";
import { hardwareRoutes } from "./routes/hardware.ts";
import { imageRoutes } from "./routes/images.ts";
import { machineRoutes } from "./routes/machines.ts";
import { operationRoutes } from "./routes/operations.ts";
import { probeRoutes } from "./routes/probe.ts";
import { profileRoutes } from "./routes/profiles.ts";
import { recordRoutes } from "./routes/record.ts";
import { serviceRoutes } from "./routes/service.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { createDocumentText } from "./schemas/openapi.ts";
import { createStreamGate } from "./sse.ts";

const routes: readonly Route[] = [
  ...machineRoutes,
  ...attachmentRoutes,
  ...operationRoutes,
  ...hardwareRoutes,
  ...imageRoutes,
  ...credentialRoutes,
  ...probeRoutes,
  ...recordRoutes,
  ...profileRoutes,
  ...tokenRoutes,
  ...auditRoutes,
  ...serviceRoutes,
  ...docsRoutes,
];

export type RestOptions = Omit<Services, "streams" | "document">;

export interface RestServer {
  /** A request listener for `node:http`. */
  readonly app: Express;
  /** Ends event streams, and answers waiting calls with what is known. Call it before the listener closes. */
  close(): void;
}

const defaultAuthFailuresPerMinute = 30;
const defaultMostStreams = 256;
const defaultMostBodyBytes = 256 * 1024 * 1024;

/** `/v1/machines/{machine}` → `/v1/machines/:machine`. */
const expressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ":$1");

const contentOf = ({ raw, body, newToken }: Answer): { readonly type: string; readonly bytes: Buffer } | undefined => {
  if (raw) return { type: raw.type, bytes: Buffer.from(raw.content) };
  if (!body) return undefined;
  const text = newToken === undefined ? present(body) : presentWithToken(body, newToken);
  return { type: "application/json; charset=utf-8", bytes: Buffer.from(text) };
};

const send = (request: Request, response: Response, services: Services, answer: Answer): void => {
  response.set({ ...answer.headers });
  if (answer.failure) {
    sendProblem(request, response, services.log, answer.failure.error, answer.failure.operation);
    return;
  }
  response.status(answer.status);
  const content = contentOf(answer);
  if (!content) {
    response.end();
    return;
  }
  // The length is set here because node does not set it for HEAD.
  response.set({ "Content-Type": content.type, "Content-Length": String(content.bytes.length) }).end(content.bytes);
};

/** Fires when the client has gone before its answer was complete, or when the server closes. */
const signalOf = (response: Response, closing: AbortSignal): AbortSignal => {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  return AbortSignal.any([gone.signal, closing]);
};

const serve = (
  route: Route,
  services: Services,
  authenticator: Authenticator,
  bodies: BodyBudget,
  closing: AbortSignal,
): RequestHandler => {
  const role = route.access === "public" || route.openIf?.(services.settings) ? undefined : route.access;
  return async (request: Request, response: Response) => {
    const actor = role ? await authenticator.authenticate(request, response) : anonymous;
    response.locals["actor"] = actor.name;
    if (role) requireRole(actor, role);
    const idempotencyKey = route.accepts ? parseIdempotencyKey(request.header("idempotency-key")) : undefined;
    if (mayBeLarge(request)) await route.admit?.(request.params, services);
    using share = bodies.share();
    const call: RawCall = {
      params: request.params,
      query: request.query,
      body: route.body ? await readBody(request, share, route.bodyLimitBytes) : undefined,
      actor,
      options: { actor, ...(idempotencyKey !== undefined && { idempotencyKey }) },
      request,
      response,
      signal: signalOf(response, closing),
    };
    const answer = await route.run(call, services);
    if (answer) send(request, response, services, answer);
  };
};

/** Whatever else is asked of a known path. */
const refuseMethod = (methods: readonly string[]): RequestHandler => {
  const allowed = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
  return (request, response) => {
    response.set("Allow", allowed);
    if (request.method !== "OPTIONS") throw new MediabayError("METHOD_NOT_ALLOWED", `This address answers ${allowed}.`);
    response.status(204).end();
  };
};

const securityHeaders = (): RequestHandler => {
  const helmetHeaders = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // Plain http on loopback is a supported way to run; a proxy with TLS adds this header itself.
    strictTransportSecurity: false,
    xFrameOptions: { action: "deny" },
  });
  return (request, response, next) => {
    response.set("Cache-Control", "no-store");
    helmetHeaders(request, response, next);
  };
};

/** @returns the application and what stops its long answers; it listens to nothing and starts nothing by itself */
export const createRestServer = (options: RestOptions): RestServer => {
  const { settings, tokens, clock, log } = options;
  const closing = new AbortController();
  let text: Promise<string> | undefined;
  const services: Services = {
    ...options,
    streams: createStreamGate(settings.mostStreams ?? defaultMostStreams),
    document: () => (text ??= createDocumentText(routes, settings.version)),
  };
  const failures = settings.authFailuresPerMinute ?? defaultAuthFailuresPerMinute;
  const authenticator = createAuthenticator(tokens, clock, failures);
  const bodies = createBodyBudget(settings.mostBodyBytes ?? defaultMostBodyBytes);

  const app = express();
  app.disable("x-powered-by").disable("etag").enable("case sensitive routing");
  app.use(accessLog(log, clock), securityHeaders());
  for (const [path, same] of Map.groupBy(routes, (route) => route.path)) {
    const resource = app.route(expressPath(path));
    for (const route of same) resource[route.method](serve(route, services, authenticator, bodies, closing.signal));
    resource.all(refuseMethod(same.map(({ method }) => method.toUpperCase())));
  }
  app.use(() => {
    throw new MediabayError("NOT_FOUND", "There is nothing at this address.");
  });
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    sendProblem(request, response, log, error);
  });
  return { app, close: () => closing.abort() };
};
