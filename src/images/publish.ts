// Publications: which image one BMC may read under which URL. Durable in the catalog before a URL is given out; live ones
// are served again under the same URL after a restart; withdrawn at once.
import { createHash } from "node:crypto";
import type { Clock } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { Log, PublicationCatalog, PublicationRecord, Publications, PublishRequest } from "../core/ports.ts";
import type { ReadSummary } from "../core/records.ts";
import { parseAddress } from "../wire/addresses.ts";
import { imageHeaders, type Validators } from "./plane/conditions.ts";
import { type ContentLimits, type Contents, createContents, type ImageFiles } from "./plane/contents.ts";
import { type ListenerAddress, placeAnew, type UrlSettings } from "./plane/urls.ts";
import { ReadLog, summariseReads } from "./reads.ts";

export interface PublicationDeps {
  readonly catalog: PublicationCatalog;
  readonly files: ImageFiles;
  readonly clock: Clock;
  readonly log: Log;
  readonly urls?: UrlSettings;
  readonly contentLimits?: ContentLimits;
  /** Called once per answered request that sent image bytes; `first` for the very first of a publication. */
  onRead?(attachmentId: string, first: boolean): void;
}

/** A publication as the server sees it. */
export interface LivePublication {
  readonly record: PublicationRecord;
  readonly path: string;
  readonly validators: Validators;
  readonly reads: ReadLog;
  /** Each cuts a transfer that runs just now. */
  readonly transfers: Set<() => void>;
  readonly bmcAddresses: ReadonlySet<bigint>;
  /** Addresses other than the BMC's that were logged: each is logged once. */
  readonly strangers: Set<string>;
  readonly headers: readonly string[];
}

/** The gateway's port, and what the server needs beside it. */
export interface PublicationBook extends Publications {
  readonly contents: Contents;
  /** Brings back the live publications of the catalog. */
  load(): Promise<void>;
  /** Tells where we listen: needed before `publish`. */
  listening(listeners: readonly ListenerAddress[]): void;
  /** The publication at exactly this path. */
  at(path: string): LivePublication | undefined;
  /** Records one answered request that really sent `[from, to)`. Never waits. */
  noteRead(publication: LivePublication, remote: string, method: "HEAD" | "GET", from: number, to: number): void;
  /** Writes what is not yet written. Further reads are not flushed. */
  close(): Promise<void>;
}

const flushMs = 1000;
/** Rows a publication adds per flush at most; a random reader's rest waits, and is joined meanwhile. */
const rowsPerFlush = 1000;

/** Strong, stable for the publication's life, and without a trace of the digest. */
const etagOf = (record: PublicationRecord): string =>
  `"${createHash("sha256").update(`${record.token}\n${record.digest}`).digest("hex").slice(0, 32)}"`;

const toNumbers = (addresses: readonly string[]): ReadonlySet<bigint> =>
  new Set(addresses.map(parseAddress).filter((address) => address !== undefined));

class Book implements PublicationBook {
  readonly contents: Contents;
  readonly #deps: PublicationDeps;
  readonly #byAttachment = new Map<string, LivePublication>();
  /**
   * What is served, by path. A Map is safe against timing: V8 hashes the whole text with a seed of the process and compares
   * only on equal hashes, so that no answer comes sooner for a token that begins right.
   */
  readonly #byPath = new Map<string, LivePublication>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #closing = new AbortController();
  #listeners: readonly ListenerAddress[] = [];
  #flushing: Promise<void> | undefined;

  constructor(deps: PublicationDeps) {
    this.#deps = deps;
    this.contents = createContents(deps.files, deps.clock, deps.contentLimits);
  }

  listening(listeners: readonly ListenerAddress[]): void {
    this.#listeners = listeners;
  }

  async load(): Promise<void> {
    for (const record of await this.#deps.catalog.live()) {
      if (this.#byAttachment.has(record.attachmentId)) continue;
      this.#serve(record, new ReadLog(await this.#deps.catalog.reads(record.attachmentId)));
    }
  }

  publish(request: PublishRequest): Promise<PublicationRecord> {
    return this.#inTurn(request.attachmentId, async () => {
      const live = this.#byAttachment.get(request.attachmentId);
      if (!live) return this.#publishNew(request);
      if (live.record.digest === request.digest && this.#byPath.has(live.path)) return live.record;
      throw new MediabayError("INTERNAL", "This attachment's publication is of another image or being withdrawn.", {
        attachment: request.attachmentId,
      });
    });
  }

  async preview(request: Parameters<Publications["preview"]>[0]): Promise<string> {
    return (await placeAnew(request, this.#listeners, this.#deps.urls)).url;
  }

  find(attachmentId: string): PublicationRecord | undefined {
    const live = this.#byAttachment.get(attachmentId);
    return live && this.#byPath.has(live.path) ? live.record : undefined;
  }

  list(): readonly PublicationRecord[] {
    return [...this.#byPath.values()].map(({ record }) => record);
  }

  at(path: string): LivePublication | undefined {
    return this.#byPath.get(path);
  }

  withdraw(attachmentId: string): Promise<void> {
    this.#stopServing(attachmentId);
    return this.#inTurn(attachmentId, async () => {
      const live = this.#stopServing(attachmentId);
      if (!live) return;
      await this.#flushAll(live);
      await this.#deps.catalog.withdraw(attachmentId, this.#deps.clock.now());
      this.#byAttachment.delete(attachmentId);
      const { digest } = live.record;
      if (!this.list().some((other) => other.digest === digest)) await this.contents.forget(digest);
    });
  }

  async reads(attachmentId: string): Promise<ReadSummary> {
    const live = this.#byAttachment.get(attachmentId);
    return live ? live.reads.summary() : summariseReads(await this.#deps.catalog.reads(attachmentId));
  }

  noteRead(publication: LivePublication, remote: string, method: "HEAD" | "GET", from: number, to: number): void {
    const first = publication.reads.note(remote, method, from, to, this.#deps.clock.now());
    this.#flushing ??= this.#flushLater();
    if (to > from) this.#deps.onRead?.(publication.record.attachmentId, first);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#turns.values());
    await this.#flushing;
    await this.contents.close();
    for (const live of this.#byAttachment.values()) await this.#flushAll(live);
  }

  async #publishNew(request: PublishRequest): Promise<PublicationRecord> {
    const placed = await placeAnew(request, this.#listeners, this.#deps.urls);
    // Proves that the image can be read, and has it in memory before the BMC asks.
    await this.contents.acquire(request.digest);
    this.contents.release(request.digest);
    const record: PublicationRecord = {
      digest: request.digest,
      attachmentId: request.attachmentId,
      machineId: request.machineId,
      ...placed,
      createdAt: this.#deps.clock.now(),
    };
    await this.#deps.catalog.put(record);
    this.#serve(record, new ReadLog());
    return record;
  }

  #serve(record: PublicationRecord, reads: ReadLog): void {
    const validators = { etag: etagOf(record), modifiedAt: Math.floor(record.createdAt / 1000) * 1000 };
    const live: LivePublication = {
      record,
      path: `/m/${record.token}/${record.fileName}`,
      validators,
      headers: imageHeaders(validators),
      strangers: new Set(),
      reads,
      transfers: new Set(),
      bmcAddresses: toNumbers(record.bmcAddresses),
    };
    this.#byAttachment.set(record.attachmentId, live);
    this.#byPath.set(live.path, live);
  }

  #stopServing(attachmentId: string): LivePublication | undefined {
    const live = this.#byAttachment.get(attachmentId);
    if (!live) return undefined;
    this.#byPath.delete(live.path);
    for (const cut of live.transfers) cut();
    return live;
  }

  /** Publishing and withdrawing one attachment never overlap. */
  #inTurn<T>(attachmentId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(attachmentId);
    const turn = (async () => {
      await Promise.allSettled([before]);
      return await work();
    })();
    const settled: Promise<void> = Promise.allSettled([turn]).then(() => this.#endTurn(attachmentId, settled));
    this.#turns.set(attachmentId, settled);
    return turn;
  }

  #endTurn(attachmentId: string, turn: Promise<void>): void {
    if (this.#turns.get(attachmentId) === turn) this.#turns.delete(attachmentId);
  }

  async #flushLater(): Promise<void> {
    const { clock, log } = this.#deps;
    const { signal } = this.#closing;
    // An aborted sleep means that close() does the rest.
    await Promise.allSettled([clock.sleep(flushMs, signal)]);
    if (!signal.aborted) {
      for (const live of this.#byAttachment.values()) {
        try {
          await this.#flush(live, rowsPerFlush);
        } catch (error) {
          log.warn(
            { error, attachmentId: live.record.attachmentId },
            "reads could not be stored and are kept for later",
          );
        }
      }
    }
    const more = [...this.#byAttachment.values()].some(({ reads }) => reads.hasPending);
    this.#flushing = more && !signal.aborted ? this.#flushLater() : undefined;
  }

  async #flush(live: LivePublication, limit: number): Promise<void> {
    const records = live.reads.take(limit);
    if (records.length === 0) return;
    try {
      await this.#deps.catalog.addReads(live.record.attachmentId, records);
    } catch (error) {
      live.reads.restore(records);
      throw error;
    }
  }

  async #flushAll(live: LivePublication): Promise<void> {
    while (live.reads.hasPending) await this.#flush(live, rowsPerFlush);
  }
}

export const createPublications = (deps: PublicationDeps): PublicationBook => new Book(deps);
