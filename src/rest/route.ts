// What a route is: method, path, who may call, schemas, outcomes and the handler. The router and the OpenAPI document both come from it.
import type { Request, Response } from "express";
import { z } from "zod";
import type { Clock } from "../core/driver.ts";
import type { ErrorCode } from "../core/errors.ts";
import { MediabayError } from "../core/errors.ts";
import type { Gateway, RequestOptions } from "../core/gateway.ts";
import type { Log, TokenStore } from "../core/ports.ts";
import type { Actor, OperationRecord } from "../core/records.ts";
import type { Access } from "./auth.ts";
import type { StreamGate } from "./sse.ts";

export interface RestSettings {
  /** Our version, for the OpenAPI document. */
  readonly version: string;
  /** `/metrics` without a token. */
  readonly metricsPublic: boolean;
  /** Wrong tokens that one remote may send in a minute. Default 30. */
  readonly authFailuresPerMinute?: number;
  /** Event streams open at the same time. Default 256. */
  readonly mostStreams?: number;
  /** What bodies above 1 MiB may take together. Default 256 MiB. */
  readonly mostBodyBytes?: number;
}

export interface Readiness {
  readonly ready: boolean;
  /** Names are shown to anyone who asks: no paths, no addresses. */
  readonly checks?: Readonly<Record<string, boolean>>;
}

/** The exposition text of the process's metrics. */
export interface MetricsSource {
  readonly contentType: string;
  text(): Promise<string>;
}

/** What every handler may use. */
export interface Services {
  readonly gateway: Gateway;
  readonly tokens: TokenStore;
  readonly metrics: MetricsSource;
  readonly log: Log;
  readonly clock: Clock;
  readonly settings: RestSettings;
  readonly streams: StreamGate;
  ready(): Promise<Readiness>;
  /** The OpenAPI document as JSON text. */
  document(): Promise<string>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Leaves through `present`. */
  readonly body?: object;
  /** A token made by this very call: the only thing that is not masked. */
  readonly newToken?: string;
  /** Fixed text or bytes of ours instead of a body. */
  readonly raw?: { readonly type: string; readonly content: string | Buffer };
  /** Instead of a body: a waited-for operation that failed. */
  readonly failure?: { readonly error: MediabayError; readonly operation: OperationRecord };
}

export interface RawCall {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly actor: Actor;
  /** For the gateway, with the idempotency key on calls that are accepted for later. */
  readonly options: RequestOptions;
  readonly request: Request;
  readonly response: Response;
  /** Aborted when the client has gone or the server closes. */
  readonly signal: AbortSignal;
}

export interface Call<P, Q, B> extends RawCall {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
}

export interface Outcome {
  readonly status: number;
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Default `application/json`. */
  readonly type?: string;
  readonly location?: boolean;
}

interface RouteFacts {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** OpenAPI form: `/v1/machines/{machine}`. */
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  /** A setting that opens it to anyone. */
  readonly openIf?: (settings: RestSettings) => boolean;
  /** Answers 202 with an operation: takes `Idempotency-Key` and `Prefer: wait=N`. */
  readonly accepts?: boolean;
  readonly bodyLimitBytes?: number;
  readonly outcomes: readonly Outcome[];
  /** Beyond those that any call may answer. */
  readonly errors?: readonly ErrorCode[];
}

export interface Route extends RouteFacts {
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body?: z.ZodType;
  /** Before a body that may be large is read. @throws MediabayError */
  admit?(params: unknown, services: Services): Promise<void>;
  /** Undefined when the handler answers by itself (event streams). @throws MediabayError */
  run(call: RawCall, services: Services): Promise<Answer | undefined>;
}

const none = z.strictObject({});
type None = typeof none;

/** Of pages that browsers, load balancers and scrapers ask for: they add parameters of their own. */
export const anyQuery = z.looseObject({});

export interface RouteDefinition<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType> extends RouteFacts {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Refuses what has no subject before a body that may be large is read. */
  readonly admit?: (params: z.output<P>, services: Services) => Promise<unknown>;
  readonly handle: (
    call: Call<z.output<P>, z.output<Q>, z.output<B>>,
    services: Services,
  ) => Promise<Answer | undefined>;
}

const fieldOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : `${text}${text === "" ? "" : "."}${String(key)}`),
    "",
  );

/** Field and complaint of one issue; never the value, which may be a secret. */
const describeIssue = (issue: z.core.$ZodIssue): { readonly field: string; readonly problem: string } => {
  if (issue.code === "unrecognized_keys")
    return { field: fieldOf([...issue.path, issue.keys[0] ?? ""]).slice(0, 200), problem: "is not known here" };
  return { field: fieldOf(issue.path).slice(0, 200), problem: `is not valid: ${issue.message}` };
};

/** @throws MediabayError INVALID_REQUEST naming the first field that is wrong */
const validate = <S extends z.ZodType>(schema: S, value: unknown, place: string): z.output<S> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 10).map(describeIssue);
  const { field = "", problem = "is not valid" } = issues[0] ?? {};
  const subject = field === "" ? `The ${place}` : `\`${field}\` in the ${place}`;
  throw new MediabayError("INVALID_REQUEST", `${subject} ${problem}.`, {
    ...(field !== "" && { field }),
    ...(issues.length > 1 && { issues }),
  });
};

/** Ties a handler to its schemas: it sees only what they let through. */
export const route = <P extends z.ZodObject = None, Q extends z.ZodObject = None, B extends z.ZodType = z.ZodUndefined>(
  definition: RouteDefinition<P, Q, B>,
): Route => {
  const { params, query, body, admit, handle, ...facts } = definition;
  const paramsSchema: z.ZodObject = params ?? none;
  const querySchema: z.ZodObject = query ?? none;
  return {
    ...facts,
    params: paramsSchema,
    query: querySchema,
    ...(body && { body }),
    ...(admit && {
      admit: async (given: unknown, services: Services) => {
        await admit(validate(paramsSchema, given, "path") as z.output<P>, services);
      },
    }),
    run: (call, services) =>
      handle(
        {
          ...call,
          params: validate(paramsSchema, call.params, "path") as z.output<P>,
          query: validate(querySchema, call.query, "query") as z.output<Q>,
          body: (body ? validate(body, call.body, "body") : undefined) as z.output<B>,
        },
        services,
      ),
  };
};
