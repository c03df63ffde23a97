// All that may be shown of an image to whoever asks what is in it. User data never is, nor a digest of it: what little differs between two
// machines' user data, such as a password, could be found by trial.
import type { ImageInspection } from "../../core/configdrive.ts";
import { formsOf } from "../forms.ts";
import type { FoundTree, ReadAt } from "../tree.ts";
import { parseJson } from "./documents.ts";
import { findDrive, type FoundDrive, viewOfFound } from "./found-drive.ts";
import { masked } from "./masked.ts";
import { macAddressesOf } from "./network-data.ts";
import { kindOfUserData } from "./user-data.ts";
import { driveWarnings, labelWarnings, someOf } from "./warnings.ts";

const vendorKind = (bytes: Buffer): string => {
  const kind = kindOfUserData(bytes);
  if (kind !== "JSON without a header") return kind;
  return `JSON with ${Object.keys(parseJson(bytes) ?? {}).length} members`;
};

const documentsOf = ({ metaData, networkData, userData, vendorData }: FoundDrive) => ({
  ...(metaData !== undefined && { metaData: masked(metaData) }),
  ...(networkData !== undefined && { networkData: masked(networkData) }),
  ...(userData !== undefined && {
    userData: { name: "user_data", sizeBytes: userData.length, kind: kindOfUserData(userData) },
  }),
  vendorData: vendorData.map(({ name, bytes }) => ({ name, sizeBytes: bytes.length, kind: vendorKind(bytes) })),
});

/** @param mostBytes no form may exceed */
export const inspect = async (
  found: FoundTree,
  readAt: ReadAt,
  sizeBytes: number,
  mostBytes: number,
): Promise<Omit<ImageInspection, "digest">> => {
  const { format, label, sectorBytes, entries } = found;
  const view = viewOfFound(found, readAt);
  const drive = await findDrive(view);
  return {
    format,
    ...(label !== undefined && { label }),
    sizeBytes,
    sectorBytes,
    ...(drive.layout !== undefined && { layout: drive.layout }),
    ...(drive.folder !== undefined && { folder: drive.folder.path }),
    entries: entries.map((entry) => ({ kind: entry.kind, path: entry.path, sizeBytes: entry.sizeBytes })),
    ...documentsOf(drive),
    macAddresses: macAddressesOf(drive.networkData),
    ...formsOf(found, sizeBytes, mostBytes),
    warnings: someOf([...labelWarnings(label, drive), ...driveWarnings(drive, view), ...found.warnings]),
  };
};
