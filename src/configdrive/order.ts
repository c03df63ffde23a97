// A config drive by order of the command line: from documents as they were read to an image in the form that was asked for.
import { createHash } from "node:crypto";
import type { BuiltImage, DriveContent, DriveOrder } from "../core/configdrive.ts";
import type { Json } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import { formatSize } from "../core/units.ts";
import { buildDrive } from "./build.ts";
import { isObject } from "./canonical-json.ts";
import { parseDriveContent } from "./content.ts";
import { writeFat } from "./fat/writer.ts";
import { writeIso9660 } from "./iso9660/writer.ts";
import { parseYamlDocument, readDocument } from "./look/documents.ts";
import { warningsOfTree } from "./look/look.ts";
import { hasHeader, kindOfUserData, withoutMark } from "./look/user-data.ts";
import type { ImageFormat } from "../core/vocabulary.ts";
import type { Tree } from "./tree.ts";

const refuse = (message: string, field: string): MediabayError =>
  new MediabayError("INVALID_REQUEST", message, { field });

const documentOf = (bytes: Uint8Array, what: string): Json => {
  const document = readDocument(bytes, { toBeWritten: true, takesYesAndNo: what === "network_data" });
  if (document.fault !== undefined) throw refuse(`The ${what} given ${document.fault}.`, what);
  return document.value;
};

const textOf = (bytes: Uint8Array, what: "user_data" | "vendor_data"): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError)
      throw new MediabayError(
        "INVALID_REQUEST",
        `The ${what} given is not UTF-8 text.`,
        {
          field: what,
          hint: "A config drive's JSON holds text; cloud-init takes binary parts in base64 in a MIME message.",
        },
        { cause: error },
      );
    throw error;
  }
};

const hasMember = (value: Json | undefined): boolean => isObject(value) && value["cloud-init"] !== undefined;

/**
 * NoCloud's is read like user data: what begins as such is taken as it is, but a MIME message may stand in the member where OpenStack's has
 * it.
 */
const nocloudVendorData = (bytes: Buffer): Json => {
  if (hasHeader(bytes)) {
    const value = kindOfUserData(bytes) === "MIME message" ? parseYamlDocument(bytes) : undefined;
    return value !== undefined && hasMember(value) ? value : { "cloud-init": textOf(bytes, "vendor_data") };
  }
  if (hasHeader(withoutMark(bytes)))
    throw refuse(
      "The vendor_data given begins with a byte order mark: cloud-init would not see its header.",
      "vendor_data",
    );
  const value = documentOf(bytes, "vendor_data");
  if (hasMember(value)) return value;
  throw refuse(
    "With the layout nocloud, vendor_data begins with a header of user data such as #cloud-config, or has the member cloud-init with such text.",
    "vendor_data",
  );
};

const vendorDataOf = (bytes: Uint8Array, layout: DriveOrder["layout"]): Json =>
  layout === "nocloud"
    ? nocloudVendorData(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    : documentOf(bytes, "vendor_data");

const contentOf = ({ documents, layout }: DriveOrder): DriveContent => {
  if ("whole" in documents) return parseDriveContent(documentOf(documents.whole, "config drive"));
  const { metaData, networkData, userData, vendorData } = documents;
  return parseDriveContent({
    ...(metaData !== undefined && { meta_data: documentOf(metaData, "meta_data") }),
    ...(networkData !== undefined && { network_data: documentOf(networkData, "network_data") }),
    ...(userData !== undefined && { user_data: textOf(userData, "user_data") }),
    ...(vendorData !== undefined && { vendor_data: vendorDataOf(vendorData, layout) }),
  });
};

/** It is built in memory, and a digest of it is made in one piece. */
const mostFatBytes = 1 << 30;

const write = (tree: Tree, label: string, { format, sizeBytes, sectorBytes }: DriveOrder): Buffer => {
  if (format === "fat" && sizeBytes !== undefined && sizeBytes > mostFatBytes)
    throw new MediabayError(
      "IMAGE_DOES_NOT_FIT",
      `A config drive is built with at most ${mostFatBytes} bytes (${formatSize(mostFatBytes)}), not with ${sizeBytes}.`,
    );
  if (format === "fat")
    return writeFat(tree, {
      label,
      ...(sizeBytes !== undefined && { sizeBytes }),
      ...(sectorBytes !== undefined && { sectorBytes }),
    });
  if (sectorBytes !== undefined) throw refuse("The sectors of ISO 9660 have 2048 bytes always.", "sectorBytes");
  const image = writeIso9660(tree, { label });
  if (sizeBytes === undefined || image.length <= sizeBytes) return image;
  throw new MediabayError("IMAGE_DOES_NOT_FIT", `The config drive needs ${image.length} bytes as ISO 9660.`);
};

/** Spaces around it are the field's padding in FAT, those behind it in ISO 9660. */
const writtenLabel = (label: string, format: ImageFormat): string =>
  format === "fat" ? label.trim() : label.replace(/ +$/, "");

/** @throws MediabayError INVALID_REQUEST, IMAGE_DOES_NOT_FIT */
export const buildOrder = async (order: DriveOrder): Promise<BuiltImage> => {
  const content = contentOf(order);
  const { tree, label: ownLabel } = buildDrive({ content, layout: order.layout, ec2: order.ec2 });
  const label = writtenLabel(order.label ?? ownLabel, order.format);
  const image = write(tree, label, order);
  return {
    image,
    format: order.format,
    label,
    digest: createHash("sha256").update(image).digest("hex"),
    files: tree.flatMap((entry) =>
      entry.kind === "file" ? [{ path: entry.path, sizeBytes: entry.bytes.length }] : [],
    ),
    warnings: await warningsOfTree(tree, label),
  };
};
