// One virtual-media device: what it holds, from when on it shows it, and how it shows it (VirtualMedia schema).
import type { SimulatorClock } from "../../clock.ts";
import type { ImageRead, ImageReader } from "../../image-reader.ts";
import type { Personality } from "../personality.ts";
import { type Json, type Resource, textOf, textsOf } from "../tree.ts";

export interface Medium {
  /** The URL as the client or the human gave it. */
  readonly image: string;
  readonly inserted: boolean;
  readonly writeProtected: boolean;
  readonly connectedVia: "URI" | "Applet";
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

const imageName = (image: string): string => image.split(/[?#]/)[0]?.split("/").at(-1) ?? "";

export class Slot {
  readonly id: string;
  readonly uris: readonly string[];
  readonly mediaTypes: readonly string[];
  /** An insert or eject is under way. */
  busy = false;
  #held: Medium | undefined;
  #last: Medium | undefined;
  #shown: Medium | undefined;
  #showsFrom = 0;
  readonly #clock: SimulatorClock;
  readonly #media: Personality["media"];

  constructor(base: Resource, uris: readonly string[], clock: SimulatorClock, media: Personality["media"]) {
    this.id = textOf(base["Id"]) ?? "";
    this.uris = uris;
    this.mediaTypes = textsOf(base["MediaTypes"]);
    this.#clock = clock;
    this.#media = media;
  }

  /** What is really in, whatever is shown. */
  get held(): Medium | undefined {
    return this.#held;
  }

  /** What the slot shows and a booting host finds. */
  get shown(): Medium | undefined {
    return this.#clock.now() >= this.#showsFrom ? this.#held : this.#shown;
  }

  /** Puts a medium in, or takes it out with `undefined`; it shows after `delayMs`. */
  hold(medium: Medium | undefined, delayMs: number): void {
    const before = this.shown;
    this.#held?.reader?.close();
    if (medium === undefined) this.#last = this.#held ?? this.#last;
    this.#held = medium;
    this.#shown = before;
    this.#showsFrom = this.#clock.now() + delayMs;
  }

  /** Somebody at the BMC's own console inserts a medium: it shows at once, and is not read over HTTP. */
  holdByHand(url: string): void {
    this.hold({ image: url, inserted: true, writeProtected: true, connectedVia: "Applet" }, 0);
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

  /** The slot's properties as they are now, without its actions. */
  render(base: Resource): Resource {
    const { shown } = this;
    const stale = this.#media.staleAfterEject && shown === undefined ? this.#last : undefined;
    const properties = { ...base, ...this.#emptiness(), ...this.#filling(shown ?? stale) };
    const all: Record<string, Json> = { ...properties, ConnectedVia: shown?.connectedVia ?? "NotConnected" };
    const hidden = this.#media.echoImage ? this.#media.hidden : [...this.#media.hidden, "Image", "ImageName"];
    for (const name of hidden) delete all[name];
    return all;
  }

  #emptiness(): Resource {
    const rest = { Inserted: false, WriteProtected: null, UserName: null, Password: null };
    if (this.#media.empty === "absent") return rest;
    const nothing = { null: null, "empty-string": "", "none-string": "None" }[this.#media.empty];
    return { Image: nothing, ImageName: nothing, ...rest };
  }

  #filling(medium: Medium | undefined): Resource {
    if (medium === undefined) return {};
    return {
      Image: medium.image,
      ImageName: imageName(medium.image),
      Inserted: medium.inserted,
      WriteProtected: medium.writeProtected,
      UserName: medium.userName ?? null,
      ...(medium.transferMethod === undefined ? {} : { TransferMethod: medium.transferMethod }),
      ...(medium.transferProtocolType === undefined ? {} : { TransferProtocolType: medium.transferProtocolType }),
    };
  }
}
