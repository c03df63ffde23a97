// The reads of one live publication: who read which bytes, and how much of the image and of its files that was. Kept in memory so that the
// data path never waits for the database; the publications flush it to the catalog.
import type { ImageFile } from "../../core/configdrive.ts";
import type { ReadRecord } from "../../core/ports.ts";
import type { ByteRange, FileReads, ReadSummary } from "../../core/records.ts";
import type { ReadPattern } from "../../core/vocabulary.ts";
import { FullReads } from "./full-reads.ts";
import { PendingReads } from "./pending.ts";
import { Run } from "./run.ts";
import { Tally } from "./tally.ts";

/** What is worth telling since the last time. */
export interface ReadNews {
  readonly pattern: ReadPattern;
  /** Complete by now, and asked for by the host as far as can be told. */
  readonly files: readonly FileReads[];
  /** For the first time since the medium settled, all of the image's files were sent in full; where its files are not known, all of its bytes. */
  readonly whole: boolean;
}

/** One answered request that really sent `[from, to)`. */
export interface OneRead {
  readonly remote: string;
  readonly method: "HEAD" | "GET";
  readonly from: number;
  readonly to: number;
  readonly at: number;
  readonly stranger?: boolean;
}

export class ReadLog {
  #tally = new Tally();
  #pending = new PendingReads();
  #run = new Run();
  /** What the catalog had at the start, until the image is known. */
  #stored: readonly ReadRecord[];
  readonly #countsFullReads: boolean;
  #fullReads: FullReads | undefined;
  #sizeBytes: number | undefined;
  #wholeTold = false;

  constructor(stored: readonly ReadRecord[] = [], options: { readonly countsFullReads?: boolean } = {}) {
    this.#stored = stored;
    this.#countsFullReads = options.countsFullReads ?? false;
    for (const record of stored) this.#tally.add(record);
  }

  /** The image is known: all that is noted from now on is accounted for. */
  get isReady(): boolean {
    return this.#sizeBytes !== undefined;
  }

  /** By the BMC. */
  get isEmpty(): boolean {
    return this.#tally.bytesSent === 0;
  }

  get hasPending(): boolean {
    return !this.#pending.isEmpty;
  }

  /** Counted only where asked for, and once the image is known. */
  get fullReads(): number {
    return this.#fullReads?.count ?? 0;
  }

  /** Grows when a read proves something; of what comes before the medium has settled, nothing does. */
  get proof(): number {
    return this.#tally.phase > 0 ? this.#tally.evidence.proof : 0;
  }

  summary(): ReadSummary {
    return this.#tally.summary();
  }

  /** With all that is in `ranges`, as many full reads would be over. */
  wouldReach(fullReads: number, ranges: readonly ByteRange[]): boolean {
    return this.#tally.phase > 0 && this.fullReads + 1 >= fullReads && this.#fullReads?.wouldBeOver(ranges) === true;
  }

  /**
   * What image it is. What was stored is then put to its files' account: a record was sent between its two times, so that first read and
   * completion enclose what really was. Nothing of it is news.
   */
  know(sizeBytes: number, files: readonly ImageFile[]): void {
    if (this.#sizeBytes !== undefined) return;
    this.#sizeBytes = sizeBytes;
    this.#tally = new Tally(files, sizeBytes);
    const byStart = this.#stored.toSorted((left, right) => left.firstAt - right.firstAt);
    for (const record of byStart) this.#tally.add(record);
    if (this.#countsFullReads) this.#fullReads = new FullReads(this.#stored, sizeBytes);
    this.#goOn();
    this.#tally.evidence.files?.takeCompleted();
    this.#wholeTold = this.#tally.evidence.isWhole;
    this.#stored = [];
  }

  /** True when these are the first bytes ever sent to the BMC, or for a stranger the first request. */
  note({ remote, method, from, to, at, stranger = false }: OneRead): boolean {
    const read = { remote, method, from, to, requests: 1, firstAt: at, lastAt: at };
    if (stranger) return this.#keep({ ...read, stranger });
    const { phase, evidence } = this.#tally;
    const isFirst = to > from && this.isEmpty;
    this.#run.take(from, to, at);
    const wide = evidence.isWide(from, to, this.#run);
    // A download that began before the medium settled is over: the BMC has that part, too.
    if (wide && this.#run.from === 0 && evidence.carriedTo > 0) this.#carry(phase, evidence.carriedTo, true);
    this.#keep({
      ...read,
      ...(this.fullReads > 0 && { fullReads: this.fullReads }),
      ...(phase > 0 && { phase }),
      ...(evidence.isAhead(from, to) && { ahead: true }),
      ...(wide && { wide }),
    });
    if (phase > 0 && to > from) this.#fullReads?.add(from, to);
    return isFirst;
  }

  /** The medium is in, or the machine was reset: only what is read from now on tells of the host. */
  settle(at: number): void {
    const isDownloaded = this.#run.isCopyOf(this.#sizeBytes);
    this.#fullReads?.settle(isDownloaded && this.#tally.phase === 0);
    this.#carry(this.#tally.phase + 1, this.#run.from === 0 ? this.#run.to : 0, isDownloaded, at);
    this.#run.settle();
    this.#wholeTold = false;
  }

  /** Takes at most `limit` records to be written, adjacent ones joined; the rest stays for the next time. */
  take(limit: number): readonly ReadRecord[] {
    return this.#pending.take(limit);
  }

  /** Puts back what could not be written. */
  restore(records: readonly ReadRecord[]): void {
    this.#pending.restore(records);
  }

  /** Undefined when there is nothing. Files that came with a download are told of only as a whole, and nothing before the medium settled. */
  takeNews(): ReadNews | undefined {
    const { phase, evidence } = this.#tally;
    if (phase === 0) return undefined;
    const { pattern, files, isWhole } = evidence;
    const completed = pattern === "pieces" ? (files?.takeCompleted() ?? []) : [];
    const whole = !this.#wholeTold && isWhole;
    if (whole) this.#wholeTold = true;
    return completed.length > 0 || whole ? { pattern, files: completed, whole } : undefined;
  }

  #keep(record: ReadRecord): boolean {
    const isNews = this.#tally.add(record);
    this.#pending.add(record);
    return isNews;
  }

  #carry(phase: number, to: number, wide: boolean, at = this.#run.lastAt): void {
    const { firstAt, lastAt } = wide ? this.#run : { firstAt: at, lastAt: at };
    const mark = { remote: "", method: "HEAD", from: 0, to, requests: 0, firstAt, lastAt, phase } as const;
    const { fullReads } = this;
    const record = { ...mark, ...(fullReads > 0 && { fullReads }), ...(wide && { wide }) };
    this.#keep(record);
    if (!this.isReady) this.#stored = [...this.#stored, record];
  }

  /** After a restart: with the run that was under way. */
  #goOn(): void {
    const { phase } = this.#tally;
    const requests = this.#stored.filter(
      ({ stranger, requests: count, from, to }) => !stranger && count > 0 && to > from,
    );
    const last = requests.reduce<ReadRecord | undefined>(
      (latest, record) => (latest === undefined || record.lastAt >= latest.lastAt ? record : latest),
      undefined,
    );
    if (last === undefined) return;
    this.#run.take(last.from, last.to, last.firstAt, last.lastAt);
    if ((last.phase ?? 0) < phase) this.#run.settle();
  }
}
