// Replies and error bodies: DSP0266 clause "Error responses", and the shapes that products give them.
import type { Personality } from "../personality/index.ts";
import type { OemAction } from "../personality/oem.ts";
import type { ErrorReply } from "../personality/replies.ts";
import { type Json, type Resource, textOf } from "../resources/tree.ts";
import type { RedfishFailure } from "./failure.ts";
import { filled, isMessageName, message } from "./messages.ts";

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Json;
  /** Instead of `body`. */
  readonly html?: string;
  /** Instead of `body`: it goes out as it is. */
  readonly text?: string;
}

/** What of a personality makes an error body. */
export type ReplyRules = Pick<Personality, "errors" | "http">;

const page = (status: number): string =>
  `<!DOCTYPE html><html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`;

const entryOf = (failure: RedfishFailure, own: ErrorReply | undefined, registry: string): Resource => {
  const { args: standardArgs = [], facts = standardArgs, related = [] } = failure.details;
  const args = own?.args ?? (own?.text === undefined ? standardArgs : facts);
  const id = own?.id ?? failure.id;
  const base = message(registry, isMessageName(id) ? id : failure.id, args, related);
  return {
    ...base,
    MessageId: id.includes(".") ? id : `${registry}.${id}`,
    ...(own?.text === undefined ? {} : { Message: filled(own.text, args) }),
  };
};

const messageOnly = (code: string, text: Json): Resource => ({
  code,
  message: text,
  "@Message.ExtendedInfo": [{ "@odata.type": "#Message.v1_0_0.Message", MessageId: code }],
});

export const failureReply = ({ errors, http }: ReplyRules, failure: RedfishFailure): Reply => {
  const { condition, headers, reply } = failure.details;
  const own = reply ?? (condition === undefined ? undefined : errors.replies[condition]);
  const status = own?.status ?? failure.status;
  const retry = own?.retryAfterSeconds === undefined ? {} : { "Retry-After": String(own.retryAfterSeconds) };
  const shape = own?.shape ?? errors.shape;
  const base = { status, headers: { ...headers, ...retry } };
  if (shape === "empty") return base;
  if (shape === "html") return { ...base, html: page(status) };
  const entry = entryOf(failure, own, http.messages);
  const info = { "@Message.ExtendedInfo": shape === "object" ? entry : [entry] };
  const general = {
    code: `${http.messages}.GeneralError`,
    message: message(http.messages, "GeneralError")["Message"] ?? "",
  };
  const said = { code: entry["MessageId"] ?? "", message: entry["Message"] ?? "" };
  if (shape === "text") return { ...base, text: textOf(said.message) ?? "" };
  if (shape === "message-only") return { ...base, body: { error: messageOnly(general.code, said.message) } };
  const error = {
    ...(shape === "general" ? general : said),
    ...(shape === "no-info" ? {} : info),
  };
  const { code: _code, ...codeless } = error;
  return { ...base, body: { error: shape === "no-code" ? codeless : error } };
};

/** 200 with the Success message in the body: the other lawful way to say "done" beside 204. */
export const successReply = (registry: string): Reply => ({
  status: 200,
  body: { "@Message.ExtendedInfo": [message(registry, "Success")] },
});

/** A success in a product's own words, in some products in the guise of an error. */
export const saidBody = ({ id, text, inError }: NonNullable<OemAction["says"]>): Json => {
  const entry = {
    "@odata.type": "#Message.v1_0_8.Message",
    MessageId: id,
    Message: text,
    MessageArgs: [],
    Severity: "OK",
  };
  const info = { "@Message.ExtendedInfo": [entry] };
  return inError ? { error: { code: id, message: text, ...info } } : info;
};
