// Puts media into slots and takes them out, reading the image as the personality's reader does.
import { type SimulatorClock, sleepOn } from "../../clock.ts";
import { ImageReader, ImageReadError } from "../../image-reader.ts";
import { RedfishFailure } from "../http/failure.ts";
import type { InsertRequest } from "./insert-request.ts";
import type { Slot } from "./slot.ts";
import type { MediaRules } from "./slot-rules.ts";

/** How a failed read of the image is told: a bare 500, or by an uploader whose fault it was. */
const readFailure = (error: ImageReadError, url: string, style: MediaRules["reader"]): RedfishFailure => {
  const { status = 0, untrusted, message } = error;
  if (style === "upload" && status >= 400) {
    const details = { facts: [String(status)], condition: "imageRefused" } as const;
    return new RedfishFailure(status < 500 ? 400 : 502, "InternalError", details);
  }
  const condition = untrusted ? "imageUntrusted" : "imageUnreachable";
  return new RedfishFailure(style === "upload" ? 502 : 500, "InternalError", { facts: [url, message], condition });
};

export interface LoaderContext {
  readonly media: MediaRules;
  readonly clock: SimulatorClock;
  readonly closed: AbortSignal;
  /** PEM of the CA that https image servers must chain to. */
  readonly imageCa: string | undefined;
  /** What the slot's own VerifyCertificate says. */
  readonly verifies: (slot: Slot) => boolean;
}

export class Loader {
  readonly #context: LoaderContext;
  /** Readers of inserts under way. */
  readonly #opening = new Set<ImageReader>();
  #inserts = 0;
  #ejects = 0;

  constructor(context: LoaderContext) {
    this.#context = context;
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
    const { media, clock, closed } = this.#context;
    slot.busy = true;
    try {
      const reader = this.#readerFor(slot, request);
      await this.#probe(reader);
      await sleepOn(clock, media.insertMs, closed);
      const { url: _url, password: _password, certificate: _certificate, ...shown } = request;
      const medium = { ...shown, connectedVia: media.connectedVia };
      slot.hold(
        { ...medium, ...(session === undefined ? {} : { session }), ...(reader === undefined ? {} : { reader }) },
        media.insertDelayMs,
      );
      slot.insertedAt = clock.now();
      this.#inserts += 1;
    } finally {
      slot.busy = false;
    }
  }

  eject(slot: Slot): void {
    if (slot.held === undefined) return;
    slot.hold(undefined, this.#context.media.ejectDelayMs);
    slot.ejectedAt = this.#context.clock.now();
    this.#ejects += 1;
  }

  /** Breaks off every insert under way. */
  close(): void {
    for (const reader of this.#opening) reader.close();
  }

  #readerFor(slot: Slot, request: InsertRequest): ImageReader | undefined {
    const { reader: style, blockBytes, readTimeoutMs: timeoutMs } = this.#context.media;
    const { url, inserted, userName, password } = request;
    const readable = url.startsWith("http:") || url.startsWith("https:");
    if (style === "none" || !inserted || !readable) return undefined;
    const credentials = userName === undefined ? undefined : { username: userName, password: password ?? "" };
    return new ImageReader({ url, style, blockBytes, timeoutMs, ca: this.#trusted(slot, request), credentials });
  }

  /** What an https server's certificate is checked against; undefined when it is not checked. */
  #trusted(slot: Slot, { certificate }: InsertRequest): readonly string[] | undefined {
    const { media, imageCa, verifies } = this.#context;
    const known = [imageCa, certificate, ...slot.certificates.values()].filter((pem) => pem !== undefined);
    const checked = {
      never: false,
      always: true,
      "if-known": known.length > 0,
      property: verifies(slot),
    }[media.verifyCertificate];
    return checked ? known : undefined;
  }

  async #probe(reader: ImageReader | undefined): Promise<void> {
    if (reader === undefined) return;
    const { reader: style, maxImageBytes } = this.#context.media;
    this.#opening.add(reader);
    try {
      await reader.probe();
      if (maxImageBytes > 0 && reader.sizeBytes > maxImageBytes) {
        const args = ["Image", `${reader.sizeBytes} bytes`];
        throw new RedfishFailure(400, "ActionParameterValueConflict", { args, condition: "imageTooLarge" });
      }
    } catch (error) {
      reader.close();
      throw error instanceof ImageReadError ? readFailure(error, reader.url, style) : error;
    } finally {
      this.#opening.delete(reader);
    }
  }
}
