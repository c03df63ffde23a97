// ISO 9660 (ECMA-119 §8.4, Joliet 1995) as far as we must know it: is the volume whole, what is its label.
import { labelOf } from "../../configdrive/iso9660/reading/volume.ts";
import { MediabayError } from "../../core/errors.ts";
import type { ReadAt } from "./read-at.ts";

const sectorBytes = 2048;
const firstDescriptor = 16;
/** Real discs have three to five; the bound is for hostile ones. */
const mostDescriptors = 32;
const [primary, supplementary, terminator] = [1, 2, 255];

interface Descriptors {
  readonly primary?: Buffer;
  readonly joliet?: Buffer;
}

/** The escape sequences of UCS-2 levels 1, 2 and 3. */
const isJoliet = (descriptor: Buffer): boolean => /^%\/[@CE]/.test(descriptor.toString("latin1", 88, 91));

const readDescriptors = async (readAt: ReadAt): Promise<Descriptors> => {
  let found: Descriptors = {};
  for (let index = 0; index < mostDescriptors; index += 1) {
    const descriptor = await readAt((firstDescriptor + index) * sectorBytes, sectorBytes);
    if (descriptor.length < sectorBytes || descriptor.toString("latin1", 1, 6) !== "CD001") break;
    const type = descriptor[0];
    if (type === terminator) break;
    if (type === primary) found = { primary: descriptor, ...found };
    if (type === supplementary && isJoliet(descriptor)) found = { joliet: descriptor, ...found };
  }
  return found;
};

/** @throws MediabayError IMAGE_INVALID without a primary descriptor, or when the file is shorter than its volume */
export const inspectIso9660 = async (readAt: ReadAt, sizeBytes: number): Promise<{ readonly label?: string }> => {
  const found = await readDescriptors(readAt);
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
