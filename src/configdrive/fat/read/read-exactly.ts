// Reads of a FAT image that take the whole of what was asked for, or end the reading.
import { MediabayError } from "../../../core/errors.ts";
import type { ReadAt } from "../../tree.ts";

export const invalidFat = (what: string): MediabayError =>
  new MediabayError("IMAGE_INVALID", `The FAT image is invalid: ${what}.`);

/** @throws MediabayError IMAGE_INVALID when the image ends within the range */
export const readExactly = async (readAt: ReadAt, offset: number, length: number): Promise<Buffer> => {
  const bytes = await readAt(offset, length);
  if (bytes.length !== length) throw invalidFat("it ends before its volume does");
  return bytes;
};
