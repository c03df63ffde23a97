// What a probe tells of a BMC: what it is, what it has, and what an attach would do there. Its names are part of REST v1.
import type { Identity, Slot } from "./driver.ts";
import type { ErrorCode } from "./errors.ts";
import type { BootView, PowerView } from "./gateway.ts";
import type { InsertPlan, MediaRules, PlannedRequest, UrlRules } from "./media.ts";
import type { AttachmentRole, BootTarget, Confidence, FitVerdict, ImageFormat, MediaType } from "./vocabulary.ts";

/** Would an attach succeed? It is asked nothing that changes the BMC, so a BMC that says no only when told to insert is a `yes`. */
export interface Fitness {
  readonly verdict: FitVerdict;
  /** What an attach would fail with as things are. */
  readonly code?: ErrorCode;
  readonly reason?: string;
  readonly hint?: string;
}

/** One scheme from which a slot reads images, and whether our image plane offers it to this BMC. */
export interface Transport {
  readonly scheme: string;
  readonly served: boolean;
}

/** What a slot takes as a URL, best transport first. */
export interface SlotUrl extends Omit<UrlRules, "schemes"> {
  readonly transports: readonly Transport[];
}

export interface ProbeSlot extends Slot {
  /** Absent where the slot takes no URL. */
  readonly url?: SlotUrl;
}

/** What an attach of a small image would do now. All but the verdict is absent unless that is `yes`. */
export interface AttachPlan {
  readonly role: AttachmentRole;
  readonly format: ImageFormat;
  readonly fitness: Fitness;
  readonly slot?: string;
  /** Slots that are tried next, in order, where the BMC refuses that one: some say only then that they take no URL. */
  readonly otherwise?: readonly string[];
  readonly mediaType?: MediaType;
  /** Of the published file's name. */
  readonly extension?: "iso" | "img";
  /** Of the published URL. */
  readonly scheme?: string;
  /** Absent where the driver cannot tell. */
  readonly insert?: InsertPlan;
}

export interface ProbeProfile {
  readonly id: string;
  readonly title: string;
  /** The rule that held; absent when no family matches. */
  readonly rule?: string;
  readonly confidence?: Confidence;
  readonly notes: readonly string[];
  /** The rule again, and each quirk that acts with its reason, for people. */
  readonly why: readonly string[];
}

export interface ProbeReport {
  /** Of a config drive in the format that suits the BMC best. */
  readonly fitness: Fitness;
  readonly identity: Identity;
  readonly profile: ProbeProfile;
  readonly slots: readonly ProbeSlot[];
  readonly limits: Omit<MediaRules, "noneHint">;
  /** `bootsFrom`: the override that boots a medium of the type; types that the BMC cannot boot are absent. */
  readonly boot?: BootView & { readonly bootsFrom: Readonly<Partial<Record<MediaType, BootTarget>>> };
  readonly power?: PowerView;
  readonly can: { readonly media: boolean; readonly boot: boolean; readonly power: boolean };
  /** What an attach would do first, once, to make the BMC ready for media. */
  readonly preparation: readonly PlannedRequest[];
  /** One a format. */
  readonly plans: readonly AttachPlan[];
  /** Requests the probe cost, its log-out aside. */
  readonly exchanges: number;
  readonly warnings: readonly string[];
}
