// The layout of OpenStack's config drive version 2, with the folders and names that Ironic writes.
import type { DriveContent } from "../../core/configdrive.ts";
import type { Tree } from "../tree.ts";
import { file, isGiven, jsonBytes, userDataBytes } from "./documents.ts";

/**
 * cloud-init takes the newest dated folder that it knows and never looks at `latest` beside one; 2012-08-10 is the first that there was and
 * the only one that every cloud-init knows. It reads all files from the one folder, also those that OpenStack added later. Ignition,
 * cloudbase-init and others read only `latest`. So both hold everything, and no third folder is needed.
 */
const versions = ["2012-08-10", "latest"] as const;

/** A `vendor_data.json` of the same would be run a second time by each cloud-init that knows `vendor_data2.json`. */
const filesOf = (folder: string, content: DriveContent): Tree => {
  const { meta_data = {}, network_data, vendor_data } = content;
  const userData = userDataBytes(content);
  return [
    file(`${folder}/meta_data.json`, jsonBytes(meta_data)),
    ...(isGiven(network_data) ? [file(`${folder}/network_data.json`, jsonBytes(network_data))] : []),
    ...(userData === undefined ? [] : [file(`${folder}/user_data`, userData)]),
    ...(isGiven(vendor_data) ? [file(`${folder}/vendor_data2.json`, jsonBytes(vendor_data))] : []),
  ];
};

export const openstackTree = (content: DriveContent): Tree =>
  versions.flatMap((version) => filesOf(`openstack/${version}`, content));
