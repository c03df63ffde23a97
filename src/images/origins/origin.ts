// One place on the network that an image's bytes come from, and how it is asked: what the transfer needs to know of http, Swift and S3.
import type { ErrorContext, MediabayError } from "../../core/errors.ts";
import type { OriginAnswer, OriginRequest } from "../../wire/guarded/origin-client.ts";

/** A request without what the transfer adds to it. */
export type Question = Pick<OriginRequest, "uri" | "credentials" | "redirects">;

export interface Origin {
  /** For messages, without secrets. */
  readonly name: string;
  /** Of errors. */
  readonly context: ErrorContext;
  /** Made anew for each attempt, so that what has expired is renewed. @throws MediabayError, as a request does */
  ask(signal: AbortSignal): Promise<Question>;
  /** Names an answer that is of no use. May read its body. */
  refusal?(answer: OriginAnswer): Promise<MediabayError>;
  /** True when the next question may be accepted where this status refused the last: at most once for each thing that expires. */
  renews?(status: number): boolean;
  /** What of a URL names the bytes: without what differs from one question to the next. Default all of it. */
  placeOf?(url: URL): string;
}
