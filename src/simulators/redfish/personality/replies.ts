// Error replies as data: what this BMC answers when something goes wrong, where that differs from the Base message registry (DSP8011).
import { z } from "zod";

/** How an error body is built. */
const shape = z.enum([
  /** DSP0266: `error.code`, `error.message` and a list in `@Message.ExtendedInfo`. */
  "list",
  /** `@Message.ExtendedInfo` is one object instead of a list. */
  "object",
  /** As `list`, but without `error.code`. */
  "no-code",
  /** `error` with `code` and `message` only, no `@Message.ExtendedInfo`. */
  "no-info",
  /** `code` is `Base.…GeneralError`; the real message is only in the list. */
  "general",
  /** The reverse of `general`: what happened is in `message` alone; `code` and the list's one MessageId are `Base.…GeneralError`. */
  "message-only",
  /** The text alone, under JSON's media type although it is none. */
  "text",
  /** A web server's page, not JSON. */
  "html",
  /** The status alone. */
  "empty",
]);

export const errorReply = z.strictObject({
  /** Absent: the standard one. */
  status: z.int().min(400).max(599).optional(),
  /** A whole MessageId (`Acme.2.8.RAC0218`), or a bare name of the Base registry; absent: the standard one. */
  id: z.string().optional(),
  /** `%1`, `%2` stand for `args`; absent: the standard text. */
  text: z.string().optional(),
  /** Absent: those of the standard message, or what the condition names beside its standard message. */
  args: z.array(z.string()).optional(),
  /** Absent: `errors.shape`. */
  shape: shape.optional(),
  /** Sent as Retry-After. */
  retryAfterSeconds: z.int().nonnegative().optional(),
});

/** What can go wrong. Beside each: the standard reply that `errors.replies` replaces. */
const condition = z.enum([
  /** The slot holds a medium already: 400 ResourceInUse. */
  "occupied",
  /** Another slot holds a medium and only so many may (`media.maxInserted`): 400 ResourceInUse. */
  "full",
  /** The slot is in the middle of an insert or eject: 400 ResourceInUse. */
  "slotBusy",
  /** An eject of an empty slot, where that is refused: 400 NoOperation. */
  "nothingInserted",
  /** A slot that takes no URL (`media.slots[].takesUrl`): 405 OperationNotAllowed. */
  "slotRefused",
  /** Remote media are switched off (`oem.gates`): 400 ResourceInUse. */
  "disabled",
  /** `media.licensed` is false: 403 InsufficientPrivilege. */
  "unlicensed",
  /** The image cannot be read, `%1` URL, `%2` why: 500, of an uploading reader 502, InternalError. */
  "imageUnreachable",
  /** The image server told an uploading reader an error, `%1` its status: 400 for a 4xx, else 502, InternalError. */
  "imageRefused",
  /** The https server's certificate is not trusted: as imageUnreachable. */
  "imageUntrusted",
  /** Over `media.maxImageBytes`: 400 ActionParameterValueConflict. */
  "imageTooLarge",
  /** 400 SourceDoesNotSupportProtocol. */
  "schemeRefused",
  /** The URL's file extension: 400 ActionParameterValueFormatError. */
  "extensionRefused",
  /** `media.forbiddenCharacters`, or no URL at all: 400 ActionParameterValueFormatError. */
  "urlRefused",
  /** Over `media.maxUrlLength`: 400 ActionParameterValueFormatError. */
  "urlTooLong",
  /** The URL's host is of a form that is not in `media.hostForms`: 400 ActionParameterValueFormatError. */
  "hostRefused",
  /** `%1` action, `%2` parameter; of a PATCH `%1` is the property: 400 ActionParameterMissing, PropertyMissing. */
  "parameterMissing",
  /** The same arguments: 400 ActionParameterUnknown, PropertyUnknown. */
  "parameterUnknown",
  /** `%1` value, `%2` parameter, `%3` action: 400 ActionParameterValueTypeError. */
  "parameterType",
  /** The same arguments: 400 ActionParameterValueNotInList. */
  "parameterValue",
  /** TransferProtocolType is not the URL's scheme: 400 ActionParameterValueConflict. */
  "protocolMismatch",
  /** An insert within `media.reinsertAfterMs` of an eject: 503 ResourceInUse. */
  "tooSoon",
  /** An eject within `media.detachMs` of another: 500 InternalError. */
  "detaching",
  /** An eject without a JSON object: 415 UnrecognizedRequestBody. */
  "bodyMissing",
  /** A certificate beyond `media.certificateLimit`: 409 ResourceInUse. */
  "certificateLimit",
  /** A Boot property that cannot be written here: 400 PropertyNotWritable. */
  "bootReadOnly",
  /** 400 PropertyUnknown. */
  "bootUnknown",
  /** `boot.required`, and `boot.enabledAlone` that is `refused`: 400 PropertyMissing. */
  "bootMissing",
  /** 400 PropertyValueNotInList. */
  "bootValue",
  /** `boot.continuous` is `refused`: 400 PropertyValueNotInList. */
  "continuousRefused",
  /** `boot.enabledWithUefiTarget` is `refused`: 400 PropertyValueConflict. */
  "uefiTargetConflict",
  /** `boot.modeAlone` is `refused`: 400 PropertyMissing. */
  "modeAlone",
  /** The host is in POST (`power.postMs`): 400 ResourceInUse. */
  "inPost",
  /** `power.conflictAfterOffMs`: 409 ActionParameterValueConflict. */
  "powerConflict",
  /** `power.redundant` is `refused`: 409 ActionParameterValueConflict. */
  "redundantReset",
  /** A ResetType that is not offered: 400 ActionParameterValueNotInList. */
  "resetValue",
  /** `power.transition` is `failing`: 500 InternalError. */
  "transitioning",
  /** 401 NoValidSession. */
  "unauthenticated",
  /** Wrong user name or password at a login: 401 NoValidSession. */
  "loginFailed",
  /** 503 SessionLimitExceeded. */
  "sessionLimit",
  /** `auth.loginWithBasic` is `refused`: 401 NoValidSession. */
  "loginWithBasic",
  /** 404 ResourceMissingAtURI. */
  "notFound",
  /** 405 OperationNotAllowed. */
  "methodNotAllowed",
  /** 412 PreconditionFailed. */
  "preconditionFailed",
  /** 428 PreconditionRequired. */
  "preconditionRequired",
  /** Over `http.maxIfMatchBytes`: 400 PreconditionFailed. */
  "etagTooLong",
  /** A query that is not supported: 501 QueryNotSupported. */
  "queryRefused",
  /** `http.identityEncoding` is `refused`: 406 HeaderInvalid. */
  "identityRefused",
  /** More than `http.maxInFlight`, or sooner than `http.minGapMs`: 503 ServiceTemporarilyUnavailable. */
  "overloaded",
]);

export const conditions = condition.options;

export const errors = z.strictObject({
  shape: shape.default("list"),
  replies: z.partialRecord(condition, errorReply).default({}),
});

export type Condition = z.output<typeof condition>;
export type ErrorReply = z.output<typeof errorReply>;
