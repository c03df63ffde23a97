// ISO 9660 (ECMA-119 §8.4, Joliet 1995) as far as we must know it: is the volume whole, what is its label.
import { createBounds } from "../../configdrive/iso9660/reading/bounds.ts";
import { labelOf, readDescriptors } from "../../configdrive/iso9660/reading/volume.ts";
import { defaultReadLimits } from "../../configdrive/tree.ts";
import { MediabayError } from "../../core/errors.ts";
import type { ReadAt } from "./read-at.ts";

/** @throws MediabayError IMAGE_INVALID without a primary descriptor, or when the file is shorter than its volume */
export const inspectIso9660 = async (readAt: ReadAt, sizeBytes: number): Promise<{ readonly label?: string }> => {
  const found = await readDescriptors(createBounds(readAt, sizeBytes, defaultReadLimits));
  if (found.primary === undefined)
    throw new MediabayError("IMAGE_INVALID", "The ISO 9660 image has no primary volume descriptor.");
  const volumeBytes = found.primary.readUInt32LE(80) * found.primary.readUInt16LE(128);
  if (volumeBytes === 0 || volumeBytes > sizeBytes)
    throw new MediabayError(
      "IMAGE_INVALID",
      `The ISO 9660 image is truncated: its volume has ${volumeBytes} bytes, the file only ${sizeBytes}.`,
    );
  const label = labelOf(found.primary, found.joliet);
  return label === "" ? {} : { label };
};
