// Keeps secrets out of logs, errors, responses and fixtures. Every text or object that leaves goes through here.

const mask = "******";

/** Property names whose values never leave, whatever they hold. Compared in lower case without `-` and `_`. */
const secretNames = new Set([
  "password",
  "passphrase",
  "token",
  "xauthtoken",
  "authorization",
  "cookie",
  "setcookie",
  "secret",
  "secrets",
  "secretaccesskey",
  "sessiontoken",
  "credential",
  "credentials",
  "privatekey",
  "tempurlkey",
  "userdata",
  "vendordata",
  "adminpass",
  "sealed",
  "blob",
  "base64",
]);

const plainName = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, "");

/** Whether a property of this name never shows its value. */
export const isSecretName = (name: string): boolean => secretNames.has(plainName(name));

/**
 * `scheme://user:pass@host/path?query` loses user, password, query values and fragment. A scheme is looked for once in a run of its
 * characters, else a long run would be gone through from each of its words.
 */
const uriPattern = /(?<![a-z0-9+.-])([a-z0-9+.-]+:\/\/)([^\s"'<>]+)/gi;

const redactUri = (scheme: string, rest: string): string => {
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const tail = end < 0 ? "" : rest.slice(end);
  const at = authority.lastIndexOf("@");
  const host = at < 0 ? authority : `${mask}@${authority.slice(at + 1)}`;
  const query = tail.indexOf("?");
  const fragment = tail.indexOf("#");
  const cut = query < 0 ? fragment : fragment < 0 ? query : Math.min(query, fragment);
  const path = cut < 0 ? tail : `${tail.slice(0, cut)}${tail[cut] ?? ""}${mask}`;
  return `${scheme}${host}${path}`;
};

/** Our own published paths are bearer secrets: `/m/<token>/name.iso`, with or without a scheme and host before them. */
const publishedPathPattern = /\/m\/[a-z0-9]{20,}/g;

/**
 * The bytes themselves (RFC 2397): of a config drive, they are user data. Whatever stands before the comma is a media type. By hand, since a
 * pattern would look for the same comma again from every `data:`.
 */
const redactData = (text: string): string => {
  const start = /\bdata:/gi;
  const bytes = /[^\s"<>]+/y;
  let kept = "";
  let done = 0;
  let comma = 0;
  for (let found = start.exec(text); found !== null && comma >= 0; found = start.exec(text)) {
    if (comma < start.lastIndex) comma = text.indexOf(",", start.lastIndex);
    bytes.lastIndex = comma + 1;
    if (comma < 0 || !bytes.test(text)) continue;
    kept += `${text.slice(done, found.index)}data:${mask}`;
    done = start.lastIndex = bytes.lastIndex;
  }
  return kept + text.slice(done);
};

const bearerPattern = /\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{6,}/gi;

/** Masks credentials inside a text: URI user information, query values, our published tokens, auth headers. */
export const redactText = (text: string): string =>
  redactData(text)
    .replaceAll(bearerPattern, (_whole, scheme: string) => `${scheme} ${mask}`)
    .replaceAll(uriPattern, (_whole, scheme: string, rest: string) => redactUri(scheme, rest))
    .replaceAll(publishedPathPattern, `/m/${mask}`);

const redactValue = (value: unknown, depth: number): unknown => {
  if (typeof value === "string") return redactText(value);
  if (value === null || typeof value !== "object") return value;
  if (depth > 8) return mask;
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  if (value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecretName(name) && item !== null && item !== undefined && typeof item !== "boolean"
        ? mask
        : redactValue(item, depth + 1),
    ]),
  );
};

/** A deep copy without secrets: by property name, and by form inside strings. Shape is kept. */
export const redact = <T>(value: T): T => redactValue(value, 0) as T;
