// The folders of `file://` sources: one that is missing would fail each of those sources, also those in the other folders.
import { stat } from "node:fs/promises";
import { MediabayError } from "../core/errors.ts";
import type { Settings } from "../settings/schema.ts";

/** @throws MediabayError SETTINGS_INVALID naming the first that is no folder */
export const checkFileRoots = async ({ images: { fileRoots } }: Settings): Promise<void> => {
  for (const folder of fileRoots) await checkFolder(folder);
};

const checkFolder = async (folder: string): Promise<void> => {
  const refuse = (why: string, cause?: unknown): MediabayError =>
    new MediabayError(
      "SETTINGS_INVALID",
      `images.fileRoots names ${folder}, which ${why}.`,
      { field: "images.fileRoots" },
      { cause },
    );
  const found = await stat(folder).catch((cause: unknown) => {
    throw refuse("cannot be reached", cause);
  });
  if (!found.isDirectory()) throw refuse("is no folder");
};
