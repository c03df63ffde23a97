// A thin client of REST v1: one request in, a checked view or a failure out.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../core/driver.ts";
import type { Cli } from "./context.ts";
import { type Failure, type Problem, refusal, unreachable, usage } from "./failure.ts";
import { type ServerEvent, serverEvents } from "./progress/event-stream.ts";
import { isObject, type PageView } from "./views.ts";

export interface Call {
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: object;
  readonly idempotencyKey?: string | undefined;
  readonly signal?: AbortSignal;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface RestClient {
  /** The JSON of the answer; undefined for 204. */
  call(method: Method, path: string, call?: Call): Promise<unknown>;
  /** Items of a listing, page after page, up to `limit`. */
  list<T>(
    path: string,
    parse: (value: unknown) => T,
    options?: ListOptions & Pick<Call, "query">,
  ): Promise<PageView<T>>;
  /** Server-sent events after the event `after`, until the stream ends. */
  events(path: string, after: string | undefined, signal: AbortSignal): AsyncIterable<ServerEvent>;
  /** Server-sent events of a POST, until the stream ends. */
  work(path: string, body: object, signal: AbortSignal): AsyncIterable<ServerEvent>;
  readonly clock: Clock;
}

export interface ListOptions {
  readonly limit?: number;
  readonly after?: string;
}

const pageSize = 1000;

/** A path with its values encoded: `` at`/v1/machines/${name}` ``. */
export const at = (parts: TemplateStringsArray, ...values: readonly string[]): string =>
  parts.map((part, index) => `${part}${index < values.length ? encodeURIComponent(values[index] ?? "") : ""}`).join("");

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** The first of: --token-file, MEDIABAY_TOKEN_FILE, MEDIABAY_TOKEN, the state directory's admin.token. */
const findToken = async (cli: Cli): Promise<string | undefined> => {
  const { tokenFile, config } = cli.globals();
  const { env } = cli.io;
  const named = tokenFile ?? env["MEDIABAY_TOKEN_FILE"];
  if (named === undefined && env["MEDIABAY_TOKEN"] !== undefined) return env["MEDIABAY_TOKEN"].trim();
  const file = named ?? join(await cli.work.findStateDir(config === undefined ? {} : { config }), "admin.token");
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    if (named !== undefined) throw usage(`The token file ${named} cannot be read (${code}).`);
    return undefined;
  }
};

const baseUrl = (cli: Cli): string => {
  const given = cli.globals().url ?? cli.io.env["MEDIABAY_URL"] ?? "http://127.0.0.1:8480";
  const url = URL.parse(given);
  if (url === null || !/^https?:$/.test(url.protocol)) throw usage("--url must be an http or https URL.");
  if (url.username !== "" || url.password !== "") {
    throw usage("--url must not hold credentials.", "Use --token-file, MEDIABAY_TOKEN_FILE or MEDIABAY_TOKEN.");
  }
  return url.href.replace(/\/+$/, "");
};

const trustCa = async (cli: Cli): Promise<void> => {
  const file = cli.globals().caFile ?? cli.io.env["MEDIABAY_CA_FILE"];
  if (file === undefined) return;
  const { getCACertificates, setDefaultCACertificates } = await import("node:tls");
  try {
    setDefaultCACertificates([...getCACertificates("default"), await readFile(file, "utf8")]);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw usage(`The CA file ${file} cannot be used (${code}).`);
  }
};

/** `fetch` hides the network's reason in the cause, sometimes one of several. */
const reasonOf = (error: Error): string => {
  const { cause } = error;
  const inner: unknown = cause instanceof AggregateError ? (cause.errors as readonly unknown[])[0] : cause;
  return codeOf(inner) ?? (inner instanceof Error ? inner.message : error.message);
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const problemOf = (body: unknown, status: number, target: Target): Problem => {
  if (isObject(body) && typeof body["code"] === "string") {
    const { code, detail, title } = body;
    const text = typeof detail === "string" ? detail : typeof title === "string" ? title : code;
    return { ...body, code, detail: text, status };
  }
  throw foreign(target, status);
};

const queryText = (query: NonNullable<Call["query"]>): string => {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of typeof value === "string" ? [value] : (value ?? [])) parameters.append(name, each);
  }
  return parameters.toString();
};

/** Where requests go, and what every one carries. */
interface Target {
  readonly base: string;
  readonly authorization: Readonly<Record<string, string>>;
}

const send = async (
  { base, authorization }: Target,
  method: Method,
  path: string,
  headers: Readonly<Record<string, string>>,
  call: Call,
): Promise<Response> => {
  try {
    return await fetch(`${base}${path}`, {
      method,
      headers: { ...authorization, ...headers },
      // The token must not be carried elsewhere.
      redirect: "error",
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // A token that no header can hold is the only TypeError without a cause.
    if (error.cause === undefined) throw usage("The token holds characters that a token never has.");
    throw unreachable(`The gateway at ${base} cannot be reached (${reasonOf(error)}).`, error);
  }
};

const textOf = async (answer: Response, base: string): Promise<string> => {
  try {
    return await answer.text();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw unreachable(`The gateway at ${base} broke off its answer (${reasonOf(error)}).`, error);
  }
};

const foreign = ({ base }: Target, status: number): Failure =>
  unreachable(`${base} answered ${status}, but not as Mediabay does.`);

const caller =
  (target: Target): RestClient["call"] =>
  async (method, path, options = {}) => {
    const query = queryText(options.query ?? {});
    const headers = {
      accept: "application/json, application/problem+json",
      ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      ...(options.idempotencyKey === undefined ? {} : { "idempotency-key": options.idempotencyKey }),
    };
    const answer = await send(target, method, query === "" ? path : `${path}?${query}`, headers, options);
    const text = await textOf(answer, target.base);
    if (answer.status === 204) return undefined;
    const body = parseJson(text);
    if (!answer.ok) throw refusal(problemOf(body, answer.status, target));
    if (body === undefined) throw foreign(target, answer.status);
    return body;
  };

const lister =
  (call: RestClient["call"]): RestClient["list"] =>
  async <T>(target: string, parse: (value: unknown) => T, options: ListOptions & Pick<Call, "query"> = {}) => {
    const items: T[] = [];
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    let after = options.after;
    do {
      const wanted = String(Math.min(pageSize, limit - items.length));
      const page = await call("GET", target, { query: { ...options.query, limit: wanted, after } });
      if (!isObject(page) || !Array.isArray(page["items"])) throw unreachable("The gateway's answer is not a listing.");
      items.push(...page["items"].map(parse));
      after = typeof page["next"] === "string" ? page["next"] : undefined;
    } while (after !== undefined && items.length < limit);
    return { items, ...(after === undefined ? {} : { next: after }) };
  };

interface StreamCall {
  readonly method: Method;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly call: Call;
}

const streamer = (target: Target) =>
  async function* ({ method, path, headers, call }: StreamCall): AsyncGenerator<ServerEvent, void, undefined> {
    const answer = await send(target, method, path, { accept: "text/event-stream", ...headers }, call);
    if (!answer.ok) throw refusal(problemOf(parseJson(await textOf(answer, target.base)), answer.status, target));
    const type = answer.headers.get("content-type") ?? "";
    if (answer.body === null || !type.startsWith("text/event-stream")) throw foreign(target, answer.status);
    try {
      yield* serverEvents(answer.body);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw unreachable(`The gateway at ${target.base} broke off its events (${reasonOf(error)}).`, error);
    }
  };

/** @throws Failure `usage` when the URL, the token file or the CA file is unusable */
export const connect = async (cli: Cli): Promise<RestClient> => {
  const base = baseUrl(cli);
  await trustCa(cli);
  const token = await findToken(cli);
  const authorization: Record<string, string> =
    token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` };
  const target = { base, authorization };
  const call = caller(target);
  const stream = streamer(target);
  return {
    clock: cli.work.clock,
    call,
    list: lister(call),
    events: (path, after, signal) => {
      const headers: Record<string, string> = after === undefined ? {} : { "last-event-id": after };
      return stream({ method: "GET", path, headers, call: { signal } });
    },
    work: (path, body, signal) => {
      const headers = { "content-type": "application/json" };
      return stream({ method: "POST", path, headers, call: { body, signal } });
    },
  };
};
