// How often an image was read in full by its BMC since the medium settled. A full read is over when every byte was sent since the one before:
// by one request or by many, in any order. A BMC that reads in pieces may read a piece as often as it likes meanwhile: bytes count once per
// full read, and the request that completes one belongs to it as a whole. Probes before the medium settled are of none; a whole download in
// order before that is one.
import type { ReadRecord } from "../../core/ports.ts";
import type { ByteRange } from "../../core/records.ts";
import { Coverage } from "./coverage.ts";

export class FullReads {
  readonly #sizeBytes: number;
  #count = 0;
  #now = new Coverage();

  /** As stored: complete or not is known with the size. */
  constructor(stored: readonly ReadRecord[], sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    const phase = stored.reduce((most, record) => Math.max(most, record.phase ?? 0), 0);
    this.#count = stored.reduce((most, { fullReads = 0 }) => Math.max(most, fullReads), 0);
    for (const { from, to, requests, fullReads = 0, stranger, ...record } of phase === 0 ? [] : stored) {
      const counts = !stranger && requests > 0 && record.phase === phase && fullReads === this.#count;
      if (counts) this.#now.add(from, to);
    }
    this.#close();
  }

  get count(): number {
    return this.#count;
  }

  add(from: number, to: number): void {
    this.#now.add(from, to);
    this.#close();
  }

  /** `ranges` together would complete the present one. */
  wouldBeOver(ranges: readonly ByteRange[]): boolean {
    const most = ranges.reduce((sum, { from, to }) => sum + to - from, this.#now.coveredBytes);
    if (most < this.#sizeBytes) return false;
    const all = new Coverage();
    for (const { from, to } of [...this.#now.ranges(), ...ranges]) all.add(from, to);
    return all.coveredBytes >= this.#sizeBytes;
  }

  /** The medium settled: what was sent of the present one is of none. */
  settle(isDownloaded: boolean): void {
    if (isDownloaded) this.#count += 1;
    this.#now = new Coverage();
  }

  #close(): void {
    if (this.#now.coveredBytes < this.#sizeBytes) return;
    this.#count += 1;
    this.#now = new Coverage();
  }
}
