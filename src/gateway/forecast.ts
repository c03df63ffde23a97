// What an attach would do on a BMC as it is now: decided by the functions that an attach itself uses, and only told.
import type { MediaDriver, Medium, Session, Slot } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { PlannedRequest, UrlRules } from "../core/media.ts";
import type { AttachPlan, Fitness, SlotUrl } from "../core/probe.ts";
import { type ImageFormat, imageFormats, type PowerState } from "../core/vocabulary.ts";
import { mediaOf } from "./connect.ts";
import type { GatewayDeps } from "./deps.ts";
import { formatNames } from "./image.ts";
import { type Reach, urlRulesOf } from "./publish.ts";
import { chooseWay, type Way } from "./way.ts";

export interface Scene {
  readonly deps: Pick<GatewayDeps, "publications" | "imageCa">;
  readonly session: Session;
  readonly reach: Reach;
  /** With their states. */
  readonly slots: readonly Slot[];
  readonly preparation: readonly PlannedRequest[];
  readonly power?: PowerState;
  /** Slots that hold attachments of ours. */
  readonly ours: ReadonlySet<string>;
}

/** A config drive is rarely larger, and a virtual floppy has room for it. */
const sizeBytes = 1_048_576;
const role = "configdrive";

export const switchedOff = "Remote media is switched off; an attach switches it on.";

export const plansFor = async (scene: Scene): Promise<readonly AttachPlan[]> => {
  const plans: AttachPlan[] = [];
  for (const format of imageFormats) plans.push({ role, format, ...(await planFor(scene, format)) });
  return plans;
};

/** One format that fits is enough; one that might is better than none. */
export const fitnessOf = (plans: readonly AttachPlan[]): Fitness => {
  const fits = plans.map(({ fitness }) => fitness);
  const best = fits.find(({ verdict }) => verdict === "yes") ?? fits.find(({ verdict }) => verdict === "unknown");
  return best ?? fits[0] ?? { verdict: "no" };
};

type Planned = Omit<AttachPlan, "role" | "format">;

const planFor = async (scene: Scene, format: ImageFormat): Promise<Planned> => {
  const way = attempt(() => wayFor(scene, format));
  if (way instanceof MediabayError) return { fitness: withOtherForm(scene, format, judgeWayless(scene, way)) };
  try {
    return { fitness: { verdict: "yes" }, ...(await planOn(scene, way)), otherwise: slotsAfter(scene, format, way) };
  } catch (error) {
    return { fitness: refused(error) };
  }
};

/** `no` is said of the image as it is: an attach looks into it, and may find files to repack. */
const withOtherForm = (scene: Scene, format: ImageFormat, fitness: Fitness): Fitness => {
  const fits = (each: ImageFormat): boolean => !(attempt(() => wayFor(scene, each)) instanceof MediabayError);
  const other = imageFormats.find((each) => each !== format && fits(each));
  if (fitness.verdict !== "no" || other === undefined) return fitness;
  const remark = `A config drive whose files can be read is repacked as ${formatNames[other]}.`;
  return { ...fitness, reason: fitness.reason === undefined ? remark : `${fitness.reason} ${remark}` };
};

const wayFor = ({ session, slots, ours }: Scene, format: ImageFormat, refused?: ReadonlySet<string>): Way => {
  const { rules } = mediaOf(session);
  const image = { slots, format, sizeBytes, role, ours, force: false } as const;
  return chooseWay({
    ...image,
    ...(rules === undefined ? {} : { rules }),
    ...(refused === undefined ? {} : { refused }),
  });
};

const slotsAfter = (scene: Scene, format: ImageFormat, first: Way): readonly string[] => {
  const tried = new Set([first.slot]);
  for (;;) {
    const next = attempt(() => wayFor(scene, format, tried));
    if (next instanceof MediabayError) return [...tried].slice(1);
    tried.add(next.slot);
  }
};

const planOn = async (scene: Scene, { slot, mediaType, extension }: Way): Promise<Omit<Planned, "fitness">> => {
  const { publications, imageCa } = scene.deps;
  const media = mediaOf(scene.session);
  const url = await publications.preview({ extension, ...scene.reach, ...(await urlRulesOf(media, slot)) });
  const scheme = url.slice(0, url.indexOf(":"));
  const ca = scheme === "https" ? imageCa : undefined;
  const medium: Medium = { url, mediaType, sizeBytes, ...(ca === undefined ? {} : { ca }) };
  const insert = await media.plan?.(slot, medium);
  return { slot, mediaType, extension, scheme, ...(insert === undefined ? {} : { insert }) };
};

/** Refusals are answers here; what failed on the way to the BMC is not. */
const refusals: ReadonlySet<string> = new Set(["UNSUPPORTED_BY_BMC", "SLOT_OCCUPIED", "IMAGE_TOO_LARGE"]);

const isRefusal = (error: unknown): error is MediabayError =>
  error instanceof MediabayError && refusals.has(error.code);

const attempt = <T>(work: () => T): T | MediabayError => {
  try {
    return work();
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
};

const refused = (error: unknown): Fitness => {
  if (!isRefusal(error)) throw error;
  return { verdict: "no", code: error.code, reason: error.message, ...hintOf(error) };
};

/** The table's own hint for what a BMC cannot do is to probe it. */
const hintOf = (error: MediabayError): Pick<Fitness, "hint"> =>
  error.code === "UNSUPPORTED_BY_BMC" && error.hint === error.definition.hint ? {} : { hint: error.hint };

/** No slot takes the image; but there may be others once the BMC is made ready, or its host is on. */
const judgeWayless = ({ session, preparation, slots, power }: Scene, error: MediabayError): Fitness => {
  const isFinal = error.code !== "UNSUPPORTED_BY_BMC" || session.media === undefined;
  if (!isFinal && preparation.length > 0) return { verdict: "unknown", reason: switchedOff, ...hintOf(error) };
  const isHidden = !isFinal && slots.length === 0 && power !== undefined && power !== "On";
  if (!isHidden) return refused(error);
  const reason = "The BMC lists no slot now; it may list some once its host is on.";
  return { verdict: "unknown", code: error.code, reason, ...hintOf(error) };
};

/** What a slot takes as a URL. */
export const slotUrl = async (scene: Scene, media: MediaDriver, slot: string): Promise<SlotUrl> => {
  const { schemes, ...others } = await urlRulesOf(media, slot);
  const transports = schemes.map(async (scheme) => ({
    scheme,
    served: await isServed(scene, { ...others, schemes: [scheme] }),
  }));
  return { transports: await Promise.all(transports), ...others };
};

const isServed = async ({ deps, reach }: Scene, rules: UrlRules): Promise<boolean> => {
  try {
    await deps.publications.preview({ extension: "iso", ...reach, ...rules });
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
};
