// The ISO 9660 writer: level 1 names with Rock Ridge and Joliet beside them, one copy of each file's bytes; equal trees and labels give
// equal bytes (ECMA-119, SUSP and RRIP 1.12, Joliet specification).
import { MediabayError } from "../../core/errors.ts";
import type { Tree, TreeEntry } from "../tree.ts";
import { writeDescriptors } from "./writing/descriptors.ts";
import { writeDirectories, writePathTables } from "./writing/directories.ts";
import { sectorBytes } from "./writing/fields.ts";
import type { SizedEntry } from "./writing/folders.ts";
import { planImage } from "./writing/plan.ts";

export interface IsoOptions {
  /** Up to 32 printable ASCII characters; default `config-2`; empty: none. */
  readonly label?: string;
}

const defaultLabel = "config-2";

const checkedLabel = ({ label = defaultLabel }: IsoOptions): string => {
  if (/^[\x20-\x7e]{0,32}$/.test(label)) return label;
  throw new MediabayError(
    "INVALID_REQUEST",
    `${JSON.stringify(label)} is no label for ISO 9660: that has up to 32 printable ASCII characters.`,
    { field: "label" },
  );
};

/** @throws MediabayError INVALID_REQUEST, naming a path or the label; IMAGE_DOES_NOT_FIT */
export const writeIso9660 = (tree: Tree, options: IsoOptions = {}): Buffer => {
  const label = checkedLabel(options);
  const plan = planImage(tree);
  const image = Buffer.alloc(plan.sectors * sectorBytes);
  writeDescriptors(image, plan, label);
  for (const hierarchy of [plan.plain, plan.joliet]) {
    writePathTables(image, hierarchy);
    writeDirectories(image, hierarchy, plan);
  }
  for (const [{ bytes }, sector] of plan.fileSectors) if (bytes !== undefined) image.set(bytes, sector * sectorBytes);
  return image;
};

/**
 * How long the image would be that `writeIso9660` makes of these; exact, and without their bytes.
 * @throws MediabayError as the writer does
 */
export const isoSizeOf = (entries: readonly (TreeEntry | SizedEntry)[], options: IsoOptions = {}): number => {
  checkedLabel(options);
  return planImage(entries).sectors * sectorBytes;
};
