// The reads of one live publication: who read which bytes, and how much of the image and of its files that was. Kept in memory so that the
// data path never waits for the database; the publications flush it to the catalog.
import type { ImageFile } from "../../core/configdrive.ts";
import type { ReadRecord } from "../../core/ports.ts";
import type { FileReads, ReadSummary } from "../../core/records.ts";
import type { ReadPattern } from "../../core/vocabulary.ts";
import { FullReads } from "./full-reads.ts";
import { PendingReads } from "./pending.ts";
import { Tally } from "./tally.ts";

/** What is worth telling since the last time. */
export interface ReadNews {
  readonly pattern: ReadPattern;
  /** Complete by now, and asked for by the host as far as can be told. */
  readonly files: readonly FileReads[];
  /** For the first time, all of the image's files were sent in full; where its files are not known, all of its bytes. */
  readonly whole: boolean;
}

export class ReadLog {
  #tally = new Tally();
  #pending = new PendingReads();
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

  summary(): ReadSummary {
    return this.#tally.summary();
  }

  /**
   * What image it is. What was stored is then put to its files' account: a record was sent between its two times, so that first read and
   * completion enclose what really was. Nothing of it is news.
   */
  know(sizeBytes: number, files: readonly ImageFile[]): void {
    if (this.#sizeBytes !== undefined) return;
    this.#sizeBytes = sizeBytes;
    this.#tally = new Tally();
    this.#tally.know(files);
    const byStart = this.#stored.toSorted((left, right) => left.firstAt - right.firstAt);
    for (const record of byStart) this.#tally.add(record);
    if (this.#countsFullReads) this.#fullReads = new FullReads(this.#stored, sizeBytes);
    this.#tally.files?.takeCompleted();
    this.#wholeTold = this.#isWhole();
    this.#stored = [];
  }

  /** One answered request that really sent `[from, to)`. True when these are the first bytes ever sent. */
  note(remote: string, method: "HEAD" | "GET", from: number, to: number, at: number): boolean {
    const first = to > from && this.isEmpty;
    const read: ReadRecord = {
      remote,
      method,
      from,
      to,
      requests: 1,
      firstAt: at,
      lastAt: at,
      ...(this.fullReads > 0 && { fullReads: this.fullReads }),
      ...(this.#tally.isAhead(from, to) && { ahead: true }),
      ...(this.#tally.isWide(from, to, this.#sizeBytes) && { wide: true }),
    };
    this.#tally.add(read);
    this.#pending.add(read);
    if (this.#sizeBytes !== undefined && to > from) this.#fullReads?.add(from, to, this.#sizeBytes);
    return first;
  }

  /** Takes at most `limit` records to be written, adjacent ones joined; the rest stays for the next time. */
  take(limit: number): readonly ReadRecord[] {
    return this.#pending.take(limit);
  }

  /** Puts back what could not be written. */
  restore(records: readonly ReadRecord[]): void {
    this.#pending.restore(records);
  }

  /** Undefined when there is nothing. Files that came with a download are told of only as a whole. */
  takeNews(): ReadNews | undefined {
    const { pattern, files } = this.#tally;
    const completed = pattern === "pieces" ? (files?.takeCompleted() ?? []) : [];
    const whole = !this.#wholeTold && this.#isWhole();
    if (whole) this.#wholeTold = true;
    return completed.length > 0 || whole ? { pattern, files: completed, whole } : undefined;
  }

  #isWhole(): boolean {
    if (this.isEmpty || this.#sizeBytes === undefined) return false;
    return this.#tally.files?.allComplete ?? this.#tally.coveredBytes === this.#sizeBytes;
  }
}
