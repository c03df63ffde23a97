// How a handler ends a request with an error.
import type { Condition, ErrorReply } from "../personality/replies.ts";
import type { MessageName } from "./messages.ts";

export interface FailureDetails {
  readonly args?: readonly string[];
  /** What the standard message has no place for: the arguments of a personality's own text. */
  readonly facts?: readonly string[];
  /** JSON Pointers for RelatedProperties. */
  readonly related?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Under which name the personality may have its own reply. */
  readonly condition?: Condition;
  /** This reply, whatever the personality says of the condition. */
  readonly reply?: ErrorReply | undefined;
}

/** Ends the handling of a request with an error body; thrown by handlers, turned into a Reply by the server. */
export class RedfishFailure extends Error {
  readonly status: number;
  readonly id: MessageName;
  readonly details: FailureDetails;

  constructor(status: number, id: MessageName, details: FailureDetails = {}) {
    super(`${status} ${id}`);
    this.name = "RedfishFailure";
    this.status = status;
    this.id = id;
    this.details = details;
  }
}
