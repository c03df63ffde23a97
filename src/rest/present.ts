// The one door for JSON that leaves: secrets masked by core/redact, every epoch date written as ISO 8601 UTC.
import { redact } from "../core/redact.ts";

const isDateName = (name: string): boolean => name === "at" || name.endsWith("At");

/** The farthest date that JavaScript can name, in milliseconds from the epoch (ECMA-262, Time Values). */
const farthestDateMs = 8.64e15;

const withIsoDates = (name: string, value: unknown): unknown =>
  isDateName(name) && typeof value === "number" && Math.abs(value) <= farthestDateMs
    ? new Date(value).toISOString()
    : value;

/** JSON text of `value` without secrets. Properties named `at` or `…At` that hold a number become ISO 8601 strings. */
export const present = (value: unknown): string => JSON.stringify(redact(value), withIsoDates);

/**
 * As `present`, with one new token added in plain: it is answered once, when it is made, and can never be asked for again.
 * Nothing else may go past the mask.
 */
export const presentWithToken = (value: object, token: string): string => {
  const safe: object = JSON.parse(present(value));
  return JSON.stringify({ token, ...safe });
};
