// Calls that are accepted for later: `Idempotency-Key`, `Prefer: wait=N` (RFC 7240), and the answer 202, 200 or the operation's error.
import { fromErrorRecord, MediabayError } from "../core/errors.ts";
import type { Accepted } from "../core/gateway.ts";
import type { OperationRecord } from "../core/records.ts";
import type { Answer, RawCall, Services } from "./route.ts";

const longestWaitSeconds = 600;

/** Seconds of `wait=N`, at most 600; undefined when it is absent or malformed, which RFC 7240 §2 says to ignore. The first one counts. */
export const parseWaitSeconds = (header: string | undefined): number | undefined => {
  const waits = (header ?? "")
    .split(",")
    .map((preference) => /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;|$)/i.exec(preference)?.[1]);
  const first = waits.find((wait) => wait !== undefined);
  return first === undefined ? undefined : Math.min(Number(first), longestWaitSeconds);
};

/** A key as sent, bare or as a quoted string. @throws MediabayError INVALID_REQUEST */
export const parseIdempotencyKey = (header: string | undefined): string | undefined => {
  if (header === undefined) return undefined;
  const key = /^"([\x21\x23-\x5b\x5d-\x7e]{1,255})"$/.exec(header)?.[1] ?? header;
  if (/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(key)) return key;
  throw new MediabayError(
    "INVALID_REQUEST",
    "The header `Idempotency-Key` must be 1 to 255 visible ASCII characters without quotes, backslashes or spaces.",
    { field: "Idempotency-Key" },
  );
};

export const hasEnded = ({ state }: OperationRecord): boolean =>
  state === "succeeded" || state === "failed" || state === "cancelled";

interface Waited {
  readonly operation: OperationRecord;
  /** Present when the client asked to wait and the operation ended in time. */
  readonly applied?: { readonly "Preference-Applied": string };
}

/** The operation once it has ended, or as it is when the preferred time is over, the client has gone or the server closes. */
const awaitEnd = async (call: RawCall, { gateway }: Services, operation: OperationRecord): Promise<Waited> => {
  const seconds = parseWaitSeconds(call.request.header("prefer"));
  if (seconds === undefined || seconds === 0) return { operation };
  const waited = await gateway.waitOperation(operation.id, seconds * 1000, call.signal).catch((error: unknown) => {
    if (call.signal.aborted) return gateway.getOperation(operation.id);
    throw error;
  });
  return hasEnded(waited)
    ? { operation: waited, applied: { "Preference-Applied": `wait=${seconds}` } }
    : { operation: waited };
};

const errorOf = (operation: OperationRecord): MediabayError => {
  if (operation.error) return fromErrorRecord(operation.error);
  return operation.state === "cancelled"
    ? new MediabayError("CANCELLED", "The operation was cancelled.", { operation: operation.id })
    : new MediabayError("INTERNAL", "The operation failed without saying why.", { operation: operation.id });
};

const locationOf = (operation: OperationRecord): string => `/v1/operations/${encodeURIComponent(operation.id)}`;

/** 202 with the operation's address; when the client waited for its end: 200 with the final records, or its error. */
export const answerAccepted = async (call: RawCall, services: Services, accepted: Accepted): Promise<Answer> => {
  const { operation, applied } = await awaitEnd(call, services, accepted.operation);
  const headers = { Location: locationOf(operation), ...applied };
  if (!applied) return { status: 202, headers, body: { ...accepted, operation } };
  if (operation.state !== "succeeded") {
    const error = errorOf(operation);
    return { status: error.definition.status, headers, failure: { error, operation } };
  }
  const attachment = accepted.attachment && (await services.gateway.getAttachment(accepted.attachment.id));
  return { status: 200, headers, body: { ...accepted, operation, ...(attachment && { attachment }) } };
};

/** As `answerAccepted` for a cancellation, of which every end of the operation is a success. */
export const answerCancelled = async (
  call: RawCall,
  services: Services,
  cancelled: OperationRecord,
): Promise<Answer> => {
  const { operation, applied } = await awaitEnd(call, services, cancelled);
  return { status: applied ? 200 : 202, headers: { Location: locationOf(operation), ...applied }, body: operation };
};
