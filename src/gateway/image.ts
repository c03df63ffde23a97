// The image of an attachment: fetched, looked into, and given another form where a slot takes no other.
import type { ImageForm, UnfitForm } from "../core/configdrive.ts";
import { MediabayError } from "../core/errors.ts";
import type { Source, StepContext } from "../core/ports.ts";
import { formatSize } from "../core/units.ts";
import type { AttachmentRole, ImageFormat } from "../core/vocabulary.ts";
import type { GatewayDeps } from "./deps.ts";
import type { Way } from "./way.ts";

export interface ImageFacts {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly format: ImageFormat;
  readonly label?: string;
  /** The stored one first; absent where its files are not known. */
  readonly forms?: readonly ImageForm[];
  readonly unfit?: readonly UnfitForm[];
  /** That its network_data names. */
  readonly macAddresses?: readonly string[];
}

export interface ImageWish {
  readonly source: Source;
  readonly role: AttachmentRole;
  readonly digest?: string;
  readonly holder: string;
  warn(text: string): Promise<void>;
}

type Deps = Pick<GatewayDeps, "images" | "log">;

export const fetchImage = async (
  deps: Deps,
  { source, role, digest, holder, warn }: ImageWish,
  { signal, progress }: StepContext,
): Promise<ImageFacts> => {
  const image = await deps.images.ensure({
    source,
    role,
    ...(digest === undefined ? {} : { expectedDigest: digest }),
    holder,
    signal,
    onProgress: (receivedBytes, totalBytes) => progress({ receivedBytes, totalBytes: totalBytes ?? null }),
  });
  const { sizeBytes, format, label } = image;
  const facts = { digest: image.digest, sizeBytes, format, ...(label !== undefined && { label }) };
  return role === "configdrive" ? { ...facts, ...(await look(deps, facts.digest, warn)) } : facts;
};

/** What cannot be read is attached as it is: whoever made it may know better. */
const look = async (
  { images }: Deps,
  digest: string,
  warn: ImageWish["warn"],
): Promise<Pick<ImageFacts, "forms" | "unfit" | "macAddresses">> => {
  try {
    const seen = await images.look(digest);
    if (seen === undefined) return {};
    for (const warning of seen.warnings) await warn(warning);
    return { forms: seen.forms, unfit: seen.unfit, macAddresses: seen.macAddresses };
  } catch (error) {
    if (!(error instanceof MediabayError) || error.code !== "IMAGE_INVALID") throw error;
    await warn(`The files in this image could not be read, it is attached as it is: ${error.message}`);
    return {};
  }
};

export const formatNames: Readonly<Record<ImageFormat, string>> = { iso9660: "ISO 9660", fat: "FAT" };

/** The image in the form that the way needs; the same where it needs no other. */
export const repackFor = async (
  deps: Deps,
  image: ImageFacts,
  { slot, repack }: Way,
  { holder, warn }: Pick<ImageWish, "holder" | "warn">,
  signal: AbortSignal,
): Promise<ImageFacts> => {
  if (repack === undefined) return image;
  const made = await deps.images.repack({ ...repack, digest: image.digest, holder, signal });
  const { digest, sizeBytes, format, label } = made;
  const shown = `${formatSize(sizeBytes)} of ${formatNames[format]}`;
  await warn(
    `Slot ${slot} takes the files in another form only: ${formatNames[image.format]} was repacked as ${shown}.`,
  );
  if (image.label !== undefined && label !== image.label)
    await warn(
      `The label ${JSON.stringify(image.label)} has no place in ${formatNames[format]}: it became ${JSON.stringify(label ?? "")}.`,
    );
  return { digest, sizeBytes, format, ...(label !== undefined && { label }) };
};

/** Told where the inventory is known and has none of them; a BMC that cannot be asked is no reason to stop. */
export const foreignMacs = async (
  { log }: Deps,
  { macAddresses = [] }: ImageFacts,
  inventory: { macAddresses(): Promise<readonly string[]> } | undefined,
): Promise<readonly string[]> => {
  if (macAddresses.length === 0 || inventory === undefined) return [];
  try {
    const known = await inventory.macAddresses();
    return known.length === 0 ? [] : macAddresses.filter((mac) => !known.includes(mac));
  } catch (error) {
    if (!(error instanceof MediabayError) || error.definition.fault !== "bmc") throw error;
    log.info({ code: error.code }, "the machine's network ports could not be asked for");
    return [];
  }
};
