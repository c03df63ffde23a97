// Puts media into slots and takes them out, reading the image as the personality's reader does.
import { ImageReader, ImageReadError } from "../../image-reader.ts";
import { RedfishFailure } from "../http/messages.ts";
import type { Personality } from "../personality.ts";
import type { InsertRequest } from "./insert-request.ts";
import type { Slot } from "./slot.ts";

/** How a failed read of the image is told: a bare 500, or by an uploader whose fault it was. */
const readFailure = (error: ImageReadError, style: "ranges" | "upload"): RedfishFailure => {
  const theirs = error.status !== undefined && error.status >= 400 && error.status < 500;
  return new RedfishFailure(style === "ranges" ? 500 : theirs ? 400 : 502, "InternalError");
};

export class Loader {
  readonly #media: Personality["media"];
  readonly #imageCa: string | undefined;
  /** Readers of inserts under way. */
  readonly #opening = new Set<ImageReader>();
  #inserts = 0;
  #ejects = 0;

  constructor(media: Personality["media"], imageCa: string | undefined) {
    this.#media = media;
    this.#imageCa = imageCa;
  }

  /** Media that really went in, or came out, by a Redfish request. */
  get inserts(): number {
    return this.#inserts;
  }

  get ejects(): number {
    return this.#ejects;
  }

  /** Claims the slot before its first await, so that a second request meets a busy one. @throws RedfishFailure when the image cannot be read */
  async insert(slot: Slot, request: InsertRequest, session: string | undefined): Promise<void> {
    slot.busy = true;
    try {
      const reader = this.#readerFor(request);
      await this.#probe(reader);
      const { url: _url, password: _password, ...shown } = request;
      const medium = { ...shown, connectedVia: "URI" as const };
      slot.hold(
        { ...medium, ...(session === undefined ? {} : { session }), ...(reader === undefined ? {} : { reader }) },
        this.#media.insertDelayMs,
      );
      this.#inserts += 1;
    } finally {
      slot.busy = false;
    }
  }

  eject(slot: Slot): void {
    if (slot.held === undefined) return;
    slot.hold(undefined, this.#media.ejectDelayMs);
    this.#ejects += 1;
  }

  /** Breaks off every insert under way. */
  close(): void {
    for (const reader of this.#opening) reader.close();
  }

  #readerFor({ url, inserted, userName, password }: InsertRequest): ImageReader | undefined {
    const { reader: style, blockBytes, readTimeoutMs } = this.#media;
    if (style === "none" || !inserted) return undefined;
    const credentials = userName === undefined ? undefined : { username: userName, password: password ?? "" };
    return new ImageReader({ url, style, blockBytes, timeoutMs: readTimeoutMs, ca: this.#imageCa, credentials });
  }

  async #probe(reader: ImageReader | undefined): Promise<void> {
    if (reader === undefined) return;
    this.#opening.add(reader);
    try {
      await reader.probe();
    } catch (error) {
      reader.close();
      if (error instanceof ImageReadError)
        throw readFailure(error, this.#media.reader === "upload" ? "upload" : "ranges");
      throw error;
    } finally {
      this.#opening.delete(reader);
    }
  }
}
