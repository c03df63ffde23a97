// What messages of the Base registry (DSP8011) and statuses mean in our codes. Those of vendors' own registries are for profiles.
import type { ErrorCode } from "../../core/errors.ts";
import type { ErrorAction } from "./quirks.ts";

export interface Meaning {
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly action?: ErrorAction;
}

const busy: Meaning = { code: "BMC_BUSY" };
const busyForNow: Meaning = { code: "BMC_BUSY", action: "retry" };
const unsupported: Meaning = { code: "UNSUPPORTED_BY_BMC" };
const unreadable: Meaning = {
  code: "BMC_REJECTED",
  hint: "The BMC could not read the image's URL; check that it can reach the image plane.",
};
const refused: Meaning = { code: "BMC_AUTHENTICATION" };
const missing: Meaning = { code: "BMC_REJECTED", action: "param-missing" };
const unknown: Meaning = { code: "BMC_REJECTED", action: "param-unknown" };

export const meanings: Readonly<Record<string, Meaning>> = {
  ActionParameterMissing: missing,
  PropertyMissing: missing,
  CreateFailedMissingReqProperties: missing,
  ActionParameterUnknown: unknown,
  ActionParameterNotSupported: unknown,
  PropertyUnknown: unknown,
  PropertyNotWritable: unknown,
  CouldNotEstablishConnection: unreadable,
  ResourceAtUriUnauthorized: unreadable,
  ActionParameterValueConflict: busy,
  SessionLimitExceeded: busy,
  ResourceInUse: busy,
  ResourceExhaustion: busy,
  ResourceInStandby: busyForNow,
  ServiceInUnknownState: busyForNow,
  ServiceShuttingDown: busyForNow,
  ServiceTemporarilyUnavailable: busyForNow,
  LicenseRequired: { code: "BMC_UNLICENSED" },
  SourceDoesNotSupportProtocol: unsupported,
  ResourceAtUriInUnknownFormat: unsupported,
  ActionNotSupported: unsupported,
  ActionParameterValueNotInList: unsupported,
  PropertyValueNotInList: unsupported,
  InsufficientPrivilege: refused,
  NoValidSession: refused,
};

export const byStatus: Readonly<Record<number, ErrorCode>> = {
  401: "BMC_AUTHENTICATION",
  403: "BMC_AUTHENTICATION",
  405: "UNSUPPORTED_BY_BMC",
  408: "BMC_TIMEOUT",
  429: "BMC_BUSY",
  501: "UNSUPPORTED_BY_BMC",
  502: "BMC_BUSY",
  503: "BMC_BUSY",
  504: "BMC_TIMEOUT",
};
