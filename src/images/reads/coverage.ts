// A set of byte ranges of an image.
import type { ByteRange } from "../../core/records.ts";

/** Bounds memory under random reads of a huge image: a range that touches nothing known is then no longer taken in. */
const mostRanges = 65_536;

/** Told of each run of bytes that was not in the set before. */
export type OnNew = (from: number, to: number) => void;

/** Sorted, disjoint, never touching. */
export class Coverage {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #bytes = 0;

  get coveredBytes(): number {
    return this.#bytes;
  }

  /** How many ranges it is. */
  get count(): number {
    return this.#starts.length;
  }

  /** The first of them, in order. */
  ranges(most = mostRanges): readonly ByteRange[] {
    return this.#starts.slice(0, most).map((from, index) => ({ from, to: this.#ends[index] ?? from }));
  }

  /** Where the run from byte 0 ends. */
  get prefixBytes(): number {
    return this.#starts[0] === 0 ? (this.#ends[0] ?? 0) : 0;
  }

  /** Where the run that `offset` is in, or at the beginning or the end of, ends; `offset` itself where it is at none. */
  endAfter(offset: number): number {
    const index = this.#firstEndingAtOrAfter(offset);
    return (this.#starts[index] ?? Number.POSITIVE_INFINITY) <= offset ? (this.#ends[index] ?? offset) : offset;
  }

  add(from: number, to: number, onNew?: OnNew): void {
    if (to <= from) return;
    const first = this.#firstEndingAtOrAfter(from);
    let start = from;
    let end = to;
    let next = first;
    let seen = from;
    for (; next < this.#starts.length && (this.#starts[next] ?? 0) <= to; next += 1) {
      const [knownFrom, knownTo] = [this.#starts[next] ?? 0, this.#ends[next] ?? 0];
      if (knownFrom > seen) onNew?.(seen, knownFrom);
      seen = Math.max(seen, knownTo);
      start = Math.min(start, knownFrom);
      end = Math.max(end, knownTo);
      this.#bytes -= knownTo - knownFrom;
    }
    if (next === first && this.#starts.length >= mostRanges) return;
    if (to > seen) onNew?.(seen, to);
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
