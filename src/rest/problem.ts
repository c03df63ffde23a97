// Errors as RFC 9457 problem details. What is our own fault is logged with its cause and disclosed as nothing but an instance id.
import { randomUUID } from "node:crypto";
import type { Request, Response } from "express";
import { asMediabayError, MediabayError } from "../core/errors.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { Log } from "../core/ports.ts";
import type { OperationRecord } from "../core/records.ts";
import { present } from "./present.ts";

/** Where nothing better is known (RFC 9110 §10.2.3). */
const retryAfterSeconds = "5";

const abbreviations = new Set(["BMC", "TLS"]);

/** `BMC_UNREACHABLE` → `BMC unreachable`. */
const titleOf = (code: ErrorCode): string => {
  const words = code
    .split("_")
    .map((word) => (abbreviations.has(word) ? word : word.toLowerCase()))
    .join(" ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
};

/** Anything that a handler may throw, in our table. express throws URIError for an address that it cannot decode. */
const translate = (thrown: unknown): MediabayError =>
  thrown instanceof URIError
    ? new MediabayError("INVALID_REQUEST", "The address is not correctly percent-encoded.", {}, { cause: thrown })
    : asMediabayError(thrown);

const membersOf = (error: MediabayError, instance: string): object => {
  const ours = error.definition.fault === "us";
  const { hint: _hint, ...context } = error.context;
  return {
    type: `urn:mediabay:error:${error.code}`,
    title: titleOf(error.code),
    status: error.definition.status,
    detail: error.code === "INTERNAL" ? "An unexpected defect stopped this request." : error.message,
    code: error.code,
    hint: ours ? error.definition.hint : error.hint,
    instance,
    ...(!ours && Object.keys(context).length > 0 && { context }),
  };
};

/** The problem of `thrown`, and the error that it is in our table. What is our own fault is logged. */
export const toProblem = (
  request: Request,
  response: Response,
  log: Log,
  thrown: unknown,
): { readonly error: MediabayError; readonly problem: object } => {
  const error = translate(thrown);
  const instance = `urn:uuid:${randomUUID()}`;
  response.locals["instance"] = instance;
  if (error.definition.fault === "us")
    log.error({ instance, code: error.code, method: request.method, error }, "a request failed by our own fault");
  return { error, problem: membersOf(error, instance) };
};

/**
 * Ends an answer that a body still on its way was too much for. The connection is closed, but what comes meanwhile is read away: with it unread
 * the kernel would reset the connection, and the client lose its answer.
 */
const endEarly = (request: Request, response: Response, text: string): void => {
  response.set({ Connection: "close", "Content-Length": String(Buffer.byteLength(text)) }).write(text);
  request.once("close", () => response.end()).resume();
};

/**
 * Answers `error` as `application/problem+json`. `operation` is the extra member of a waited-for operation that failed.
 * A response that has begun cannot be changed: it is cut.
 */
export const sendProblem = (
  request: Request,
  response: Response,
  log: Log,
  thrown: unknown,
  operation?: OperationRecord,
): void => {
  const { error, problem } = toProblem(request, response, log, thrown);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status } = error.definition;
  if ((status === 429 || status === 503) && !response.hasHeader("Retry-After"))
    response.set("Retry-After", retryAfterSeconds);
  response.status(status).set("Content-Type", "application/problem+json");
  const text = present({ ...problem, ...(operation && { operation }) });
  if ((status === 413 || status === 429) && !request.complete) endEarly(request, response, text);
  else response.end(text);
};
