// The one error class and the one error table. Each code says whose fault it is, whether a retry can help,
// and what the person should do. Translation into these codes happens only in each room's own errors.ts.
import { redact } from "./redact.ts";

export type Fault = "caller" | "bmc" | "source" | "us";
export type Retry = "never" | "later" | "soon";

export interface ErrorDefinition {
  readonly fault: Fault;
  readonly status: number;
  readonly retry: Retry;
  readonly hint: string;
}

const define = <const T extends Record<string, ErrorDefinition>>(table: T): T => table;

export const errorTable = define({
  INVALID_REQUEST: {
    fault: "caller",
    status: 400,
    retry: "never",
    hint: "Correct what the message names, and try again.",
  },
  SETTINGS_INVALID: {
    fault: "caller",
    status: 400,
    retry: "never",
    hint: "Correct the named setting; `mediabay serve --check` tests the settings without starting.",
  },
  UNAUTHENTICATED: {
    fault: "caller",
    status: 401,
    retry: "never",
    hint: "Send `Authorization: Bearer TOKEN`; the admin token is in the state directory's admin.token.",
  },
  FORBIDDEN: {
    fault: "caller",
    status: 403,
    retry: "never",
    hint: "This token's role does not allow that; use an operator or admin token.",
  },
  NOT_FOUND: { fault: "caller", status: 404, retry: "never", hint: "Check the address and the identifier." },
  METHOD_NOT_ALLOWED: {
    fault: "caller",
    status: 405,
    retry: "never",
    hint: "Use one of the methods that the `Allow` header lists.",
  },
  REQUEST_TOO_LARGE: {
    fault: "caller",
    status: 413,
    retry: "never",
    hint: "Send a smaller body; give large images by URI instead of base64.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    fault: "caller",
    status: 415,
    retry: "never",
    hint: "Send the body as UTF-8 `application/json` without a content encoding.",
  },
  RATE_LIMITED: {
    fault: "caller",
    status: 429,
    retry: "later",
    hint: "Wait as long as `Retry-After` says, then try again.",
  },
  MACHINE_NOT_FOUND: {
    fault: "caller",
    status: 404,
    retry: "never",
    hint: "List the machines with `mediabay machine list`; names are case-sensitive.",
  },
  MACHINE_EXISTS: {
    fault: "caller",
    status: 409,
    retry: "never",
    hint: "Choose another name, or update the existing machine.",
  },
  MACHINE_BUSY: {
    fault: "caller",
    status: 409,
    retry: "later",
    hint: "Wait for the machine's running operation or cancel it.",
  },
  IDEMPOTENCY_CONFLICT: {
    fault: "caller",
    status: 409,
    retry: "never",
    hint: "This Idempotency-Key was used for a different request; use a new key.",
  },
  ALREADY_ATTACHED: {
    fault: "caller",
    status: 409,
    retry: "never",
    hint: "Detach the existing attachment of that role first, or ask for its status.",
  },
  SLOT_OCCUPIED: {
    fault: "caller",
    status: 409,
    retry: "later",
    hint: "The slot holds somebody else's medium; eject it there, or repeat with --force to replace it.",
  },
  IMAGE_TOO_LARGE: {
    fault: "caller",
    status: 413,
    retry: "never",
    hint: "Use a smaller image or raise the limit in the settings (images.limits).",
  },
  IMAGE_INVALID: {
    fault: "caller",
    status: 422,
    retry: "never",
    hint: "Give an ISO 9660 or FAT image, raw, gzipped, base64, or base64 of gzip.",
  },
  IMAGE_DIGEST_MISMATCH: {
    fault: "caller",
    status: 422,
    retry: "never",
    hint: "The bytes are not those whose SHA-256 was expected; check the source and the digest.",
  },
  IMAGE_NOT_FOUND: {
    fault: "caller",
    status: 404,
    retry: "never",
    hint: "List the stored images with `mediabay image list`.",
  },
  IMAGE_DOES_NOT_FIT: {
    fault: "caller",
    status: 422,
    retry: "never",
    hint: "The same files do not fit the medium in the form that it needs; make them fewer or smaller, or choose another slot.",
  },
  CREDENTIAL_NOT_FOUND: {
    fault: "caller",
    status: 404,
    retry: "never",
    hint: "List the named credentials with `mediabay credential list`; add one with `mediabay credential set`.",
  },
  AGENT_MAY_RUN: {
    fault: "caller",
    status: 409,
    retry: "later",
    hint: "Power the machine off first: a deploy agent's ramdisk would take the config drive for its own.",
  },
  SYSTEM_AMBIGUOUS: {
    fault: "caller",
    status: 422,
    retry: "never",
    hint: "This BMC serves several systems; name the one that is meant in the endpoint's `system`.",
  },
  UNSUPPORTED_BY_BMC: {
    fault: "caller",
    status: 422,
    retry: "never",
    hint: "`mediabay probe` shows what this BMC can do.",
  },
  SOURCE_FORBIDDEN: {
    fault: "caller",
    status: 422,
    retry: "never",
    hint: "The address is refused by policy; allow it in the settings (sources.allow) if it is meant.",
  },
  SOURCE_UNSUPPORTED: {
    fault: "caller",
    status: 422,
    retry: "never",
    hint: "Use one of the schemes that the message lists.",
  },
  CANCELLED: {
    fault: "caller",
    status: 409,
    retry: "never",
    hint: "The operation was cancelled and its effects were undone.",
  },
  STATE_LOCKED: {
    fault: "caller",
    status: 409,
    retry: "never",
    hint: "Another process uses this state directory; stop it or choose another directory.",
  },
  BMC_UNREACHABLE: {
    fault: "bmc",
    status: 502,
    retry: "later",
    hint: "Check the address, the network and that the BMC is up.",
  },
  BMC_AUTHENTICATION: {
    fault: "bmc",
    status: 502,
    retry: "never",
    hint: "The BMC refused our credentials; update the machine's endpoint.",
  },
  BMC_TLS: {
    fault: "bmc",
    status: 502,
    retry: "never",
    hint: "Check the endpoint's TLS policy: a CA for `verify`, a fingerprint for `pinned`, level `legacy` for old firmware.",
  },
  BMC_MALFORMED: {
    fault: "bmc",
    status: 502,
    retry: "soon",
    hint: "The BMC's answer breaks the protocol; check its firmware.",
  },
  BMC_INCONSISTENT: {
    fault: "bmc",
    status: 502,
    retry: "later",
    hint: "The BMC's state does not show what it had accepted; look at its console, then repeat.",
  },
  BMC_REJECTED: {
    fault: "bmc",
    status: 502,
    retry: "never",
    hint: "The BMC refused the request; its own text is in `context.bmcText`.",
  },
  BMC_UNLICENSED: { fault: "bmc", status: 502, retry: "never", hint: "This BMC needs a licence for virtual media." },
  BMC_BUSY: {
    fault: "bmc",
    status: 503,
    retry: "soon",
    hint: "The BMC is busy (POST, session limit, other work); repeat shortly.",
  },
  BMC_TIMEOUT: { fault: "bmc", status: 504, retry: "later", hint: "The BMC did not answer in time; check its health." },
  MEDIUM_NOT_READ: {
    fault: "bmc",
    status: 502,
    retry: "later",
    hint: "The BMC says inserted but never read the image; check that the BMC can reach the image plane.",
  },
  DEADLINE_EXCEEDED: {
    fault: "bmc",
    status: 504,
    retry: "later",
    hint: "The operation's deadline passed; its effects were undone.",
  },
  SOURCE_UNREACHABLE: {
    fault: "source",
    status: 502,
    retry: "later",
    hint: "Check that the gateway can reach the image's origin.",
  },
  SOURCE_REFUSED: {
    fault: "source",
    status: 502,
    retry: "later",
    hint: "The origin refused to give the image; check the URI and its credentials.",
  },
  INTERNAL: {
    fault: "us",
    status: 500,
    retry: "never",
    hint: "A defect of Mediabay; the log has the details under this instance.",
  },
  STORE_UNAVAILABLE: {
    fault: "us",
    status: 503,
    retry: "later",
    hint: "Check the state directory's disk: space, permissions, health.",
  },
} as const);

export type ErrorCode = keyof typeof errorTable;

/** What a machine's operator needs beside the message. Everything here is redacted before it leaves. */
export interface ErrorContext {
  readonly machine?: string;
  readonly protocol?: string;
  readonly operation?: string;
  readonly uri?: string;
  readonly field?: string;
  /** The BMC's own code: Redfish MessageId, RIBCL STATUS, IPMI completion code. */
  readonly bmcCode?: string;
  /** The BMC's own words. */
  readonly bmcText?: string;
  readonly status?: number;
  readonly [key: string]: unknown;
}

/** The only error class that crosses a room's border. `message` is one plain sentence without secrets. */
export class MediabayError extends Error {
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}, options?: { cause?: unknown }) {
    super(redact(message), options);
    this.name = "MediabayError";
    this.code = code;
    this.context = redact(context);
  }

  get definition(): ErrorDefinition {
    return errorTable[this.code];
  }

  get hint(): string {
    return typeof this.context["hint"] === "string" ? this.context["hint"] : this.definition.hint;
  }
}

/** The stored and transmitted form of an error: no stack, no cause, nothing secret. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly context: ErrorContext;
}

export const toErrorRecord = (error: unknown): ErrorRecord => {
  const known = asMediabayError(error);
  return { code: known.code, message: known.message, hint: known.hint, context: known.context };
};

export const fromErrorRecord = (record: ErrorRecord): MediabayError =>
  new MediabayError(record.code, record.message, record.context);

/** An unknown throwable becomes INTERNAL with its cause kept for the log; its message is not repeated outside. */
export const asMediabayError = (error: unknown): MediabayError =>
  error instanceof MediabayError
    ? error
    : new MediabayError("INTERNAL", "An unexpected defect stopped this request.", {}, { cause: error });
