// Messages of the Base message registry (DSP8011), in its own words.
import type { Json } from "../resources/tree.ts";

type Template = readonly [severity: "OK" | "Warning" | "Critical", text: string, resolution: string];

const resubmit = "Correct the request body and resubmit the request.";

const templates = {
  Success: ["OK", "The request completed successfully.", "None."],
  GeneralError: [
    "Critical",
    "A general error has occurred. See Resolution for information on how to resolve the error, or @Message.ExtendedInfo if Resolution is not provided.",
    "None.",
  ],
  HeaderInvalid: ["Critical", "Header '%1' is invalid.", "Resubmit the request with a valid request header."],
  InsufficientPrivilege: [
    "Critical",
    "There are insufficient privileges for the account or credentials associated with the current session to perform the requested operation.",
    "Either abandon the operation or change the associated access rights and resubmit the request if the operation failed.",
  ],
  InternalError: [
    "Critical",
    "The request failed due to an internal service error. The service is still operational.",
    "Resubmit the request. If the problem persists, consider resetting the service.",
  ],
  ServiceTemporarilyUnavailable: [
    "Critical",
    "The service is temporarily unavailable. Retry in %1 seconds.",
    "Wait for the indicated retry duration and retry the operation.",
  ],
  NoValidSession: [
    "Critical",
    "There is no valid session established with the implementation.",
    "Establish a session before attempting any operations.",
  ],
  SessionLimitExceeded: [
    "Critical",
    "The session establishment failed due to the number of simultaneous sessions exceeding the limit of the implementation.",
    "Reduce the number of other sessions before trying to establish the session or increase the limit of simultaneous sessions, if supported.",
  ],
  ResourceMissingAtURI: ["Critical", "The resource at the URI %1 was not found.", "Place a valid resource at the URI."],
  OperationNotAllowed: ["Critical", "The HTTP method is not allowed on this resource.", "None."],
  MalformedJSON: [
    "Critical",
    "The request body submitted was malformed JSON and could not be parsed by the receiving service.",
    "Ensure that the request body is valid JSON and resubmit the request.",
  ],
  UnrecognizedRequestBody: [
    "Warning",
    "The service detected a malformed request body that it was unable to interpret.",
    resubmit,
  ],
  PreconditionFailed: [
    "Critical",
    "The ETag supplied did not match the ETag required to change this resource.",
    "Try the operation again using the appropriate ETag.",
  ],
  PreconditionRequired: [
    "Critical",
    "A precondition header or annotation is required to change this resource.",
    "Try the operation again using an If-Match or If-None-Match header and appropriate ETag.",
  ],
  ActionParameterMissing: [
    "Critical",
    "The action %1 requires the parameter %2 to be present in the request body.",
    "Supply the action with the required parameter in the request body when the request is resubmitted.",
  ],
  ActionParameterUnknown: [
    "Warning",
    "The action %1 was submitted with the invalid parameter %2.",
    "Correct the invalid parameter and resubmit the request if the operation failed.",
  ],
  ActionParameterValueTypeError: [
    "Warning",
    "The value %1 for the parameter %2 in the action %3 is of a different type than the parameter can accept.",
    resubmit,
  ],
  ActionParameterValueNotInList: [
    "Warning",
    "The value %1 for the parameter %2 in the action %3 is not in the list of acceptable values.",
    "Choose a value from the enumeration list that the implementation can support and resubmit the request if the operation failed.",
  ],
  ActionParameterValueFormatError: [
    "Warning",
    "The value %1 for the parameter %2 in the action %3 is of a different format than the parameter can accept.",
    resubmit,
  ],
  ActionParameterValueConflict: [
    "Warning",
    "The parameter %1 with the requested value of %2 does not meet the constraints of the implementation.",
    resubmit,
  ],
  ResourceInUse: [
    "Warning",
    "The change to the requested resource failed because the resource is in use or in transition.",
    "Remove the condition and resubmit the request if the operation failed.",
  ],
  SourceDoesNotSupportProtocol: [
    "Critical",
    "The other end of the connection at %1 does not support the specified protocol %2.",
    "Change protocols or URIs.",
  ],
  NoOperation: [
    "Warning",
    "The request body submitted contain no data to act upon and no changes to the resource took place.",
    "Add properties in the JSON object and resubmit the request.",
  ],
  PropertyUnknown: [
    "Warning",
    "The property %1 is not in the list of valid properties for the resource.",
    "Remove the unknown property from the request body and resubmit the request if the operation failed.",
  ],
  PropertyMissing: [
    "Warning",
    "The property %1 is a required property and must be included in the request.",
    "Ensure that the property is in the request body and has a valid value and resubmit the request if the operation failed.",
  ],
  PropertyNotWritable: [
    "Warning",
    "The property %1 is a read-only property and cannot be assigned a value.",
    "Remove the property from the request body and resubmit the request if the operation failed.",
  ],
  PropertyValueTypeError: [
    "Warning",
    "The value %1 for the property %2 is of a different type than the property can accept.",
    resubmit,
  ],
  PropertyValueNotInList: [
    "Warning",
    "The value %1 for the property %2 is not in the list of acceptable values.",
    "Choose a value from the enumeration list that the implementation can support and resubmit the request if the operation failed.",
  ],
  PropertyValueConflict: [
    "Warning",
    "The property '%1' could not be written because its value would conflict with the value of the '%2' property.",
    "No resolution is required.",
  ],
  PropertyValueFormatError: [
    "Warning",
    "The value %1 for the property %2 is of a different format than the property can accept.",
    resubmit,
  ],
  QueryNotSupported: [
    "Warning",
    "Querying is not supported by the implementation.",
    "Remove the query parameters and resubmit the request if the operation failed.",
  ],
  QueryParameterValueFormatError: [
    "Warning",
    "The value %1 for the parameter %2 is of a different format than the parameter can accept.",
    "Correct the value for the query parameter in the request and resubmit the request if the operation failed.",
  ],
  QueryParameterOutOfRange: [
    "Warning",
    "The value %1 for the query parameter %2 is out of range %3.",
    "Reduce the value for the query parameter to a value that is within range and resubmit the request.",
  ],
} as const satisfies Record<string, Template>;

export type MessageName = keyof typeof templates;

export const isMessageName = (name: string): name is MessageName => Object.hasOwn(templates, name);

/** `text` with `%1` and so on replaced. */
export const filled = (text: string, args: readonly string[]): string =>
  text.replaceAll(/%(\d)/g, (_whole, digit: string) => args[Number(digit) - 1] ?? "");

/** An entry of `@Message.ExtendedInfo`. `registry` is the prefix, such as `Base.1.18`. */
export const message = (
  registry: string,
  name: MessageName,
  args: readonly string[] = [],
  related: readonly string[] = [],
): { readonly [key: string]: Json } => {
  const [severity, text, resolution] = templates[name];
  return {
    "@odata.type": "#Message.v1_2_1.Message",
    MessageId: `${registry}.${name}`,
    Message: filled(text, args),
    MessageArgs: args,
    MessageSeverity: severity,
    Severity: severity,
    Resolution: resolution,
    ...(related.length > 0 ? { RelatedProperties: related } : {}),
  };
};
