// Publications: which image one BMC may read under which URL. Durable in the catalog before a URL is given out; live ones
// are served again under the same URL after a restart; withdrawn at once.
import type { PublicationRecord, Publications, PublishRequest } from "../core/ports.ts";
import type { ByteRange, ReadSummary } from "../core/records.ts";
import { type Content, type Contents, createContents } from "./plane/contents.ts";
import { isAlikeUrl, isOwnUrl } from "./plane/own-urls.ts";
import { type ListenerAddress, placeAnew } from "./plane/urls.ts";
import type { PublicationBook, PublicationDeps } from "./publications/book.ts";
import { ReadFlusher } from "./publications/flush.ts";
import { type LastStep, LastReads } from "./publications/last-read.ts";
import { learn, tryToLearn } from "./publications/learn.ts";
import { cutTransfers, type LivePublication, otherPublication, toLive, toRecord } from "./publications/live.ts";
import { noteRead, noteRefused } from "./publications/note.ts";
import { checkTerms, dueEnd, endOf, type EndReason, Expiry, termsLeft } from "./publications/terms.ts";
import { Turns } from "./publications/turns.ts";
import type { OneRead } from "./reads/read-log.ts";
import { summariseReads } from "./reads/tally.ts";

class Book implements PublicationBook {
  readonly contents: Contents;
  readonly isAlike = isAlikeUrl;
  readonly #deps: PublicationDeps;
  /** Those that are not withdrawn. */
  readonly #byAttachment = new Map<string, LivePublication>();
  /**
   * What is served, by path. A Map is safe against timing: V8 hashes the whole text with a seed of the process and compares
   * only on equal hashes, so that no answer comes sooner for a token that begins right.
   */
  readonly #byPath = new Map<string, LivePublication>();
  readonly #turns = new Turns();
  readonly #flusher: ReadFlusher;
  readonly #expiry: Expiry;
  readonly #lastReads: LastReads;
  #listeners: readonly ListenerAddress[] = [];

  constructor(deps: PublicationDeps) {
    this.#deps = deps;
    this.contents = createContents(deps.files, deps.contentLimits);
    this.#flusher = new ReadFlusher(deps, () => this.#byAttachment.values());
    this.#expiry = new Expiry(
      deps.clock,
      () => this.#byPath.values(),
      (live, why) => this.#end(live, why),
    );
    this.#lastReads = new LastReads(deps, this.#turns, (live) => this.#byPath.get(live.path) === live);
  }

  listening(listeners: readonly ListenerAddress[]): void {
    this.#listeners = listeners;
  }

  async load(): Promise<void> {
    for (const record of await this.#deps.catalog.live()) {
      if (!this.#byAttachment.has(record.attachmentId)) await this.#resume(record);
    }
    this.#expiry.wake();
  }

  publish(request: PublishRequest): Promise<PublicationRecord> {
    return this.#turns.take(request.attachmentId, async () => {
      const live = this.#byAttachment.get(request.attachmentId);
      if (!live) return this.#publishNew(request);
      if (this.at(live.path) === live && live.record.digest === request.digest) return live.record;
      if (live.record.endedAt !== undefined && !live.isWithdrawn) {
        await this.#remove(live);
        return this.#publishNew(request);
      }
      throw otherPublication(request.attachmentId);
    });
  }

  async preview(request: Parameters<Publications["preview"]>[0]): Promise<string> {
    return (await placeAnew(request, this.#listeners, this.#deps.urls)).url;
  }

  find(attachmentId: string): PublicationRecord | undefined {
    const live = this.#byAttachment.get(attachmentId);
    return live?.isWithdrawn ? undefined : live?.record;
  }

  isOurs(url: string, imageHost?: string): boolean {
    return isOwnUrl(url, this.#listeners, this.#deps.urls, imageHost);
  }

  list(): readonly PublicationRecord[] {
    return [...this.#byAttachment.values()].filter((live) => !live.isWithdrawn).map(({ record }) => record);
  }

  at(path: string): LivePublication | undefined {
    const live = this.#byPath.get(path);
    if (live?.record.terms?.expiresAt === undefined) return live;
    // The timer may be late.
    if (dueEnd(live, this.#deps.clock.now()) !== "expired") return live;
    this.#end(live, "expired");
    return undefined;
  }

  ready(live: LivePublication): Content | undefined {
    return live.reads.isReady ? this.contents.acquireReady(live.record.digest) : undefined;
  }

  async prepare(live: LivePublication): Promise<Content> {
    const content = await this.contents.acquire(live.record.digest);
    await learn(this.#deps, live, content.sizeBytes);
    return content;
  }

  withdraw(attachmentId: string): Promise<void> {
    this.#stopServing(this.#byAttachment.get(attachmentId));
    return this.#turns.take(attachmentId, async () => {
      const live = this.#byAttachment.get(attachmentId);
      if (live) await this.#remove(live);
    });
  }

  async reads(attachmentId: string): Promise<ReadSummary> {
    const live = this.#byAttachment.get(attachmentId);
    if (!live) return summariseReads(await this.#deps.catalog.reads(attachmentId));
    await tryToLearn(this.#deps, live);
    return live.reads.summary();
  }

  termsLeft(attachmentId: string): ReturnType<Publications["termsLeft"]> {
    return termsLeft(this.#deps, this.#byAttachment.get(attachmentId));
  }

  settled(attachmentId: string): Promise<void> {
    return this.#turns.take(attachmentId, async () => {
      const live = this.#byAttachment.get(attachmentId);
      if (!live || live.isWithdrawn) return;
      await tryToLearn(this.#deps, live);
      live.reads.settle(this.#deps.clock.now());
      await this.#flusher.flushAll(live);
      this.#endIfDue(live);
    });
  }

  noteRead(live: LivePublication, read: Omit<OneRead, "at">): void {
    noteRead(this.#deps, this.#flusher, live, read);
    if (!read.stranger && live.record.terms !== undefined) this.#endIfDue(live);
  }

  noteRefused(live: LivePublication, remote: string): void {
    void noteRefused(this.#deps, this.#flusher, live, remote);
  }

  lastStep(live: LivePublication, range: ByteRange): LastStep | undefined {
    return this.#lastReads.begin(live, range);
  }

  async close(): Promise<void> {
    await Promise.all([this.#expiry.close(), this.#flusher.close()]);
    for (const { ending } of this.#byAttachment.values()) await ending;
    await this.#turns.allOver();
    await this.contents.close();
    for (const live of this.#byAttachment.values()) await this.#flusher.flushAll(live);
  }

  async #publishNew(request: PublishRequest): Promise<PublicationRecord> {
    const placed = await placeAnew(request, this.#listeners, this.#deps.urls);
    checkTerms(request, placed.bmcAddresses, this.#deps.clock.now());
    const record = toRecord(request, placed, this.#deps.clock.now());
    const live = toLive(record);
    // Proves that the image can be read, and has it in memory before the BMC asks.
    await this.prepare(live);
    this.contents.release(record.digest);
    await this.#deps.catalog.put(record);
    this.#serve(live);
    this.#expiry.wake();
    return record;
  }

  /** After a restart: what ended stays so, and what is over meanwhile ends now. */
  async #resume(record: PublicationRecord): Promise<void> {
    const live = toLive(record, await this.#deps.catalog.reads(record.attachmentId));
    if (record.endedAt !== undefined) {
      this.#byAttachment.set(record.attachmentId, live);
      // A crash may have come before that was told.
      this.#deps.onEnded?.(record, endOf(record.terms, record.endedAt));
      return;
    }
    if (record.terms?.fullReads !== undefined) await tryToLearn(this.#deps, live);
    this.#serve(live);
    this.#endIfDue(live);
  }

  #serve(live: LivePublication): void {
    this.#byAttachment.set(live.record.attachmentId, live);
    this.#byPath.set(live.path, live);
  }

  #endIfDue(live: LivePublication): void {
    const why = dueEnd(live, this.#deps.clock.now());
    if (why) this.#end(live, why);
  }

  /** The transfer that made the last full read is no longer among the transfers: it is over. */
  #end(live: LivePublication, why: EndReason): void {
    if (!this.#byPath.delete(live.path)) return;
    const { attachmentId } = live.record;
    const endedAt = this.#deps.clock.now();
    live.record = { ...live.record, endedAt };
    cutTransfers(live);
    void this.#turns.take(attachmentId, async () => {
      // Withdrawn in the meantime, or even published anew.
      if (this.#byAttachment.get(attachmentId) !== live) return;
      await this.#recordEnd(live, endedAt);
      this.#deps.onEnded?.(live.record, why);
    });
  }

  /** Where it fails, the next start finds out again that the terms are over. */
  async #recordEnd(live: LivePublication, endedAt: number): Promise<void> {
    const { attachmentId, digest } = live.record;
    try {
      await this.#flusher.flushAll(live);
      await this.#deps.catalog.end(attachmentId, endedAt);
      await this.#forget(digest);
    } catch (error) {
      this.#deps.log.warn({ error, attachmentId }, "the end of a publication could not be stored");
    }
  }

  #stopServing(live: LivePublication | undefined): void {
    if (!live) return;
    live.isWithdrawn = true;
    this.#byPath.delete(live.path);
    cutTransfers(live);
  }

  async #remove(live: LivePublication): Promise<void> {
    const { attachmentId, digest } = live.record;
    this.#stopServing(live);
    await this.#flusher.flushAll(live);
    await this.#deps.catalog.withdraw(attachmentId, this.#deps.clock.now());
    this.#byAttachment.delete(attachmentId);
    await this.#forget(digest);
  }

  /** Unless another publication serves it. */
  async #forget(digest: string): Promise<void> {
    const isServed = [...this.#byPath.values()].some(({ record }) => record.digest === digest);
    if (!isServed) await this.contents.forget(digest);
  }
}

export const createPublications = (deps: PublicationDeps): PublicationBook => new Book(deps);
