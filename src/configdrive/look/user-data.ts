// What user data is by its header, as cloud-init tells it (cloudinit/handlers, INCLUSION_TYPES_MAP; cloudinit/user_data.py). Its content never
// leaves this file.
import { isObject } from "../canonical-json.ts";
import { longestJsonBytes, parseJson } from "./documents.ts";

/** In order: a longer beginning before the one that it begins with. */
const headers = [
  ["#cloud-config-archive", "cloud-config archive"],
  ["#cloud-config-jsonp", "cloud-config JSON patch"],
  ["#cloud-config", "cloud-config"],
  ["#!", "script"],
  ["#include-once", "list of URLs, included once"],
  ["#include", "list of URLs"],
  ["#cloud-boothook", "boot hook"],
  ["#part-handler", "part handler"],
  ["#upstart-job", "Upstart job"],
  ["## template: jinja", "Jinja template"],
] as const;

export type UserDataKind =
  | (typeof headers)[number][1]
  | "MIME message"
  | "gzip data"
  | "Ignition configuration"
  | "JSON without a header"
  | "text without a header"
  | "binary data"
  | "nothing";

/** How far cloud-init looks for `MIME-Version:`. */
const mimeBytes = 4096;
const byteOrderMark = "\xef\xbb\xbf";

const kindOfJson = (bytes: Buffer): UserDataKind | undefined => {
  if (!/^\s*[[{]/.test(bytes.toString("latin1", 0, 64))) return undefined;
  if (bytes.length > longestJsonBytes) return "JSON without a header";
  const value = parseJson(bytes);
  if (value === undefined || value === null || typeof value !== "object") return undefined;
  return isObject(value) && isObject(value["ignition"]) ? "Ignition configuration" : "JSON without a header";
};

export const kindOfUserData = (bytes: Buffer): UserDataKind => {
  if (bytes.length >= 2 && bytes.readUInt16BE(0) === 0x1f8b) return "gzip data";
  const start = bytes.toString("latin1", 0, mimeBytes).toLowerCase();
  if (bytes.length <= mimeBytes && start.trim() === "") return "nothing";
  if (start.includes("mime-version:")) return "MIME message";
  const [, kind] = headers.find(([header]) => start.trimStart().startsWith(header)) ?? [];
  return kind ?? kindOfJson(bytes) ?? (start.includes("\0") ? "binary data" : "text without a header");
};

/** Whether it says by its beginning how cloud-init is to take it. */
export const hasHeader = (bytes: Buffer): boolean => {
  const kind = kindOfUserData(bytes);
  return kind === "MIME message" || headers.some(([, named]) => named === kind);
};

export const withoutMark = (bytes: Buffer): Buffer =>
  bytes.toString("latin1", 0, byteOrderMark.length) === byteOrderMark ? bytes.subarray(byteOrderMark.length) : bytes;

const known = "#cloud-config, #!, #include, #cloud-boothook, ## template: jinja, or a MIME-Version";

/** Why cloud-init would not run it, for people. */
export const userDataWarnings = (bytes: Buffer): readonly string[] => {
  const kind = kindOfUserData(bytes);
  const start = bytes.toString("latin1", 0, 256);
  if (kind === "Ignition configuration")
    return ["user_data is an Ignition configuration: Ignition takes it, cloud-init would ignore it."];
  if (kind === "JSON without a header")
    return ["user_data is JSON without a header: cloud-init would ignore it; put #cloud-config in a line before it."];
  if (kind === "text without a header" && start.startsWith(byteOrderMark))
    return ["user_data begins with a byte order mark: cloud-init would not see its header and ignore it."];
  if (kind === "text without a header" || kind === "binary data")
    return [`user_data has no header that cloud-init knows (${known}): it would be ignored.`];
  if (kind === "script" && /^\s*#![^\n]*\r\n/.test(start))
    return ["user_data is a script whose lines end as on Windows: its interpreter would not be found."];
  return [];
};
