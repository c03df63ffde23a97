// The `ec2/` tree beside OpenStack's: the EC2 metadata of API version 2009-04-04 as far as a config drive's meta_data tells it.
import type { DriveContent } from "../../core/configdrive.ts";
import type { Json } from "../../core/driver.ts";
import { isList, isObject, type JsonObject } from "../canonical-json.ts";
import type { Tree } from "../tree.ts";
import { file, jsonBytes, userDataBytes } from "./documents.ts";

const versions = ["2009-04-04", "latest"] as const;

const textOf = (...values: readonly (Json | undefined)[]): string | undefined =>
  values.find((value): value is string => typeof value === "string" && value !== "");

const publicKeys = (keys: Json | undefined): JsonObject => {
  const all = keys === undefined || typeof keys === "string" ? [keys] : isList(keys) ? keys : Object.values(keys ?? {});
  const texts = all.filter((key): key is string => typeof key === "string");
  return Object.fromEntries(texts.map((key, index) => [String(index), { "openssh-key": key }]));
};

const metaDataOf = ({ meta_data: given = {} }: DriveContent): JsonObject => {
  const hostname = textOf(given["hostname"], given["name"]);
  const instanceId = textOf(given["uuid"]);
  const zone = textOf(given["availability_zone"]);
  const keys = publicKeys(given["public_keys"]);
  const mapping = given["block-device-mapping"];
  return {
    ...(instanceId !== undefined && { "instance-id": instanceId }),
    ...(hostname !== undefined && { hostname, "local-hostname": hostname }),
    ...(zone !== undefined && { placement: { "availability-zone": zone } }),
    ...(Object.keys(keys).length > 0 && { "public-keys": keys }),
    ...(isObject(mapping) && { "block-device-mapping": mapping }),
  };
};

export const ec2Tree = (content: DriveContent): Tree => {
  const metaData = jsonBytes(metaDataOf(content));
  const userData = userDataBytes(content);
  return versions.flatMap((version) => [
    file(`ec2/${version}/meta-data.json`, metaData),
    ...(userData === undefined ? [] : [file(`ec2/${version}/user-data`, userData)]),
  ]);
};
