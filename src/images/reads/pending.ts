// Read records that are still to be written: adjacent requests of one reader are joined meanwhile. Bounded however a BMC reads.
import type { ReadRecord } from "../../core/ports.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Bound on memory under random reads of a huge image. Beyond it, overlapping records are joined, and then a read that touches nothing
 * known is only counted: what is recorded as read was read, but some that was read may be missing.
 */
const mostPending = 16_384;

/** Records of different readers are never joined, nor those of before and after the medium settled. */
const readerOf = ({ remote, method, fullReads = 0, phase = 0, stranger = false }: ReadRecord): string =>
  method === "GET" && fullReads === 0 && phase === 0 && !stranger
    ? remote
    : `${remote} ${method} ${fullReads} ${phase} ${stranger ? "stranger" : "bmc"}`;

const absorb = (kept: Mutable<ReadRecord>, other: ReadRecord): void => {
  kept.requests += other.requests;
  kept.firstAt = Math.min(kept.firstAt, other.firstAt);
  kept.lastAt = Math.max(kept.lastAt, other.lastAt);
  if (other.ahead) kept.ahead = true;
  if (other.wide) kept.wide = true;
};

const byReaderAndOffset = (left: ReadRecord, right: ReadRecord): number => {
  const [leftReader, rightReader] = [readerOf(left), readerOf(right)];
  if (leftReader === rightReader) return left.from - right.from || left.to - right.to;
  return leftReader < rightReader ? -1 : 1;
};

/** Joins records of one reader that touch; with `overlapping`, also those that share bytes (which then count once). */
const join = (records: Iterable<ReadRecord>, overlapping: boolean): Mutable<ReadRecord>[] => {
  const joined: Mutable<ReadRecord>[] = [];
  for (const record of [...records].sort(byReaderAndOffset)) {
    const last = joined.at(-1);
    const sameReader = last !== undefined && readerOf(last) === readerOf(record);
    if (sameReader && (record.from === last.to || (overlapping && record.from < last.to))) {
      last.to = Math.max(last.to, record.to);
      absorb(last, record);
    } else {
      joined.push({ ...record });
    }
  }
  return joined;
};

export class PendingReads {
  /** By reader, then by the offset at which they end: a sequential reader extends its last one. */
  #readers = new Map<string, Map<number, Mutable<ReadRecord>>>();
  #count = 0;
  /** Joining no longer helps: until the next `take`, reads that touch nothing known are only counted. */
  #full = false;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Of one request. */
  add(read: ReadRecord): void {
    const records = this.#of(read);
    const before = records.get(read.from);
    if (before !== undefined) this.#extend(records, before, read);
    else if (this.#full) this.#countOnly(records, read);
    else this.#keep(records, { ...read });
    if (this.#count > mostPending && !this.#full) this.#compact();
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
    for (const record of records) this.#keep(this.#of(record), { ...record });
  }

  #of(read: ReadRecord): Map<number, Mutable<ReadRecord>> {
    const reader = readerOf(read);
    let records = this.#readers.get(reader);
    if (records === undefined) this.#readers.set(reader, (records = new Map()));
    return records;
  }

  #compact(): void {
    this.restore(join(this.#drain(), true));
    this.#full = this.#count > mostPending / 2;
  }

  #countOnly(records: Map<number, Mutable<ReadRecord>>, read: ReadRecord): void {
    for (const record of records.values()) return absorb(record, read);
  }

  /** Two records with the same end: the wider one stays, its bytes count once in the catalog. */
  #keep(records: Map<number, Mutable<ReadRecord>>, record: Mutable<ReadRecord>): void {
    const twin = records.get(record.to);
    if (twin === undefined) {
      records.set(record.to, record);
      this.#count += 1;
    } else {
      twin.from = Math.min(twin.from, record.from);
      absorb(twin, record);
    }
  }

  #extend(records: Map<number, Mutable<ReadRecord>>, record: Mutable<ReadRecord>, read: ReadRecord): void {
    absorb(record, read);
    if (record.to === read.to) return;
    records.delete(record.to);
    this.#count -= 1;
    record.to = read.to;
    this.#keep(records, record);
  }

  #drain(): readonly ReadRecord[] {
    const records = [...this.#readers.values()].flatMap((ends) => [...ends.values()]);
    this.#readers = new Map();
    this.#count = 0;
    return records;
  }
}
