// Who read which bytes of a publication, and how much of the image was covered. Kept in memory so that the data path
// never waits for the database; the publications flush it to the catalog.
import type { ReadRecord } from "../core/ports.ts";
import type { ByteRange, ReadSummary } from "../core/records.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Bounds on memory under random reads of a huge image. Beyond them, overlapping records are joined, and then a read that
 * touches nothing known is only counted: what is recorded as read was read, but some that was read may be missing.
 */
const mostPending = 16_384;
const mostRanges = 65_536;
const mostRemotes = 64;

/** A set of byte ranges: sorted, disjoint, never touching. */
export class Coverage {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #bytes = 0;

  get coveredBytes(): number {
    return this.#bytes;
  }

  get ranges(): readonly ByteRange[] {
    return this.#starts.map((from, index) => ({ from, to: this.#ends[index] ?? from }));
  }

  add(from: number, to: number): void {
    if (to <= from) return;
    const first = this.#firstEndingAtOrAfter(from);
    let start = from;
    let end = to;
    let next = first;
    for (; next < this.#starts.length && (this.#starts[next] ?? 0) <= to; next += 1) {
      start = Math.min(start, this.#starts[next] ?? start);
      end = Math.max(end, this.#ends[next] ?? end);
      this.#bytes -= (this.#ends[next] ?? 0) - (this.#starts[next] ?? 0);
    }
    if (next === first && this.#starts.length >= mostRanges) return;
    this.#bytes += end - start;
    this.#replace(first, next - first, start, end);
  }

  #replace(index: number, count: number, start: number, end: number): void {
    if (count === 1) {
      this.#starts[index] = start;
      this.#ends[index] = end;
      return;
    }
    this.#starts.splice(index, count, start);
    this.#ends.splice(index, count, end);
  }

  #firstEndingAtOrAfter(offset: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const byReaderAndOffset = (left: ReadRecord, right: ReadRecord): number =>
  left.remote === right.remote
    ? left.method === right.method
      ? left.from - right.from || left.to - right.to
      : left.method < right.method
        ? -1
        : 1
    : left.remote < right.remote
      ? -1
      : 1;

/** Joins records of one reader that touch; with `overlapping`, also those that share bytes (which then count once). */
const join = (records: Iterable<ReadRecord>, overlapping: boolean): Mutable<ReadRecord>[] => {
  const joined: Mutable<ReadRecord>[] = [];
  for (const record of [...records].sort(byReaderAndOffset)) {
    const last = joined.at(-1);
    const sameReader = last !== undefined && last.remote === record.remote && last.method === record.method;
    if (sameReader && (record.from === last.to || (overlapping && record.from < last.to))) {
      last.to = Math.max(last.to, record.to);
      last.requests += record.requests;
      last.firstAt = Math.min(last.firstAt, record.firstAt);
      last.lastAt = Math.max(last.lastAt, record.lastAt);
    } else {
      joined.push({ ...record });
    }
  }
  return joined;
};

/** Sums up reads; the order of `add` does not matter. */
class Tally {
  readonly #coverage = new Coverage();
  readonly #remotes = new Set<string>();
  #requests = 0;
  #bytesSent = 0;
  #firstAt: number | undefined;
  #lastAt: number | undefined;

  get bytesSent(): number {
    return this.#bytesSent;
  }

  add(remote: string, from: number, to: number, requests: number, firstAt: number, lastAt: number): void {
    this.#coverage.add(from, to);
    if (this.#remotes.size < mostRemotes) this.#remotes.add(remote);
    this.#requests += requests;
    this.#bytesSent += to - from;
    if (to === from) return;
    this.#firstAt = this.#firstAt === undefined ? firstAt : Math.min(this.#firstAt, firstAt);
    this.#lastAt = this.#lastAt === undefined ? lastAt : Math.max(this.#lastAt, lastAt);
  }

  addRecord(record: ReadRecord): void {
    this.add(record.remote, record.from, record.to, record.requests, record.firstAt, record.lastAt);
  }

  summary(): ReadSummary {
    return {
      requests: this.#requests,
      bytesSent: this.#bytesSent,
      coveredBytes: this.#coverage.coveredBytes,
      coverage: this.#coverage.ranges,
      ...(this.#firstAt === undefined ? {} : { firstReadAt: this.#firstAt }),
      ...(this.#lastAt === undefined ? {} : { lastReadAt: this.#lastAt }),
      remotes: [...this.#remotes],
    };
  }
}

/** The summary of stored records. First and last read are those that sent bytes: a HEAD alone is a request, not a read. */
export const summariseReads = (records: Iterable<ReadRecord>): ReadSummary => {
  const tally = new Tally();
  for (const record of records) tally.addRecord(record);
  return tally.summary();
};

/** The reads of one live publication: what is already in the catalog, and what is still to be written there. */
export class ReadLog {
  readonly #tally = new Tally();
  /** Unflushed records by reader, then by the offset at which they end: a sequential reader extends its last one. */
  #pending = new Map<string, Map<number, Mutable<ReadRecord>>>();
  #pendingCount = 0;
  /** Joining no longer helps: until the next `take`, reads that touch nothing known are only counted. */
  #full = false;

  constructor(stored: Iterable<ReadRecord> = []) {
    for (const record of stored) this.#tally.addRecord(record);
  }

  get hasPending(): boolean {
    return this.#pendingCount > 0;
  }

  summary(): ReadSummary {
    return this.#tally.summary();
  }

  /** One answered request that really sent `[from, to)`. True when these are the first bytes ever sent. */
  note(remote: string, method: "HEAD" | "GET", from: number, to: number, at: number): boolean {
    const first = to > from && this.#tally.bytesSent === 0;
    this.#tally.add(remote, from, to, 1, at, at);
    const reader = method === "GET" ? remote : `HEAD ${remote}`;
    let records = this.#pending.get(reader);
    if (records === undefined) this.#pending.set(reader, (records = new Map()));
    const record = records.get(from);
    if (record === undefined && this.#full) this.#countOnly(records, at);
    else if (record === undefined)
      this.#keep(records, { remote, method, from, to, requests: 1, firstAt: at, lastAt: at });
    else this.#extend(records, record, to, at);
    if (this.#pendingCount > mostPending && !this.#full) this.#compact();
    return first;
  }

  /** Takes at most `limit` records to be written, adjacent ones joined; the rest stays for the next time. */
  take(limit: number): readonly ReadRecord[] {
    this.#full = false;
    let records = join(this.#drain(), false);
    if (records.length > limit) records = join(records, true);
    this.restore(records.slice(limit));
    return records.slice(0, limit);
  }

  /** Puts back what could not be written. */
  restore(records: readonly ReadRecord[]): void {
    for (const record of records) {
      const reader = record.method === "GET" ? record.remote : `HEAD ${record.remote}`;
      let kept = this.#pending.get(reader);
      if (kept === undefined) this.#pending.set(reader, (kept = new Map()));
      const twin = kept.get(record.to);
      if (twin === undefined) this.#keep(kept, { ...record });
      else this.#merge(twin, record);
    }
  }

  #compact(): void {
    this.restore(join(this.#drain(), true));
    this.#full = this.#pendingCount > mostPending / 2;
  }

  #countOnly(records: Map<number, Mutable<ReadRecord>>, at: number): void {
    for (const record of records.values()) {
      record.requests += 1;
      record.lastAt = at;
      return;
    }
  }

  #keep(records: Map<number, Mutable<ReadRecord>>, record: Mutable<ReadRecord>): void {
    const twin = records.get(record.to);
    if (twin !== undefined) return this.#merge(twin, record);
    records.set(record.to, record);
    this.#pendingCount += 1;
  }

  #extend(records: Map<number, Mutable<ReadRecord>>, record: Mutable<ReadRecord>, to: number, at: number): void {
    record.requests += 1;
    record.lastAt = at;
    if (record.to === to) return;
    records.delete(record.to);
    this.#pendingCount -= 1;
    record.to = to;
    this.#keep(records, record);
  }

  /** Two records with the same end: the wider one stays, its bytes count once in the catalog. */
  #merge(kept: Mutable<ReadRecord>, other: ReadRecord): void {
    kept.from = Math.min(kept.from, other.from);
    kept.requests += other.requests;
    kept.firstAt = Math.min(kept.firstAt, other.firstAt);
    kept.lastAt = Math.max(kept.lastAt, other.lastAt);
  }

  #drain(): readonly ReadRecord[] {
    const records = [...this.#pending.values()].flatMap((ends) => [...ends.values()]);
    this.#pending = new Map();
    this.#pendingCount = 0;
    return records;
  }
}
