// Outcomes and errors that several routes share, for the OpenAPI document.
import { errorTable } from "../../core/errors.ts";
import type { ErrorCode, Fault } from "../../core/errors.ts";
import type { Outcome } from "../route.ts";
import { accepted } from "./records.ts";

const codesOf = (fault: Fault): readonly ErrorCode[] =>
  (Object.keys(errorTable) as ErrorCode[]).filter((code) => errorTable[code].fault === fault);

/** Whatever a conversation with a BMC may end in. */
export const bmcErrors: readonly ErrorCode[] = [...codesOf("bmc"), "UNSUPPORTED_BY_BMC", "SYSTEM_AMBIGUOUS"];

/** Whatever bringing an image into the store may end in. */
export const sourceErrors: readonly ErrorCode[] = [
  ...codesOf("source"),
  "SOURCE_FORBIDDEN",
  "SOURCE_UNSUPPORTED",
  "IMAGE_TOO_LARGE",
  "IMAGE_INVALID",
  "IMAGE_DIGEST_MISMATCH",
  "IMAGE_NOT_FOUND",
  "CREDENTIAL_NOT_FOUND",
];

/** Of every call that is accepted for later: at once, and when its end was waited for. */
export const acceptedErrors: readonly ErrorCode[] = [
  "MACHINE_NOT_FOUND",
  "IDEMPOTENCY_CONFLICT",
  "CANCELLED",
  ...bmcErrors,
];

export const acceptedOutcomes: readonly Outcome[] = [
  { status: 202, description: "Accepted; `Location` is the operation.", schema: accepted, location: true },
  { status: 200, description: "With `Prefer: wait=N`: it succeeded in time.", schema: accepted, location: true },
];
