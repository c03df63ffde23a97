// What a BMC's virtual media take and what an insert would do, told before anything is sent (DSP0268 VirtualMedia).
import type { Medium } from "./driver.ts";
import type { InsertMethod, MediaType } from "./vocabulary.ts";

/** What a BMC takes as a medium's URL; known before one is made. */
export interface UrlRules {
  /** Lower case, best first; also those that we cannot serve, so that a refusal can name them. */
  readonly schemes: readonly string[];
  readonly maxLength?: number;
  /** Characters that must not be in it. */
  readonly forbidden?: string;
  /** `ipv4`: its host is no IPv6 address. */
  readonly family?: "any" | "ipv4";
}

/** What holds for all slots of a machine; absent members limit nothing. */
export interface MediaRules {
  /** Media that fit at one time, over all slots. */
  readonly maxConcurrent?: number;
  /** A medium that nobody reads for so long is dropped by the BMC itself. */
  readonly idleUnmountMs?: number;
  /** The end of the file name, by what the medium is inserted as. */
  readonly extensions?: Readonly<Record<MediaType, "iso" | "img">>;
  readonly maxImageBytes?: number;
  /** Where no slot takes a URL: what a person should do. */
  readonly noneHint?: string;
}

/** A request that would be sent, and that changes something. */
export interface PlannedRequest {
  readonly method: "POST" | "PATCH" | "PUT" | "DELETE";
  readonly path: string;
}

/** How a medium would get into a slot, as far as reading tells; a BMC may still ask for more. */
export interface InsertPlan {
  readonly method: InsertMethod;
  /** In order; repeats aside, nothing else is sent until the medium is in. */
  readonly requests: readonly PlannedRequest[];
  /** Sent beside the image's URL from the first try on, by name. */
  readonly parameters: readonly string[];
}

/** What a driver can tell of its next steps. Reads only. */
export interface MediaForesight {
  /** What makes the BMC ready for media, as far as its present state asks for it; the slots may be others afterwards. */
  preparation?(): Promise<readonly PlannedRequest[]>;
  /** Of an insert into a slot that is empty. @throws MediabayError what `insert` refuses without asking the BMC */
  plan?(slotId: string, medium: Medium): Promise<InsertPlan>;
}
