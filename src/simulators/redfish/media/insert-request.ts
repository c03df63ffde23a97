// What an InsertMedia body, or a PATCH that stands in for it, may say: checked by the VirtualMedia schema and the personality.
import { isObject, type Json, type Resource } from "../resources/tree.ts";
import { readableUrl } from "./image-url.ts";
import { badValue, flagIn, type Manner, missingName, textIn, unknownName } from "./refusals.ts";
import type { MediaRules, SlotRules } from "./slot-rules.ts";

export interface InsertRequest {
  readonly image: string;
  /** What is read. */
  readonly url: string;
  readonly inserted: boolean;
  readonly writeProtected: boolean;
  readonly transferMethod?: string;
  readonly transferProtocolType?: string;
  readonly userName?: string;
  readonly password?: string;
  /** PEM that the request itself brings. */
  readonly certificate?: string;
}

const transferMethods = ["Stream", "Upload"];
const transferProtocols = ["CIFS", "FTP", "SFTP", "HTTP", "HTTPS", "NFS", "SCP", "TFTP", "OEM"];

/** The schema's own lists, narrowed by the personality's. */
const listOf = (media: MediaRules, name: string): readonly Json[] | undefined =>
  media.values[name] ?? { TransferMethod: transferMethods, TransferProtocolType: transferProtocols }[name];

/** What of a body is looked at. @throws RedfishFailure 400 where the rest is not let by */
const knownOf = (manner: Manner, body: Resource, media: MediaRules): Resource => {
  const known = new Set(["Image", ...media.parameters]);
  const unknown = Object.keys(body).find((name) => !known.has(name));
  if (unknown === undefined) return body;
  if (media.unknownParameters === "refused") throw unknownName(manner, unknown);
  return Object.fromEntries(Object.entries(body).filter(([name]) => known.has(name)));
};

const checkNames = (manner: Manner, body: Resource, media: MediaRules): void => {
  const isMissing = (name: string): boolean => body[name] === undefined || body[name] === null;
  for (const name of media.required) if (isMissing(name)) throw missingName(manner, name);
  for (const names of media.together) {
    const missing = names.filter(isMissing);
    if (missing[0] !== undefined && missing.length < names.length) throw missingName(manner, missing[0]);
  }
};

const checkValues = (manner: Manner, body: Resource, media: MediaRules): void => {
  for (const name of new Set([...Object.keys(media.values), "TransferMethod", "TransferProtocolType"])) {
    const value = body[name];
    if (value === undefined || value === null || !media.parameters.includes(name)) continue;
    if (listOf(media, name)?.includes(value) ?? true) continue;
    throw badValue(manner, { what: "NotInList", name, value, condition: "parameterValue" });
  }
};

type Texts = Pick<InsertRequest, "transferMethod" | "transferProtocolType" | "userName" | "password" | "certificate">;

/** Only what has a text. */
const textsIn = (manner: Manner, body: Resource, { certificateParameter }: MediaRules): Texts => {
  const parameters: Readonly<Record<keyof Texts, string | undefined>> = {
    transferMethod: "TransferMethod",
    transferProtocolType: "TransferProtocolType",
    userName: "UserName",
    password: "Password",
    certificate: certificateParameter,
  };
  const found = Object.entries(parameters).map(
    ([key, name]) => [key, name === undefined ? undefined : textIn(manner, body, name)] as const,
  );
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
};

/** @throws RedfishFailure 400 naming the parameter */
export const readInsertRequest = (
  manner: Manner,
  raw: Json | undefined,
  media: MediaRules,
  rules: SlotRules,
): InsertRequest => {
  const body = knownOf(manner, isObject(raw) ? raw : {}, media);
  checkNames(manner, body, media);
  const image = textIn(manner, body, "Image");
  if (image === undefined) throw missingName(manner, "Image");
  const texts = textsIn(manner, body, media);
  const fallback = manner === "action" ? !media.needsInserted : !media.patchNeedsInserted;
  const flags = {
    inserted: flagIn(manner, body, "Inserted", fallback),
    writeProtected: flagIn(manner, body, "WriteProtected", true),
  };
  checkValues(manner, body, media);
  const url = readableUrl(manner, { image, protocol: texts.transferProtocolType }, media, rules);
  for (const name of media.requiredFor[new URL(url).protocol.slice(0, -1)] ?? []) {
    if (body[name] === undefined || body[name] === null) throw missingName(manner, name);
  }
  return { image, url, ...flags, ...texts };
};

/** What a parameter may be, as far as the service says so. */
export const allowableValues = (
  media: MediaRules,
  schemes: readonly string[],
  name: string,
): readonly Json[] | undefined => {
  if (media.values[name] !== undefined) return media.values[name];
  if (name === "TransferProtocolType") return schemes.map((scheme) => scheme.toUpperCase());
  return name === "TransferMethod" ? transferMethods : undefined;
};
