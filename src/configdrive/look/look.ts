// A look into an image: what others may know of it without seeing what is in its files.
import type { ImageLook } from "../../core/configdrive.ts";
import type { Tree, FoundTree, ReadAt } from "../tree.ts";
import { formsOf } from "../forms.ts";
import { findDrive, viewOfFound, viewOfTree } from "./found-drive.ts";
import { macAddressesOf } from "./network-data.ts";
import { driveWarnings, labelWarnings, someOf } from "./warnings.ts";

/** @param mostBytes no form may exceed */
export const lookInto = async (
  found: FoundTree,
  readAt: ReadAt,
  sizeBytes: number,
  mostBytes: number,
): Promise<ImageLook> => {
  const view = viewOfFound(found, readAt);
  const drive = await findDrive(view);
  return {
    files: found.entries
      .filter(({ kind }) => kind === "file")
      .map(({ path, sizeBytes, extents }) => ({ path, sizeBytes, extents })),
    macAddresses: macAddressesOf(drive.networkData),
    warnings: someOf([...labelWarnings(found.label, drive), ...driveWarnings(drive, view), ...found.warnings]),
    ...formsOf(found, sizeBytes, mostBytes),
  };
};

/** Of a tree that is to be written under `label`. */
export const warningsOfTree = async (tree: Tree, label: string): Promise<readonly string[]> => {
  const view = viewOfTree(tree);
  const drive = await findDrive(view);
  return someOf([...labelWarnings(label, drive), ...driveWarnings(drive, view)]);
};
