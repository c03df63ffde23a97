// Which slot an image goes into, and as what. Pure: decided from what the BMC shows and what we know to be ours.
import type { Slot } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { AttachmentRole, ImageFormat, MediaType } from "../core/vocabulary.ts";

export interface Way {
  readonly slot: string;
  readonly mediaType: MediaType;
  readonly extension: "iso" | "img";
  /** Somebody else's medium is in it and was allowed to be replaced. */
  readonly evict: boolean;
}

export interface WayRequest {
  readonly slots: readonly Slot[];
  readonly format: ImageFormat;
  readonly sizeBytes: number;
  readonly role: AttachmentRole;
  /** Slots that hold other live attachments of ours: never candidates, not even with force. */
  readonly ours: ReadonlySet<string>;
  readonly wanted?: string;
  readonly force: boolean;
}

/** The largest floppy, 2.88 MB: a FAT image beyond it does not fit a slot that is only a floppy. */
const floppyBytes = 2_949_120;

/** Media types that can carry the format, best first. An ISO 9660 image on a stick is found by its label as well as on a disc. */
const carriers = (format: ImageFormat, sizeBytes: number): readonly MediaType[] => {
  if (format === "iso9660") return ["CD", "DVD", "USBStick"];
  return sizeBytes <= floppyBytes ? ["USBStick", "Floppy"] : ["USBStick"];
};

const carrierOf = (slot: Slot, types: readonly MediaType[]): MediaType | undefined =>
  types.find((type) => slot.mediaTypes.includes(type));

/**
 * @throws MediabayError UNSUPPORTED_BY_BMC when no slot can carry the image, SLOT_OCCUPIED when those that can are taken
 */
export const chooseWay = (request: WayRequest): Way => {
  const types = carriers(request.format, request.sizeBytes);
  const able = candidates(request, types);
  if (able.length === 0) throw unsupported(request, types);

  const free = able.filter(({ slot }) => !request.ours.has(slot.id) && slot.state?.inserted !== true);
  const best = bestOf(free, request.role, types);
  if (best !== undefined) return { ...best, evict: false };

  const foreign = able.filter(({ slot }) => !request.ours.has(slot.id));
  const replaced = request.force ? bestOf(foreign, request.role, types) : undefined;
  if (replaced !== undefined) return { ...replaced, evict: true };
  throw occupied(
    able.map(({ slot }) => slot),
    request.ours,
  );
};

interface Candidate {
  readonly slot: Slot;
  readonly mediaType: MediaType;
}

const candidates = (request: WayRequest, types: readonly MediaType[]): readonly Candidate[] =>
  request.slots
    .filter((slot) => slot.urlCapable && (request.wanted === undefined || slot.id === request.wanted))
    .flatMap((slot) => {
      const mediaType = carrierOf(slot, types);
      return mediaType === undefined ? [] : [{ slot, mediaType }];
    });

/** A config drive leaves the first disc slot to a boot image where there is a second one. */
const bestOf = (
  free: readonly Candidate[],
  role: AttachmentRole,
  types: readonly MediaType[],
): Omit<Way, "evict"> | undefined => {
  const rank = (candidate: Candidate): number => {
    const index = types.indexOf(candidate.mediaType);
    return candidate.mediaType === "DVD" ? 0 : index;
  };
  const top = Math.min(...free.map(rank));
  const equals = free.filter((candidate) => rank(candidate) === top);
  const chosen = role === "configdrive" ? equals.at(-1) : equals[0];
  if (chosen === undefined) return undefined;
  const disc = chosen.mediaType === "CD" || chosen.mediaType === "DVD";
  return { slot: chosen.slot.id, mediaType: chosen.mediaType, extension: disc ? "iso" : "img" };
};

const unsupported = (request: WayRequest, types: readonly MediaType[]): MediabayError => {
  const shown = request.slots.map(
    (slot) => `${slot.id} (${slot.mediaTypes.join(", ") || "no media types"}${slot.urlCapable ? "" : ", no URL"})`,
  );
  const place = request.wanted === undefined ? "No slot of this machine" : `Slot ${request.wanted}`;
  return new MediabayError(
    "UNSUPPORTED_BY_BMC",
    `${place} can carry a ${request.format} image of ${request.sizeBytes} bytes: it needs a URL-capable slot of type ${types.join(", ")}; the BMC has ${shown.join("; ") || "no slots"}.`,
    { slots: shown },
  );
};

const occupied = (slots: readonly Slot[], ours: ReadonlySet<string>): MediabayError => {
  const held = slots.map((slot) =>
    ours.has(slot.id)
      ? `${slot.id} holds another attachment of this machine`
      : `${slot.id} holds ${slot.state?.image ?? slot.state?.imageName ?? "a medium"}`,
  );
  return new MediabayError("SLOT_OCCUPIED", `No free slot for this image: ${held.join("; ")}.`, { slots: held });
};
