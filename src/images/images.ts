// Sources to images: resolve, download once, decode, identify, store by digest, hold. See the design's "One attach", step 3.
import type { Clock } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { EnsureImage, ImageCatalog, Images, SourceCredentialStore } from "../core/ports.ts";
import type { ImageRecord } from "../core/records.ts";
import type { AttachmentRole } from "../core/vocabulary.ts";
import { type AddressPolicySettings, createAddressPolicy, type Listener } from "../wire/address-policy.ts";
import type { LookupFunction } from "../wire/guarded/agent.ts";
import { type DecodeLimit, decode, encodedAllowance, tooLarge } from "./decode.ts";
import { digestMismatch, imageNotFound, parseDigest } from "./digests.ts";
import { createFlights, type Flight } from "./flights.ts";
import { createLooks, type Looks } from "./looks.ts";
import { credentialNamed } from "./origins/credential.ts";
import { receiveImage } from "./receive.ts";
import { createSeenSources } from "./seen-sources.ts";
import { createSources, type LocatedSource } from "./sources/registry.ts";
import { RestartTransfer, type SourceSettings, type Transfer } from "./sources/source.ts";
import type { ImageStore } from "./store.ts";

export interface ImagesSettings {
  /** Of the decoded image, by what it is for. */
  readonly limitsBytes: Readonly<Record<AttachmentRole, number>>;
  readonly sources: SourceSettings & AddressPolicySettings;
}

export interface ImagesDeps {
  readonly store: ImageStore;
  readonly catalog: ImageCatalog;
  readonly clock: Clock;
  readonly settings: ImagesSettings;
  /** Of origins; without them no name is known. */
  readonly credentials?: Pick<SourceCredentialStore, "get">;
  /** Where the control plane and the image plane listen: never a source, unless `allowOwn`. */
  ownListeners(): readonly Listener[];
  readonly lookup?: LookupFunction;
  /** For the metrics: each download's end, `unchanged` without a body, and each caller that shared another's. */
  readonly onDownload?: (outcome: "succeeded" | "failed" | "joined" | "unchanged") => void;
}

/** One caller of `ensure` while a download runs. */
interface Waiter {
  readonly holder: string;
  readonly expectedDigest: string | undefined;
  onProgress?(receivedBytes: number, totalBytes?: number): void;
}

interface Arrival {
  readonly digest: string;
  /** Those for whom the image was held as it was stored. */
  readonly held: ReadonlySet<Waiter>;
  /** Without a download: the origin vouched for what is in the store. */
  readonly unchanged: boolean;
}

const progressEveryMs = 250;

const cancelled = (signal: AbortSignal): MediabayError =>
  signal.reason instanceof MediabayError
    ? signal.reason
    : new MediabayError("CANCELLED", "The wait for the image was given up.", {}, { cause: signal.reason });

const accepts = (waiter: Waiter, digest: string): boolean =>
  waiter.expectedDigest === undefined || waiter.expectedDigest === digest;

class SourcedImages implements Omit<Images, keyof Looks> {
  readonly #deps: ImagesDeps;
  readonly #sources: ReturnType<typeof createSources>;
  readonly #flights = createFlights<Waiter, Arrival>();
  readonly #seen = createSeenSources();

  constructor(deps: ImagesDeps) {
    const { clock, lookup, settings } = deps;
    const policy = createAddressPolicy(settings.sources, () => deps.ownListeners());
    this.#deps = deps;
    this.#sources = createSources({ settings: settings.sources, policy, clock, ...(lookup && { lookup }) });
  }

  check(source: EnsureImage["source"]): void {
    this.#sources.locate(source);
  }

  async ensure(request: EnsureImage): Promise<ImageRecord> {
    const located = this.#sources.locate(request.source);
    const expectedDigest = parseDigest(request.expectedDigest);
    try {
      request.signal.throwIfAborted();
      const named = located.scheme.digest?.(located.reference);
      return named === undefined
        ? await this.#ensureFetched(request, located, expectedDigest)
        : await this.#ensureStored(request, named, expectedDigest);
    } catch (error) {
      throw request.signal.aborted && !(error instanceof MediabayError) ? cancelled(request.signal) : error;
    }
  }

  release(holder: string): Promise<void> {
    return this.#deps.store.release(holder);
  }

  sweep(keeps: (holder: string) => boolean): Promise<void> {
    return this.#deps.store.sweep(keeps);
  }

  async get(digest: string): Promise<ImageRecord> {
    const found = await this.#deps.catalog.get(digest.toLowerCase());
    if (found === undefined) throw imageNotFound(digest);
    return found;
  }

  list(page: Parameters<Images["list"]>[0]): ReturnType<Images["list"]> {
    return this.#deps.catalog.list(page);
  }

  remove(digest: string): Promise<void> {
    return this.#deps.store.remove(digest.toLowerCase());
  }

  #limit(role: AttachmentRole): DecodeLimit {
    return { name: `images.limits.${role}Bytes`, limitBytes: this.#deps.settings.limitsBytes[role] };
  }

  /** From the store without a download; undefined when it is not there. */
  async #held({ role, holder }: EnsureImage, digest: string): Promise<ImageRecord | undefined> {
    const found = await this.#deps.store.find(digest);
    if (found === undefined) return undefined;
    const limit = this.#limit(role);
    if (found.sizeBytes > limit.limitBytes) throw tooLarge(limit);
    return this.#deps.store.hold(digest, holder);
  }

  async #ensureStored(request: EnsureImage, digest: string, expected: string | undefined): Promise<ImageRecord> {
    if (expected !== undefined && expected !== digest) throw digestMismatch(expected, digest);
    const held = await this.#held(request, digest);
    if (held === undefined) throw imageNotFound(digest);
    return held;
  }

  async #ensureFetched(
    request: EnsureImage,
    located: LocatedSource,
    expectedDigest: string | undefined,
  ): Promise<ImageRecord> {
    const known = expectedDigest === undefined ? undefined : await this.#held(request, expectedDigest);
    if (known !== undefined) return known;
    const waiter: Waiter = {
      holder: request.holder,
      expectedDigest,
      onProgress: (received, total) => request.onProgress?.(received, total),
    };
    // What one credential may read is not for who names another, or none: a name never begins with a dash.
    const key = `${request.role} ${located.credential ?? "-"} ${located.scheme.key(located.reference)}`;
    for (;;) {
      let own = false;
      const arriving = this.#flights.join(key, waiter, request.signal, (flight) => {
        own = true;
        return this.#counted(this.#fetch(located, key, this.#limit(request.role), flight));
      });
      if (!own) this.#deps.onDownload?.("joined");
      const arrival = await arriving;
      if (!accepts(waiter, arrival.digest)) throw digestMismatch(expectedDigest ?? "", arrival.digest);
      // An image of before, or one that was stored in the very moment of joining, is not held yet and may have gone again.
      const record = arrival.held.has(waiter)
        ? await this.get(arrival.digest)
        : await this.#held(request, arrival.digest);
      if (record !== undefined) return record;
    }
  }

  async #counted(download: Promise<Arrival>): Promise<Arrival> {
    const [ended] = await Promise.allSettled([download]);
    if (ended.status === "rejected") this.#deps.onDownload?.("failed");
    else this.#deps.onDownload?.(ended.value.unchanged ? "unchanged" : "succeeded");
    return download;
  }

  async #fetch(
    { scheme, reference, credential: named }: LocatedSource,
    key: string,
    limit: DecodeLimit,
    flight: Flight<Waiter>,
  ): Promise<Arrival> {
    if (scheme.open === undefined) throw new TypeError(`${scheme.kind} cannot be opened`);
    const transfer = scheme.open(reference, {
      ...(named !== undefined && { credential: await credentialNamed(named, this.#deps.credentials) }),
      signal: flight.signal,
      admit: (totalBytes) => {
        if (totalBytes > encodedAllowance(limit.limitBytes)) throw tooLarge(limit);
      },
      onProgress: this.#progressOf(flight),
    });
    try {
      const digest = await this.#unchanged(key, transfer);
      if (digest !== undefined) return { digest, held: new Set(), unchanged: true };
      const arrival = await this.#download(transfer, limit, flight);
      this.#seen.remember(key, arrival.digest, transfer.validator?.());
      return arrival;
    } finally {
      transfer.close?.();
    }
  }

  /** The digest of the stored image that the origin, asked now, would send. */
  async #unchanged(key: string, transfer: Transfer): Promise<string | undefined> {
    const seen = this.#seen.recall(key);
    if (seen === undefined || (await this.#deps.store.find(seen.digest)) === undefined) return undefined;
    return (await transfer.unchangedSince?.(seen.validator)) ? seen.digest : undefined;
  }

  async #download(transfer: Transfer, limit: DecodeLimit, flight: Flight<Waiter>): Promise<Arrival> {
    for (;;) {
      try {
        return await this.#receive(transfer.read(), limit, flight);
      } catch (error) {
        if (!(error instanceof RestartTransfer)) throw error;
      }
    }
  }

  async #receive(bytes: AsyncIterable<Uint8Array>, limit: DecodeLimit, flight: Flight<Waiter>): Promise<Arrival> {
    let held: readonly Waiter[] = [];
    const holdersOf = (digest: string): readonly string[] => {
      held = flight.seal().filter((waiter) => accepts(waiter, digest));
      return held.map(({ holder }) => holder);
    };
    const { digest } = await receiveImage(this.#deps.store, decode(bytes, limit), holdersOf, flight.signal);
    return { digest, held: new Set(held), unchanged: false };
  }

  #progressOf(flight: Flight<Waiter>): (received: number, total: number | undefined) => void {
    let saidAt = -Infinity;
    return (received, total) => {
      const now = this.#deps.clock.monotonic();
      if (received !== total && now - saidAt < progressEveryMs) return;
      saidAt = now;
      for (const waiter of flight.waiters) waiter.onProgress?.(received, total);
    };
  }
}

/** `expectedDigest` is that of the decoded image: the bytes that a BMC will read, whatever wrapping the source uses. */
export const createImages = (deps: ImagesDeps): Images =>
  Object.assign(
    new SourcedImages(deps),
    createLooks({ store: deps.store, catalog: deps.catalog, limitBytes: deps.settings.limitsBytes.configdrive }),
  );
