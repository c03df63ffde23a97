// `http://` and `https://` (RFC 9110): retried with back-off, resumed with Range and If-Range (§13.1.5, §14) where the origin lets us,
// begun again where not. A body shorter than its Content-Length is never taken for whole. What came whole is asked for again only if it
// changed (§13.1.2, §13.1.3).
import { createHash } from "node:crypto";
import type { Clock } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import { forbiddenByPolicy } from "../../wire/address-policy.ts";
import { createOriginClient, type OriginAnswer, type OriginClient } from "../../wire/guarded/origin-client.ts";
import {
  RestartTransfer,
  type SourceDeps,
  type SourceScheme,
  type Transfer,
  type TransferContext,
  type Validator,
} from "./source.ts";

const mostAttempts = 4;
const firstBackOffMs = 1000;
/** An origin that wants more patience than this is an origin that refuses. */
const longestWaitMs = 60_000;

const parse = (uri: string): URL => {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const wellEncoded = (text: string): boolean => !/%(?![0-9a-f]{2})/i.test(text);
  if (url !== undefined && wellEncoded(url.username) && wellEncoded(url.password)) return url;
  throw new MediabayError("INVALID_REQUEST", "The source's URI is malformed.", { field: "source.uri" });
};

const contentLength = ({ headers }: OriginAnswer): number | undefined =>
  headers["content-length"] === undefined ? undefined : Number(headers["content-length"]);

/** A strong entity tag, or a date old enough to be strong (RFC 9110 §8.8.2.2). */
const strongValidatorOf = ({ headers }: OriginAnswer): string | undefined => {
  if (headers.etag !== undefined) return /^"[^"]*"$/.test(headers.etag) ? headers.etag : undefined;
  const modified = headers["last-modified"];
  const ageMs = Date.parse(headers.date ?? "") - Date.parse(modified ?? "");
  return ageMs >= 1000 ? modified : undefined;
};

/** What If-Range may carry. */
const rangeValidatorOf = (answer: OriginAnswer): string | undefined =>
  answer.headers["accept-ranges"] === "none" ? undefined : strongValidatorOf(answer);

/** A signed URI is a secret, and this is kept. */
const fingerprint = (url: URL): string => createHash("sha256").update(url.href).digest("hex");

/** None for a body that ends where its connection does: nobody can tell such a one from a part of it. */
const lastingValidatorOf = (answer: OriginAnswer): Validator | undefined => {
  const { etag, "transfer-encoding": encoding } = answer.headers;
  const strong = strongValidatorOf(answer);
  if (strong === undefined || (contentLength(answer) === undefined && encoding !== "chunked")) return undefined;
  const condition = { [etag === undefined ? "if-modified-since" : "if-none-match"]: strong };
  return { answeredBy: fingerprint(answer.url), condition };
};

/** If-None-Match compares weakly (RFC 9110 §13.1.2), and a date may match a later one: a 304 that names other bytes is not believed. */
const confirms = ({ headers }: OriginAnswer, { condition }: Validator): boolean => {
  const { "if-none-match": etag, "if-modified-since": modified } = condition;
  if (etag !== undefined) return headers.etag === undefined || headers.etag === etag;
  return headers["last-modified"] === undefined || headers["last-modified"] === modified;
};

const retryAfterMs = ({ headers }: OriginAnswer, now: number): number => {
  const value = headers["retry-after"];
  if (value === undefined) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
};

const refused = (host: string, status: number): MediabayError =>
  new MediabayError("SOURCE_REFUSED", `The origin ${host} answered ${status}.`, { host, status });

/** Anything else than a failing network, a wrong certificate included, will not pass by itself. */
const mayPass = (error: unknown): error is MediabayError =>
  error instanceof MediabayError && error.code === "SOURCE_UNREACHABLE" && error.context["tls"] === undefined;

/** One image from one origin: attempts are counted over all its breaks and restarts. */
class HttpTransfer implements Transfer {
  readonly #client: OriginClient;
  readonly #clock: Clock;
  readonly #uri: URL;
  readonly #context: TransferContext;
  #attempts = 0;
  #receivedBytes = 0;
  #totalBytes: number | undefined;
  #rangeValidator: string | undefined;
  #lastingValidator: Validator | undefined;
  #isWhole = false;
  /** A whole answer to a request for a range, or for other bytes: the next `read` begins with it. */
  #fresh: OriginAnswer | undefined;

  constructor(client: OriginClient, clock: Clock, uri: URL, context: TransferContext) {
    this.#client = client;
    this.#clock = clock;
    this.#uri = uri;
    this.#context = context;
  }

  async *read(): AsyncGenerator<Uint8Array> {
    this.#receivedBytes = 0;
    let answer = this.#fresh ?? (await this.#request());
    this.#fresh = undefined;
    for (;;) {
      const broken = yield* this.#deliver(answer);
      if (broken === undefined) {
        this.#isWhole = true;
        return;
      }
      if (this.#attempts >= mostAttempts) throw broken;
      answer = await this.#resume(broken);
    }
  }

  async unchangedSince(validator: Validator): Promise<boolean> {
    const answer = await this.#request({}, validator);
    if (answer.status !== 304) {
      this.#fresh = answer;
      return false;
    }
    answer.close();
    // Not a failure: the plain request that follows a doubtful 304 need not wait.
    this.#attempts = 0;
    return confirms(answer, validator);
  }

  validator(): Validator | undefined {
    return this.#isWhole ? this.#lastingValidator : undefined;
  }

  close(): void {
    this.#fresh?.close();
  }

  /** Answers the break, or undefined when the body came whole. */
  async *#deliver(answer: OriginAnswer): AsyncGenerator<Uint8Array, MediabayError | undefined> {
    try {
      for await (const chunk of answer.body) {
        this.#receivedBytes += chunk.byteLength;
        this.#context.onProgress(this.#receivedBytes, this.#totalBytes);
        yield chunk;
      }
    } catch (error) {
      if (!mayPass(error)) throw error;
      return this.#brokenOff(error);
    } finally {
      answer.close();
    }
    return this.#totalBytes === undefined || this.#receivedBytes === this.#totalBytes ? undefined : this.#brokenOff();
  }

  #brokenOff(cause?: unknown): MediabayError {
    const of = this.#totalBytes === undefined ? "" : ` of ${this.#totalBytes}`;
    const message = `The transfer from ${this.#uri.host} broke off after ${this.#receivedBytes}${of} bytes.`;
    return new MediabayError("SOURCE_UNREACHABLE", message, { host: this.#uri.host }, { cause });
  }

  async #resume(broken: MediabayError): Promise<OriginAnswer> {
    const validator = this.#rangeValidator;
    if (validator === undefined) throw new RestartTransfer(broken.message, { cause: broken });
    const from = this.#receivedBytes;
    const answer = await this.#request({ range: `bytes=${from}-`, "if-range": validator });
    if (answer.status === 206 && this.#continues(answer, from)) {
      // Two places may use one tag for different bytes: what came from both is not known by it.
      if (fingerprint(answer.url) !== this.#lastingValidator?.answeredBy) this.#lastingValidator = undefined;
      return answer;
    }
    if (answer.status === 200) this.#fresh = answer;
    else answer.close();
    throw new RestartTransfer("The origin does not continue what it had begun.", { cause: broken });
  }

  #continues({ headers }: OriginAnswer, from: number): boolean {
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
    const known = this.#totalBytes === undefined || total === "*" || Number(total) === this.#totalBytes;
    const sameTag =
      headers.etag === undefined || !this.#rangeValidator?.startsWith('"') || headers.etag === this.#rangeValidator;
    return Number(first) === from && known && sameTag;
  }

  /** An answer of use: 200, 206 and 416 where a range was asked for, 304 from whom `known` is of. */
  async #request(range: Readonly<Record<string, string>> = {}, known?: Validator): Promise<OriginAnswer> {
    const isOf = (url: URL): boolean => known !== undefined && fingerprint(url) === known.answeredBy;
    const only = (target: URL) => (isOf(target) && known?.condition) || {};
    let failure: MediabayError | undefined;
    let askedMs = 0;
    for (;;) {
      if (failure !== undefined && this.#attempts >= mostAttempts) throw failure;
      await this.#backOff(askedMs);
      this.#attempts += 1;
      try {
        const answer = await this.#client.get(this.#uri, range, this.#context.signal, only);
        if (answer.status === 200) return this.#begin(answer);
        if (range["range"] !== undefined && (answer.status === 206 || answer.status === 416)) return answer;
        if (answer.status === 304 && isOf(answer.url)) return answer;
        answer.close();
        failure = refused(this.#uri.host, answer.status);
        askedMs = retryAfterMs(answer, this.#clock.now());
        const passing = answer.status === 429 || answer.status >= 500;
        if (!passing || askedMs > longestWaitMs) throw failure;
      } catch (error) {
        if (!mayPass(error)) throw error;
        failure = error;
        askedMs = 0;
      }
    }
  }

  #begin(answer: OriginAnswer): OriginAnswer {
    try {
      this.#totalBytes = contentLength(answer);
      this.#rangeValidator = rangeValidatorOf(answer);
      this.#lastingValidator = lastingValidatorOf(answer);
      if (this.#totalBytes !== undefined) this.#context.admit(this.#totalBytes);
      return answer;
    } catch (error) {
      answer.close();
      throw error;
    }
  }

  async #backOff(askedMs: number): Promise<void> {
    if (this.#attempts === 0) return;
    const ownMs = firstBackOffMs * 2 ** (this.#attempts - 1);
    await this.#clock.sleep(Math.max(ownMs, askedMs), this.#context.signal);
  }
}

export const createHttpSource = (deps: SourceDeps): SourceScheme => {
  const { policy, clock, settings, lookup } = deps;
  const client = createOriginClient({
    policy,
    timeouts: settings.timeouts,
    ...(settings.ca && { ca: settings.ca }),
    ...(lookup && { lookup }),
  });
  return {
    kind: "uri",
    schemes: ["http", "https"],
    check(uri) {
      const { hostname, port, protocol } = parse(uri);
      const refusal = policy.refusalOfHost(hostname, Number(port) || (protocol === "https:" ? 443 : 80));
      if (refusal !== undefined) throw forbiddenByPolicy(hostname, refusal);
    },
    key: (uri) => parse(uri).href,
    open: (uri, context) => new HttpTransfer(client, clock, parse(uri), context),
  };
};
