// What an InsertMedia body, or a PATCH that stands in for it, may say: checked by the VirtualMedia schema and the personality.
import { RedfishFailure } from "../http/messages.ts";
import type { Personality } from "../personality.ts";
import { isObject, type Json, type Resource } from "../tree.ts";

export interface InsertRequest {
  readonly image: string;
  /** Absolute: a scheme taken from TransferProtocolType is put in front. */
  readonly url: string;
  readonly inserted: boolean;
  readonly writeProtected: boolean;
  readonly transferMethod?: string;
  readonly transferProtocolType?: string;
  readonly userName?: string;
  readonly password?: string;
}

/** An action speaks of parameters, a PATCH of properties; the registry has messages for each. */
export type Manner = "action" | "patch";

const action = "VirtualMedia.InsertMedia";
const transferMethods = ["Stream", "Upload"];
const transferProtocols = ["CIFS", "FTP", "SFTP", "HTTP", "HTTPS", "NFS", "SCP", "TFTP", "OEM"];

const related = (name: string) => ({ related: [`#/${name}`] });

const unknownName = (manner: Manner, name: string): RedfishFailure =>
  manner === "action"
    ? new RedfishFailure(400, "ActionParameterUnknown", [action, name], related(name))
    : new RedfishFailure(400, "PropertyUnknown", [name], related(name));

const missingName = (manner: Manner, name: string): RedfishFailure =>
  manner === "action"
    ? new RedfishFailure(400, "ActionParameterMissing", [action, name], related(name))
    : new RedfishFailure(400, "PropertyMissing", [name], related(name));

const badValue = (
  manner: Manner,
  what: "TypeError" | "NotInList" | "FormatError",
  name: string,
  value: Json,
): RedfishFailure => {
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return manner === "action"
    ? new RedfishFailure(400, `ActionParameterValue${what}`, [shown, name, action], related(name))
    : new RedfishFailure(400, `PropertyValue${what}`, [shown, name], related(name));
};

const text = (manner: Manner, body: Resource, name: string): string | undefined => {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw badValue(manner, "TypeError", name, value);
  return value;
};

const flag = (manner: Manner, body: Resource, name: string, fallback: boolean): boolean => {
  const value = body[name];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== "boolean") throw badValue(manner, "TypeError", name, value);
  return value;
};

const oneOf = (manner: Manner, body: Resource, name: string, list: readonly string[]): string | undefined => {
  const value = text(manner, body, name);
  if (value !== undefined && !list.includes(value)) throw badValue(manner, "NotInList", name, value);
  return value;
};

/** The absolute URL of `image`, whose scheme must agree with the transfer protocol. */
const absoluteUrl = (
  manner: Manner,
  image: string,
  protocol: string | undefined,
  media: Personality["media"],
): string => {
  const url = image.includes("://") || protocol === undefined ? image : `${protocol.toLowerCase()}://${image}`;
  if (!URL.canParse(url) || media.forbiddenCharacters.split("").some((character) => url.includes(character))) {
    throw badValue(manner, "FormatError", "Image", image);
  }
  const scheme = new URL(url).protocol.slice(0, -1);
  if (protocol !== undefined && protocol.toLowerCase() !== scheme) {
    throw new RedfishFailure(
      400,
      "ActionParameterValueConflict",
      ["TransferProtocolType", protocol],
      related("TransferProtocolType"),
    );
  }
  if (!media.schemes.includes(scheme)) {
    throw new RedfishFailure(
      400,
      "SourceDoesNotSupportProtocol",
      [new URL(url).host, scheme.toUpperCase()],
      related("Image"),
    );
  }
  return url;
};

/** @throws RedfishFailure 400 naming the parameter */
export const readInsertRequest = (
  manner: Manner,
  raw: Json | undefined,
  media: Personality["media"],
): InsertRequest => {
  const body = isObject(raw) ? raw : {};
  const known = new Set(["Image", ...media.parameters]);
  for (const name of Object.keys(body)) if (!known.has(name)) throw unknownName(manner, name);
  for (const name of media.required)
    if (body[name] === undefined || body[name] === null) throw missingName(manner, name);
  const image = text(manner, body, "Image");
  if (image === undefined) throw missingName(manner, "Image");
  const transferMethod = oneOf(manner, body, "TransferMethod", transferMethods);
  const transferProtocolType = oneOf(manner, body, "TransferProtocolType", transferProtocols);
  const userName = text(manner, body, "UserName");
  const password = text(manner, body, "Password");
  return {
    image,
    url: absoluteUrl(manner, image, transferProtocolType, media),
    inserted: flag(manner, body, "Inserted", manner === "action" || !media.patchNeedsInserted),
    writeProtected: flag(manner, body, "WriteProtected", true),
    ...(transferMethod === undefined ? {} : { transferMethod }),
    ...(transferProtocolType === undefined ? {} : { transferProtocolType }),
    ...(userName === undefined ? {} : { userName }),
    ...(password === undefined ? {} : { password }),
  };
};

/** `@Redfish.ActionInfo` of InsertMedia: the parameters and their values (ActionInfo schema). */
export const insertActionInfo = (uri: string, media: Personality["media"]): Resource => {
  const names = ["Image", ...media.parameters];
  const values: Readonly<Record<string, readonly string[]>> = {
    TransferMethod: transferMethods,
    TransferProtocolType: media.schemes.map((scheme) => scheme.toUpperCase()),
  };
  return {
    "@odata.type": "#ActionInfo.v1_4_2.ActionInfo",
    "@odata.id": uri,
    Id: "InsertMediaActionInfo",
    Name: "InsertMedia Action Info",
    Parameters: names.map((name) => ({
      Name: name,
      Required: media.required.includes(name),
      DataType: name === "Inserted" || name === "WriteProtected" ? "Boolean" : "String",
      ...(values[name] === undefined ? {} : { AllowableValues: values[name] }),
    })),
  };
};
