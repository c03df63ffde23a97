// Which files of an image a run of its bytes belongs to. Bytes may belong to several files (hard links) and to none (directories, path
// tables, padding).
import type { ImageFile } from "../../core/configdrive.ts";

/** Beyond these, an image's files are not looked after: no config drive comes near, and a hostile image may not cost more. */
const mostExtents = 65_536;
const mostMemberships = 1 << 20;

interface Extent {
  readonly from: number;
  readonly to: number;
  readonly file: number;
}

const extentsOf = (files: readonly ImageFile[]): readonly Extent[] =>
  files.flatMap(({ extents }, file) =>
    extents.filter(({ from, to }) => to > from).map(({ from, to }) => ({ from, to, file })),
  );

/** Runs of bytes with the same files, sorted and disjoint. */
export class Segments {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** The indexes of its files; one index more than once where a file has the same bytes in several places. */
  readonly #members: (readonly number[])[] = [];
  /** How often the first of these changes from a segment to the next, up to here. */
  readonly #changes: number[] = [];

  /** Undefined where they are too many. */
  static of(files: readonly ImageFile[]): Segments | undefined {
    const extents = extentsOf(files);
    const segments = new Segments();
    return extents.length <= mostExtents && segments.#fill(extents) ? segments : undefined;
  }

  /** More than two files have bytes in `[from, to)`; hard links count as one. */
  hasMany(from: number, to: number): boolean {
    const first = this.#firstEndingAfter(from);
    const last = this.#lastStartingBefore(to);
    return last > first && (this.#changes[last] ?? 0) - (this.#changes[first] ?? 0) >= 2;
  }

  /** None lies outside of `[from, to)`, and there are some. */
  isWithin(from: number, to: number): boolean {
    const [start, end] = [this.#starts[0], this.#ends.at(-1)];
    return start !== undefined && end !== undefined && from <= start && to >= end;
  }

  /** Calls `tell` for each file with bytes in `[from, to)`, with their number; a file may come several times. */
  each(from: number, to: number, tell: (file: number, bytes: number) => void): void {
    for (let index = this.#firstEndingAfter(from); (this.#starts[index] ?? to) < to; index += 1) {
      const bytes = Math.min(to, this.#ends[index] ?? 0) - Math.max(from, this.#starts[index] ?? 0);
      for (const file of this.#members[index] ?? []) tell(file, bytes);
    }
  }

  /** False when there are too many memberships. */
  #fill(extents: readonly Extent[]): boolean {
    const byStart = extents.toSorted((left, right) => left.from - right.from);
    const byEnd = extents.toSorted((left, right) => left.to - right.to);
    const points = [...new Set(extents.flatMap(({ from, to }) => [from, to]))].toSorted((left, right) => left - right);
    const open: number[] = [];
    let memberships = 0;
    let [started, ended] = [0, 0];
    for (const [index, point] of points.entries()) {
      for (; byEnd[ended]?.to === point; ended += 1) open.splice(open.indexOf(byEnd[ended]?.file ?? 0), 1);
      for (; byStart[started]?.from === point; started += 1) open.push(byStart[started]?.file ?? 0);
      memberships += open.length;
      if (memberships > mostMemberships) return false;
      if (open.length > 0) this.#append(point, points[index + 1] ?? point, [...open]);
    }
    return true;
  }

  #append(from: number, to: number, members: readonly number[]): void {
    const before = this.#members.at(-1);
    const changed = before !== undefined && before[0] !== members[0];
    this.#changes.push((this.#changes.at(-1) ?? 0) + (changed ? 1 : 0));
    this.#starts.push(from);
    this.#ends.push(to);
    this.#members.push(members);
  }

  #firstEndingAfter(offset: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #lastStartingBefore(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
