// How often an image was read in full. A full read is over when every byte was sent since the one before: by one request or by many, in any
// order, by one reader or several. A BMC that reads in pieces may read a piece as often as it likes meanwhile: bytes count once per full
// read, and the request that completes one belongs to it as a whole.
import type { ReadRecord } from "../../core/ports.ts";
import { Coverage } from "./coverage.ts";

export class FullReads {
  #count = 0;
  #now = new Coverage();

  /** As stored: complete or not is known with the size. */
  constructor(stored: readonly ReadRecord[], sizeBytes: number) {
    this.#count = stored.reduce((most, { fullReads = 0 }) => Math.max(most, fullReads), 0);
    for (const { from, to, fullReads = 0 } of stored) {
      if (fullReads === this.#count) this.#now.add(from, to);
    }
    this.#close(sizeBytes);
  }

  get count(): number {
    return this.#count;
  }

  add(from: number, to: number, sizeBytes: number): void {
    this.#now.add(from, to);
    this.#close(sizeBytes);
  }

  #close(sizeBytes: number): void {
    if (this.#now.coveredBytes < sizeBytes) return;
    this.#count += 1;
    this.#now = new Coverage();
  }
}
