// The ISO 9660 reader: takes what genisoimage, mkisofs, xorriso, Nova and libraries write, and believes none of it (ECMA-119, RRIP 1.12, Joliet).
import { defaultReadLimits, type FoundTree, type ReadAt, type ReadLimits } from "../tree.ts";
import { createBounds } from "./reading/bounds.ts";
import { chooseHierarchy } from "./reading/hierarchies.ts";
import { readVolume, sectorBytes } from "./reading/volume.ts";
import { walkHierarchy } from "./reading/walk.ts";

/**
 * Never asks for bytes outside of `[0, sizeBytes)`.
 * @throws MediabayError IMAGE_INVALID
 */
export const readIso9660 = async (
  readAt: ReadAt,
  sizeBytes: number,
  limits: ReadLimits = defaultReadLimits,
): Promise<FoundTree> => {
  const bounds = createBounds(readAt, sizeBytes, limits);
  const volume = await readVolume(bounds);
  const hierarchy = await chooseHierarchy(bounds, volume);
  const entries = await walkHierarchy(bounds, limits, volume.blockBytes, hierarchy);
  return {
    format: "iso9660",
    ...(volume.label !== undefined && { label: volume.label }),
    sectorBytes,
    entries,
    warnings: bounds.warnings,
  };
};
