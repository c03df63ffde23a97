// The transfer of one image over HTTP (RFC 9110): retried with back-off, resumed with Range and If-Range (§13.1.5, §14) where the origin
// lets us, begun again where not. A body shorter than its Content-Length is never taken for whole. What came whole is asked for again only
// if it changed (§13.1.2, §13.1.3).
import type { Clock } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { OriginAnswer, OriginClient } from "../../wire/guarded/origin-client.ts";
import { RestartTransfer, type Transfer, type TransferContext, type Validator } from "../sources/source.ts";
import type { Origin } from "./origin.ts";
import { createPace } from "./pace.ts";
import { confirms, contentLength, continues, fingerprint, lastingValidatorOf, rangeValidatorOf } from "./validators.ts";

const mostAttempts = 4;
const firstBackOffMs = 1000;
/** An origin that wants more patience than this is an origin that refuses. */
const longestWaitMs = 60_000;

const retryAfterMs = ({ headers }: OriginAnswer, now: number): number => {
  const value = headers["retry-after"];
  if (value === undefined) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
};

/** Anything else than a failing network, a wrong certificate included, will not pass by itself. */
const mayPass = (error: unknown): error is MediabayError =>
  error instanceof MediabayError && error.code === "SOURCE_UNREACHABLE" && error.context["tls"] === undefined;

/** One image from one origin: attempts are counted over all its breaks and restarts. */
class OriginTransfer implements Transfer {
  readonly #client: OriginClient;
  readonly #clock: Clock;
  readonly #origin: Origin;
  readonly #context: TransferContext;
  #attempts = 0;
  #receivedBytes = 0;
  #totalBytes: number | undefined;
  #rangeValidator: string | undefined;
  #lastingValidator: Validator | undefined;
  #isWhole = false;
  /** A whole answer to a request for a range, or for other bytes: the next `read` begins with it. */
  #fresh: OriginAnswer | undefined;

  constructor(client: OriginClient, clock: Clock, origin: Origin, context: TransferContext) {
    this.#client = client;
    this.#clock = clock;
    this.#origin = origin;
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
    const pace = createPace(this.#clock);
    const before = this.#receivedBytes;
    try {
      for await (const chunk of answer.body) {
        // What is not handed on has not been received.
        if (pace.tooSlow(this.#receivedBytes - before)) return this.#brokenOff(new Error("The origin only drips."));
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
    const { name, context } = this.#origin;
    const message = `The transfer from ${name} broke off after ${this.#receivedBytes}${of} bytes.`;
    return new MediabayError("SOURCE_UNREACHABLE", message, context, { cause });
  }

  async #resume(broken: MediabayError): Promise<OriginAnswer> {
    const validator = this.#rangeValidator;
    if (validator === undefined) throw new RestartTransfer(broken.message, { cause: broken });
    const from = this.#receivedBytes;
    const answer = await this.#request({ range: `bytes=${from}-`, "if-range": validator });
    if (answer.status === 206 && continues(answer, from, this.#totalBytes, validator)) {
      // Two places may use one tag for different bytes: what came from both is not known by it.
      if (this.#placeOf(answer.url) !== this.#lastingValidator?.answeredBy) this.#lastingValidator = undefined;
      return answer;
    }
    if (answer.status === 200) this.#fresh = answer;
    else answer.close();
    throw new RestartTransfer("The origin does not continue what it had begun.", { cause: broken });
  }

  #placeOf(url: URL): string {
    return fingerprint(this.#origin.placeOf?.(url) ?? url.href);
  }

  /** An answer of use: 200, 206 and 416 where a range was asked for, 304 from whom `known` is of. */
  async #request(headers: Readonly<Record<string, string>> = {}, known?: Validator): Promise<OriginAnswer> {
    const isOf = (url: URL): boolean => known !== undefined && this.#placeOf(url) === known.answeredBy;
    const only = (target: URL) => (isOf(target) && known?.condition) || {};
    const { signal } = this.#context;
    let failure: MediabayError | undefined;
    let askedMs = 0;
    for (;;) {
      if (failure !== undefined && this.#attempts >= mostAttempts) throw failure;
      await this.#backOff(askedMs);
      this.#attempts += 1;
      try {
        const answer = await this.#client.get({ ...(await this.#origin.ask(signal)), headers, only }, signal);
        if (answer.status === 200) return this.#begin(answer);
        if (headers["range"] !== undefined && (answer.status === 206 || answer.status === 416)) return answer;
        if (answer.status === 304 && isOf(answer.url)) return answer;
        failure = await this.#refusal(answer);
        askedMs = retryAfterMs(answer, this.#clock.now());
        if (this.#origin.renews?.(answer.status) === true) this.#attempts -= 1;
        else if ((answer.status !== 429 && answer.status < 500) || askedMs > longestWaitMs) throw failure;
      } catch (error) {
        if (!mayPass(error)) throw error;
        failure = error;
        askedMs = 0;
      }
    }
  }

  async #refusal(answer: OriginAnswer): Promise<MediabayError> {
    const { name, context } = this.#origin;
    const { status, url } = answer;
    try {
      const named = await this.#origin.refusal?.(answer);
      const isAsked = url.host === context["host"] || context["host"] === undefined;
      const message = isAsked
        ? `The origin ${name} answered ${status}.`
        : `The origin ${name} redirects to ${url.host}, which answered ${status}.`;
      return named ?? new MediabayError("SOURCE_REFUSED", message, { ...context, status });
    } finally {
      answer.close();
    }
  }

  #begin(answer: OriginAnswer): OriginAnswer {
    try {
      this.#totalBytes = contentLength(answer);
      this.#rangeValidator = rangeValidatorOf(answer);
      this.#lastingValidator = lastingValidatorOf(answer, this.#placeOf(answer.url));
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

export const openTransfer = (client: OriginClient, clock: Clock, origin: Origin, context: TransferContext): Transfer =>
  new OriginTransfer(client, clock, origin, context);
