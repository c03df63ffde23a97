// The layout of cloud-init's NoCloud: four files in the root of a file system that is labelled CIDATA.
import type { DriveContent } from "../../core/configdrive.ts";
import type { Json } from "../../core/driver.ts";
import { MediabayError } from "../../core/errors.ts";
import type { JsonObject } from "../canonical-json.ts";
import { isNetworkConfig, unwrapped } from "../look/network-data.ts";
import type { Tree } from "../tree.ts";
import { file, isGiven, jsonBytes, userDataBytes } from "./documents.ts";

const named = (name: string, ...values: readonly (Json | undefined)[]): JsonObject => {
  const value = values.find(isGiven);
  return value === undefined ? {} : { [name]: value };
};

/** Names that NoCloud knows come from those that OpenStack has for the same; members given under NoCloud's own names win. */
const metaDataOf = ({ meta_data: given = {} }: DriveContent): JsonObject => ({
  ...named("instance-id", given["uuid"]),
  ...named("local-hostname", given["hostname"], given["name"]),
  ...named("public-keys", given["public_keys"]),
  ...given,
});

const networkConfig = ({ network_data: given }: DriveContent): Tree => {
  if (!isGiven(given)) return [];
  if (!isNetworkConfig(unwrapped(given)))
    throw new MediabayError(
      "INVALID_REQUEST",
      "With the layout nocloud, network_data is cloud-init's network configuration of version 1 or 2, which names its version.",
      { field: "network_data", hint: "OpenStack's links, networks and services need the layout openstack." },
    );
  return [file("network-config", jsonBytes(given))];
};

/** NoCloud's is read like user data, while the member `cloud-init` is all that cloud-init takes of OpenStack's. */
const vendorData = ({ vendor_data: given }: DriveContent): Tree => {
  if (!isGiven(given)) return [];
  const text = given["cloud-init"];
  if (typeof text !== "string")
    throw new MediabayError(
      "INVALID_REQUEST",
      "With the layout nocloud, vendor_data has the member cloud-init with text, which becomes the file vendor-data.",
      { field: "vendor_data" },
    );
  return [file("vendor-data", Buffer.from(text, "utf8"))];
};

/** JSON is YAML, which is what cloud-init reads here. Without a user-data, be it empty, it takes the drive for none of its own. */
export const nocloudTree = (content: DriveContent): Tree => [
  file("meta-data", jsonBytes(metaDataOf(content))),
  ...networkConfig(content),
  file("user-data", userDataBytes(content) ?? Buffer.alloc(0)),
  ...vendorData(content),
];
