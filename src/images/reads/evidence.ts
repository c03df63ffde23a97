// What the BMC's reads since the medium settled tell of what the host read.
//
// A BMC either hands on what its host asks for, or it downloads the image (some do so at insert, before any host runs) and answers the host
// from its copy. Both send the same GETs, so the pattern goes by their order and size, and where they do not tell, it says `download`: that
// the host read a file is claimed only where the BMC asked for it out of order and by itself.
//
// - Only what the BMC asked for counts, and only since the medium settled: at insert, and again at a reset, a BMC probes the image by itself
//   (its first blocks, its last ones). A BMC that keeps the blocks of its probe looks as if its host had not read them; that is not claimed
//   then, whatever the host did. What stays is a download of the whole image, in order, before that.
// - `download`: every request began inside, or right behind, what had been sent from byte 0 on (one GET, consecutive ranges, a retry); or one
//   run of requests got all that there is to get, from byte 0 on or of more than two files; or one request got so much that it tells of no
//   file: the whole image, or bytes of more than two files (hard links count as one). The latter is also what read-ahead looks like: with
//   pieces of 256 KiB, a drive of 370 KiB is read whole by whoever mounts it.
// - `pieces`: some request began further on, and nothing got so much. Readers that hand through the host's blocks look like this: a host
//   begins with the volume descriptor (ISO 9660: byte 32,768), or with the root directory of a FAT, and goes to and fro between
//   directories and files. Two small files that lie side by side may still have come in one block of 4 KiB of which only one was wanted.
//
// The files say what was sent, whatever the pattern. File-system structures (descriptors, directories, path tables, FATs) are of no file.
import type { ImageFile } from "../../core/configdrive.ts";
import type { ReadRecord } from "../../core/ports.ts";
import type { ReadPattern } from "../../core/vocabulary.ts";
import { Coverage } from "./coverage.ts";
import { FileAccounts } from "./file-accounts.ts";
import type { Run } from "./run.ts";

export class Evidence {
  readonly #coverage = new Coverage();
  readonly #files: FileAccounts | undefined;
  readonly #sizeBytes: number | undefined;
  /** How far a download had come when the medium settled, if it was one. */
  #carriedTo = 0;
  #ahead = false;
  #wide = false;

  /** Too many files are none. */
  constructor(files: readonly ImageFile[] = [], sizeBytes?: number) {
    this.#files = files.length === 0 ? undefined : FileAccounts.of(files);
    this.#sizeBytes = sizeBytes;
  }

  get files(): FileAccounts | undefined {
    return this.#files;
  }

  get coveredBytes(): number {
    return this.#coverage.coveredBytes;
  }

  get pattern(): ReadPattern {
    if (this.coveredBytes === 0) return "none";
    return this.#ahead && !this.#wide ? "pieces" : "download";
  }

  get isWhole(): boolean {
    if (this.coveredBytes === 0 || this.#sizeBytes === undefined) return false;
    return this.#files?.allComplete ?? this.coveredBytes === this.#sizeBytes;
  }

  /** Grows with each listed file that the host has read in full, and once with all that there is. */
  get proof(): number {
    const complete = this.pattern === "pieces" ? (this.#files?.listedComplete ?? 0) : 0;
    return complete + (this.isWhole ? 1 : 0);
  }

  get carriedTo(): number {
    return this.#carriedTo;
  }

  /** A request that begins at `from` neither goes on with what was sent from byte 0 on nor with what was under way when the medium settled. */
  isAhead(from: number, to: number): boolean {
    if (to <= from || from <= this.#coverage.prefixBytes) return false;
    const goesOn = this.#carriedTo > 0 && from >= this.#carriedTo && from <= this.#coverage.endAfter(this.#carriedTo);
    return !goesOn;
  }

  /** A request that got `[from, to)`, the last of `run`, does not tell what it was for. */
  isWide(from: number, to: number, run: Run): boolean {
    if (to <= from) return false;
    if ((from === 0 && to === this.#sizeBytes) || this.#files?.hasMany(from, to) === true) return true;
    return this.gotAll(run);
  }

  /** All bytes of all files, and of more than what a host may want at once. */
  gotAll({ from, to, isOld }: Run): boolean {
    if (isOld || this.#sizeBytes === undefined) return false;
    if (this.#files === undefined) return from === 0 && to === this.#sizeBytes;
    return this.#files.isWithin(from, to) && (from === 0 || this.#files.hasMany(from, to));
  }

  /** The order of records does not matter, but for the times of files. */
  add({ from, to, requests, firstAt, lastAt, ahead = false, wide = false }: ReadRecord): void {
    this.#ahead ||= ahead;
    this.#wide ||= wide;
    if (requests === 0) this.#carriedTo = Math.max(this.#carriedTo, to);
    if (requests === 0 && !wide) return;
    const files = this.#files;
    this.#coverage.add(from, to, files && ((newFrom, newTo) => files.add(newFrom, newTo, firstAt, lastAt)));
  }
}
