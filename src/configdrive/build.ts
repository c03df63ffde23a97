// From a request's JSON to the tree of a config drive, and to the image that a `configdrive` source is. Equal requests give equal bytes.
import type { DriveRequest } from "../core/configdrive.ts";
import { writeIso9660 } from "./iso9660/writer.ts";
import { ec2Tree } from "./layouts/ec2.ts";
import { nocloudTree } from "./layouts/nocloud.ts";
import { openstackTree } from "./layouts/openstack.ts";
import type { Tree } from "./tree.ts";

export interface BuiltDrive {
  readonly tree: Tree;
  /** The label by which cloud-init finds this layout. */
  readonly label: string;
}

/** @throws MediabayError INVALID_REQUEST where the layout cannot say what the request has */
export const buildDrive = ({ content, layout = "openstack", ec2 = false }: DriveRequest): BuiltDrive =>
  layout === "nocloud"
    ? { tree: nocloudTree(content), label: "CIDATA" }
    : { tree: [...(ec2 ? ec2Tree(content) : []), ...openstackTree(content)], label: "config-2" };

/** ISO 9660: the form that every slot for discs takes, and from which the others are made. */
export const buildDriveImage = (request: DriveRequest): Buffer => {
  const { tree, label } = buildDrive(request);
  return writeIso9660(tree, { label });
};
