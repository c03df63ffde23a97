// The same files in another form: which there are for a tree and how large they would be, and the making of one.
import type { ImageForm, UnfitForm } from "../core/configdrive.ts";
import { MediabayError } from "../core/errors.ts";
import type { ImageFormat } from "../core/vocabulary.ts";
import { fatSizeOf, writeFat } from "./fat/writer.ts";
import { isoSizeOf, writeIso9660 } from "./iso9660/writer.ts";
import type { FoundTree, Tree } from "./tree.ts";

export interface WantedForm {
  readonly format: ImageFormat;
  /** Of the image that the files come from. */
  readonly label?: string;
  /** The medium takes no more. */
  readonly mostBytes: number;
  /** Of the medium. */
  readonly sectorBytes?: 512 | 4096;
}

/** A FAT label has eleven characters of one byte; an ISO 9660 volume identifier 32. */
const longestLabel: Readonly<Record<ImageFormat, number>> = { fat: 11, iso9660: 32 };

/** What cloud-init looks for fits everywhere, and is kept; of another label, what fits. */
const labelFor = (format: ImageFormat, label = ""): string =>
  label.replaceAll(/[^\x20-\x7e]|["*+,./:;<=>?[\\\]|]/g, "_").slice(0, longestLabel[format]);

const doesNotFit = (message: string, cause?: unknown): MediabayError =>
  new MediabayError("IMAGE_DOES_NOT_FIT", message, {}, { cause });

/** A writer refuses the names of a request as the caller's; of a stored image they are what does not fit. */
const namesFit = <T>(write: () => T): T => {
  try {
    return write();
  } catch (error) {
    if (error instanceof MediabayError && error.code === "INVALID_REQUEST") throw doesNotFit(error.message, error);
    throw error;
  }
};

const requireRoom = (sizeBytes: number, mostBytes: number): number => {
  if (sizeBytes <= mostBytes) return sizeBytes;
  throw doesNotFit(`The files need ${sizeBytes} bytes as ISO 9660, and the medium has ${mostBytes}.`);
};

/**
 * Equal trees and forms give equal bytes.
 * @throws MediabayError IMAGE_DOES_NOT_FIT
 */
export const writeForm = (tree: Tree, { format, label, mostBytes, sectorBytes }: WantedForm): Buffer => {
  const options = { label: labelFor(format, label) };
  if (format === "fat")
    return namesFit(() => writeFat(tree, { ...options, mostBytes, ...(sectorBytes !== undefined && { sectorBytes }) }));
  if (sectorBytes === 4096)
    throw doesNotFit("ISO 9660 has sectors of 2048 bytes, and the medium has sectors of 4096: it needs FAT.");
  const image = namesFit(() => writeIso9660(tree, options));
  requireRoom(image.length, mostBytes);
  return image;
};

const sizeOf = (format: ImageFormat, { entries, label }: FoundTree, mostBytes: number): number => {
  const options = { label: labelFor(format, label) };
  if (format === "fat") return fatSizeOf(entries, { ...options, mostBytes });
  return requireRoom(isoSizeOf(entries, options), mostBytes);
};

const formOf = (format: ImageFormat, found: FoundTree, mostBytes: number): ImageForm | UnfitForm => {
  try {
    return { format, sizeBytes: sizeOf(format, found, mostBytes), stored: false };
  } catch (error) {
    if (error instanceof MediabayError && ["INVALID_REQUEST", "IMAGE_DOES_NOT_FIT"].includes(error.code))
      return { format, why: error.message };
    throw error;
  }
};

/** The stored one first; of its own format another only where that is smaller. None exceeds `mostBytes`. */
export const formsOf = (
  found: FoundTree,
  storedBytes: number,
  mostBytes: number,
): { readonly forms: readonly ImageForm[]; readonly unfit: readonly UnfitForm[] } => {
  const forms: ImageForm[] = [{ format: found.format, sizeBytes: storedBytes, stored: true }];
  const unfit: UnfitForm[] = [];
  for (const format of ["iso9660", "fat"] as const) {
    const form = formOf(format, found, mostBytes);
    const isOwn = format === found.format;
    if ("why" in form) unfit.push(...(isOwn ? [] : [form]));
    else if (!isOwn || form.sizeBytes < storedBytes) forms.push(form);
  }
  return { forms, unfit };
};
