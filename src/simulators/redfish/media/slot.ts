// One virtual-media device: what it holds, from when on it shows it, and when it goes away by itself.
import type { SimulatorClock } from "../../clock.ts";
import type { ImageRead, ImageReader } from "../../image-reader.ts";
import { type Resource, textOf, textsOf } from "../resources/tree.ts";
import type { MediaRules } from "./slot-rules.ts";

export interface Medium {
  /** The URL as the client or the human gave it. */
  readonly image: string;
  readonly inserted: boolean;
  readonly writeProtected: boolean;
  readonly connectedVia: string;
  readonly transferMethod?: string;
  readonly transferProtocolType?: string;
  readonly userName?: string;
  /** The Redfish session that inserted it. */
  readonly session?: string;
  readonly reader?: ImageReader;
}

/** What a test sees of a slot. */
export interface SlotView {
  readonly id: string;
  /** First URI of the slot; a service with two views has more. */
  readonly uri: string;
  readonly mediaTypes: readonly string[];
  /** As the BMC shows it now. */
  readonly inserted: boolean;
  readonly image?: string;
  /** Of the medium in the slot, or of the last one once it is empty. */
  readonly bytesRead: number;
  /** Of the whole image, once a host has read it to its end. */
  readonly sha256?: string;
  readonly reads: readonly ImageRead[];
}

export interface SlotOptions {
  /** One a URI, in the same order. */
  readonly bases: readonly Resource[];
  readonly uris: readonly string[];
  /** Systems whose hosts see the medium. */
  readonly systems: readonly string[];
  /** Instead of what the resources list. */
  readonly mediaTypes: readonly string[] | undefined;
  readonly clock: SimulatorClock;
  readonly idleUnmountMs: MediaRules["idleUnmountMs"];
}

export class Slot {
  readonly ids: readonly string[];
  readonly uris: readonly string[];
  readonly systems: readonly string[];
  readonly mediaTypes: readonly string[];
  /** An insert or eject is under way. */
  busy = false;
  insertedAt = Number.NEGATIVE_INFINITY;
  ejectedAt = Number.NEGATIVE_INFINITY;
  /** PEM by number, where the slot has Certificates. */
  readonly certificates = new Map<number, string>();
  #held: Medium | undefined;
  #last: Medium | undefined;
  #shown: Medium | undefined;
  #showsFrom = 0;
  #usedAt = 0;
  readonly #clock: SimulatorClock;
  readonly #idleUnmountMs: number;

  constructor({ bases, uris, systems, mediaTypes, clock, idleUnmountMs }: SlotOptions) {
    this.ids = bases.map((base) => textOf(base["Id"]) ?? "");
    this.uris = uris;
    this.systems = systems;
    this.mediaTypes = mediaTypes ?? [...new Set(bases.flatMap((base) => textsOf(base["MediaTypes"])))];
    this.#clock = clock;
    this.#idleUnmountMs = idleUnmountMs;
  }

  get id(): string {
    return this.ids[0] ?? "";
  }

  /** What is really in, whatever is shown. */
  get held(): Medium | undefined {
    this.#dropIdle();
    return this.#held;
  }

  /** What the slot shows and a booting host finds. */
  get shown(): Medium | undefined {
    this.#dropIdle();
    return this.#clock.now() >= this.#showsFrom ? this.#held : this.#shown;
  }

  /** The last medium, of an empty slot. */
  get last(): Medium | undefined {
    return this.#last;
  }

  /** Puts a medium in, or takes it out with `undefined`; it shows after `delayMs`. */
  hold(medium: Medium | undefined, delayMs: number): void {
    const before = this.shown;
    this.#replace(medium);
    this.#shown = before;
    this.#showsFrom = this.#clock.now() + delayMs;
  }

  /** Somebody at the BMC's own console inserts a medium: it shows at once, and is not read over HTTP. */
  holdByHand(url: string): void {
    this.hold({ image: url, inserted: true, writeProtected: true, connectedVia: "Applet" }, 0);
  }

  /** A host reads the medium. */
  touch(): void {
    this.#usedAt = this.#clock.now();
  }

  view(): SlotView {
    const { shown } = this;
    const reader = (this.#held ?? this.#last)?.reader;
    return {
      id: this.id,
      uri: this.uris[0] ?? "",
      mediaTypes: this.mediaTypes,
      inserted: shown?.inserted ?? false,
      ...(shown === undefined ? {} : { image: shown.image }),
      bytesRead: reader?.bytesRead ?? 0,
      ...(reader?.sha256 === undefined ? {} : { sha256: reader.sha256 }),
      reads: [...(reader?.reads ?? [])],
    };
  }

  #replace(medium: Medium | undefined): void {
    this.#held?.reader?.close();
    if (medium === undefined) this.#last = this.#held ?? this.#last;
    this.#held = medium;
    this.touch();
  }

  /** The medium that no host has read for too long is gone at once. */
  #dropIdle(): void {
    if (this.#idleUnmountMs === 0 || this.#held?.reader === undefined) return;
    if (this.#clock.now() - this.#usedAt < this.#idleUnmountMs) return;
    this.#replace(undefined);
    this.#showsFrom = 0;
  }
}
