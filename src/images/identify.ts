// What a decoded image is: its format and its label, read from the file itself; a volume that is longer than its file is refused.
import { readFatLabel } from "../configdrive/fat/read/label.ts";
import { MediabayError } from "../core/errors.ts";
import type { ImageFormat } from "../core/vocabulary.ts";
import { inspectIso9660 } from "./formats/iso9660.ts";
import type { ReadAt } from "./formats/read-at.ts";
import { describe, prefixBytes, recognise } from "./formats/signatures.ts";

export interface IdentifiedImage {
  readonly format: ImageFormat;
  readonly label?: string;
  readonly sizeBytes: number;
}

/** @throws MediabayError IMAGE_INVALID */
export const identify = async (readAt: ReadAt, sizeBytes: number): Promise<IdentifiedImage> => {
  const prefix = await readAt(0, prefixBytes);
  const content = recognise(prefix);
  if (content === "iso9660") return { format: content, sizeBytes, ...(await inspectIso9660(readAt, sizeBytes)) };
  if (content === "fat") {
    const label = await readFatLabel(readAt, sizeBytes);
    return { format: content, sizeBytes, ...(label !== undefined && { label }) };
  }
  throw new MediabayError("IMAGE_INVALID", `The image is ${describe(prefix)}.`);
};
