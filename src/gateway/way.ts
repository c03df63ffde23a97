// Which slot an image goes into, as what, and in which form. Pure: decided from what the BMC shows and what we know to be ours.
import type { ImageForm, UnfitForm } from "../core/configdrive.ts";
import type { Slot } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { MediaRules } from "../core/media.ts";
import type { AttachmentRole, ImageFormat, MediaType } from "../core/vocabulary.ts";

export interface Way {
  readonly slot: string;
  readonly mediaType: MediaType;
  readonly extension: "iso" | "img";
  /** Slots whose foreign media were allowed to be replaced and must go first. */
  readonly evict: readonly string[];
  /** Absent where the image goes in as it is stored. */
  readonly repack?: { readonly format: ImageFormat; readonly mostBytes?: number };
}

export interface WayRequest {
  readonly slots: readonly Slot[];
  readonly format: ImageFormat;
  readonly sizeBytes: number;
  /** What the same files can be given as, the stored image first; absent where nothing is known of them. */
  readonly forms?: readonly ImageForm[];
  readonly unfit?: readonly UnfitForm[];
  readonly role: AttachmentRole;
  /** Slots that hold other live attachments of ours: never candidates, not even with force. */
  readonly ours: ReadonlySet<string>;
  readonly wanted?: string;
  readonly force: boolean;
  readonly rules?: MediaRules;
  /** Slots that have refused this image. */
  readonly refused?: ReadonlySet<string>;
  /** Of an image to boot from: the media types that the BMC boots from. */
  readonly bootable?: ReadonlySet<MediaType>;
}

/** The largest floppy, 2.88 MB: a FAT image beyond it does not fit a slot that is only a floppy. */
const floppyBytes = 2_949_120;

/** Media types that can carry the format, best first. An ISO 9660 image on a stick is found by its label as well as on a disc. */
export const carriers = (format: ImageFormat, sizeBytes: number): readonly MediaType[] => {
  if (format === "iso9660") return ["CD", "DVD", "USBStick"];
  return sizeBytes <= floppyBytes ? ["USBStick", "Floppy"] : ["USBStick"];
};

const carrierOf = (slot: Slot, types: readonly MediaType[]): MediaType | undefined =>
  types.find((type) => slot.mediaTypes.includes(type));

/**
 * As it is stored, where any free slot takes that; else in the form that one takes; with force, last, in somebody else's place.
 * @throws MediabayError UNSUPPORTED_BY_BMC when no slot can carry the image, IMAGE_DOES_NOT_FIT when its files are too many for those that
 * could, SLOT_OCCUPIED when those that can are taken, or when the BMC holds no more media at one time
 */
export const chooseWay = (request: WayRequest): Way => {
  const forms = usableForms(request);
  const failures: MediabayError[] = [];
  for (const force of request.force ? [false, true] : [false]) {
    for (const form of forms) {
      const way = wayAs({ ...request, force }, form);
      if (!(way instanceof MediabayError)) return way;
      failures.push(way);
    }
  }
  throw worstOf(request, failures);
};

/** That somebody is in the way is worth more than that nothing fits: it may change. */
const worstOf = (request: WayRequest, failures: readonly MediabayError[]): MediabayError => {
  const occupiedOne = failures.find(({ code }) => code === "SLOT_OCCUPIED");
  return occupiedOne ?? tooLargeForFloppy(request) ?? failures[0] ?? unsupported(request, []);
};

/** Of an image that no form of is small enough for this BMC, the stored one: its refusal names the limit. */
const usableForms = ({ forms, format, sizeBytes, rules }: WayRequest): readonly ImageForm[] => {
  const stored: ImageForm = { format, sizeBytes, stored: true };
  const most = rules?.maxImageBytes ?? Number.POSITIVE_INFINITY;
  const small = (forms ?? []).filter((form) => form.sizeBytes <= most);
  return small.length > 0 ? small : [stored];
};

const wayAs = (whole: WayRequest, form: ImageForm): Way | MediabayError => {
  const request = { ...whole, format: form.format, sizeBytes: form.sizeBytes };
  const all = carriers(request.format, request.sizeBytes);
  const types = all.filter((type) => request.bootable?.has(type) ?? true);
  if (types.length === 0) return unbootable(all);
  const able = candidates(request, types);
  if (able.length === 0) return unsupported(request, types);
  const holders = request.slots.filter((slot) => request.ours.has(slot.id) || slot.state?.inserted === true);
  const surplus = holders.length + 1 - (request.rules?.maxConcurrent ?? Number.POSITIVE_INFINITY);

  const free = able.filter(({ slot }) => !holders.includes(slot));
  const best = surplus > 0 ? undefined : bestOf(free, able, request, types);
  if (best !== undefined) return { ...best, evict: [], ...repacking(request, form, best) };

  const replaced = request.force ? replacing(request, able, holders, surplus, types) : undefined;
  if (replaced !== undefined) return { ...replaced, ...repacking(request, form, replaced) };
  return occupied(surplus > 0 ? holders : able.map(({ slot }) => slot), request);
};

const repacking = (
  { rules }: WayRequest,
  { format, stored }: ImageForm,
  { mediaType }: Pick<Way, "mediaType">,
): Pick<Way, "repack"> => {
  if (stored) return {};
  const limits = [rules?.maxImageBytes, mediaType === "Floppy" ? floppyBytes : undefined];
  const known = limits.filter((limit) => limit !== undefined);
  return { repack: { format, ...(known.length > 0 && { mostBytes: Math.min(...known) }) } };
};

/** With force: into the best slot, and as many foreign media out as must go. */
const replacing = (
  request: WayRequest,
  able: readonly Candidate[],
  holders: readonly Slot[],
  surplus: number,
  types: readonly MediaType[],
): Way | undefined => {
  const foreign = holders.filter((slot) => !request.ours.has(slot.id)).map((slot) => slot.id);
  const places = able.filter(({ slot }) => !request.ours.has(slot.id));
  const best = bestOf(places, able, request, types);
  if (best === undefined || foreign.length < surplus) return undefined;
  const own = foreign.filter((id) => id === best.slot);
  const others = foreign.filter((id) => id !== best.slot).slice(0, Math.max(0, surplus - own.length));
  return { ...best, evict: [...own, ...others] };
};

interface Candidate {
  readonly slot: Slot;
  readonly mediaType: MediaType;
}

const candidates = (request: WayRequest, types: readonly MediaType[]): readonly Candidate[] =>
  request.slots
    .filter((slot) => slot.urlCapable && (request.wanted === undefined || slot.id === request.wanted))
    .filter((slot) => request.refused?.has(slot.id) !== true)
    .flatMap((slot) => {
      const mediaType = carrierOf(slot, types);
      return mediaType === undefined ? [] : [{ slot, mediaType }];
    });

const isDisc = (mediaType: MediaType): boolean => mediaType === "CD" || mediaType === "DVD";

/** A config drive leaves the first disc slot to a boot image where there is another as good. */
const bestOf = (
  places: readonly Candidate[],
  able: readonly Candidate[],
  { role, rules }: WayRequest,
  types: readonly MediaType[],
): Omit<Way, "evict"> | undefined => {
  const rank = ({ mediaType }: Candidate): number => (mediaType === "DVD" ? 0 : types.indexOf(mediaType));
  const top = Math.min(...places.map(rank));
  const equals = places.filter((candidate) => rank(candidate) === top);
  const forBoot = able.find(({ mediaType }) => isDisc(mediaType));
  const others = role === "configdrive" ? equals.filter((candidate) => candidate !== forBoot) : equals;
  const chosen = others[0] ?? equals[0];
  if (chosen === undefined) return undefined;
  const { slot, mediaType } = chosen;
  return {
    slot: slot.id,
    mediaType,
    extension: rules?.extensions?.[mediaType] ?? (isDisc(mediaType) ? "iso" : "img"),
  };
};

/** Of files that are known, where a floppy is all that is left. */
const tooLargeForFloppy = (request: WayRequest): MediabayError | undefined => {
  const [floppy] = candidates(request, ["Floppy"]);
  if (request.forms === undefined || floppy === undefined) return undefined;
  const fat = request.forms.filter(({ format }) => format === "fat").map(({ sizeBytes }) => sizeBytes);
  if (fat.some((sizeBytes) => sizeBytes <= floppyBytes)) return undefined;
  const why = request.unfit?.find(({ format }) => format === "fat")?.why;
  const none = `cannot be given as FAT${why === undefined ? "." : `: ${why}`}`;
  const need = fat.length > 0 ? `need ${Math.min(...fat)} bytes as FAT.` : none;
  const message = `Slot ${floppy.slot.id} takes a floppy of at most ${floppyBytes} bytes, and the files ${need}`;
  return new MediabayError("IMAGE_DOES_NOT_FIT", message, { slot: floppy.slot.id });
};

const unbootable = (types: readonly MediaType[]): MediabayError =>
  new MediabayError("UNSUPPORTED_BY_BMC", `This BMC boots from no virtual ${types.join(", ")}.`, {});

const unsupported = (request: WayRequest, types: readonly MediaType[]): MediabayError => {
  const shown = request.slots.map(
    (slot) => `${slot.id} (${slot.mediaTypes.join(", ") || "no media types"}${slot.urlCapable ? "" : ", no URL"})`,
  );
  const usable = request.slots.some((slot) => slot.urlCapable);
  const place = request.wanted === undefined ? "No slot of this machine" : `Slot ${request.wanted}`;
  return new MediabayError(
    "UNSUPPORTED_BY_BMC",
    `${place} can carry a ${request.format} image of ${request.sizeBytes} bytes: it needs a URL-capable slot of type ${types.join(", ")}; the BMC has ${shown.join("; ") || "no slots"}.`,
    { slots: shown, ...(usable || request.rules?.noneHint === undefined ? {} : { hint: request.rules.noneHint }) },
  );
};

const occupied = (slots: readonly Slot[], { ours, rules }: WayRequest): MediabayError => {
  const held = slots.map((slot) =>
    ours.has(slot.id)
      ? `${slot.id} holds another attachment of this machine`
      : `${slot.id} holds ${slot.state?.image ?? slot.state?.imageName ?? "a medium"}`,
  );
  const most = rules?.maxConcurrent;
  const limit = most === undefined ? "" : ` This BMC holds ${most} ${most === 1 ? "medium" : "media"} at a time.`;
  const isOurs = slots.every((slot) => ours.has(slot.id));
  return new MediabayError("SLOT_OCCUPIED", `No free slot for this image: ${held.join("; ")}.${limit}`, {
    slots: held,
    ...(isOurs ? { hint: "Detach the machine's other attachment first." } : {}),
  });
};
