// Reads of one publication, summed up.
//
// What can be told from them. A BMC either hands on what its host asks for, or it downloads the image (some do so at insert, before any
// host runs) and answers the host from its copy. Both send the same GETs, so the pattern goes by their order and size, and where they do
// not tell, it says `download`: that the host read a file is claimed only where the BMC asked for it out of order and by itself.
//
// - `download`: every request began inside, or right behind, what had been sent from byte 0 on (one GET, consecutive ranges, a retry); or
//   one request got so much that it tells of no file: the whole image, or bytes of more than two files (hard links count as one). The
//   latter is also what read-ahead looks like: with pieces of 256 KiB, a drive of 370 KiB is read whole by whoever mounts it.
// - `pieces`: some request began further on, and none got so much. Readers that hand through the host's blocks look like this: a host
//   begins with the volume descriptor (ISO 9660: byte 32,768), or with the root directory of a FAT, and goes to and fro between
//   directories and files. Two small files that lie side by side may still have come in one block of 4 KiB of which only one was wanted.
//
// The files say what was sent, whatever the pattern. File-system structures (descriptors, directories, path tables, FATs) are of no file.
import type { ImageFile } from "../../core/configdrive.ts";
import type { ReadRecord } from "../../core/ports.ts";
import type { ReadSummary } from "../../core/records.ts";
import type { ReadPattern } from "../../core/vocabulary.ts";
import { Coverage } from "./coverage.ts";
import { FileAccounts } from "./file-accounts.ts";

/** Beyond these, addresses are left out. */
const mostRemotes = 64;

export class Tally {
  readonly #coverage = new Coverage();
  readonly #remotes = new Set<string>();
  #files: FileAccounts | undefined;
  #requests = 0;
  #bytesSent = 0;
  #firstAt: number | undefined;
  #lastAt: number | undefined;
  #ahead = false;
  #wide = false;

  get bytesSent(): number {
    return this.#bytesSent;
  }

  get coveredBytes(): number {
    return this.#coverage.coveredBytes;
  }

  get files(): FileAccounts | undefined {
    return this.#files;
  }

  get pattern(): ReadPattern {
    if (this.#bytesSent === 0) return "none";
    return this.#ahead && !this.#wide ? "pieces" : "download";
  }

  /** Before anything is added. Too many files are none. */
  know(files: readonly ImageFile[]): void {
    this.#files = files.length === 0 ? undefined : FileAccounts.of(files);
  }

  /** A request that begins at `from` begins behind what was sent from byte 0 on. */
  isAhead(from: number, to: number): boolean {
    return to > from && from > this.#coverage.prefixBytes;
  }

  /** A request that got `[from, to)` of an image of `sizeBytes` does not tell what it was for. */
  isWide(from: number, to: number, sizeBytes: number | undefined): boolean {
    return to > from && ((from === 0 && to === sizeBytes) || this.#files?.hasMany(from, to) === true);
  }

  /** The order of records does not matter, but for the times of files. */
  add({ remote, from, to, requests, firstAt, lastAt, ahead = false, wide = false }: ReadRecord): void {
    const files = this.#files;
    this.#coverage.add(from, to, files && ((newFrom, newTo) => files.add(newFrom, newTo, firstAt, lastAt)));
    if (this.#remotes.size < mostRemotes) this.#remotes.add(remote);
    this.#requests += requests;
    this.#bytesSent += to - from;
    this.#ahead ||= ahead;
    this.#wide ||= wide;
    if (to === from) return;
    this.#firstAt = this.#firstAt === undefined ? firstAt : Math.min(this.#firstAt, firstAt);
    this.#lastAt = this.#lastAt === undefined ? lastAt : Math.max(this.#lastAt, lastAt);
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
      pattern: this.pattern,
      ...(this.#files && { files: this.#files.list() }),
    };
  }
}

/** The summary of stored records. First and last read are those that sent bytes: a HEAD alone is a request, not a read. */
export const summariseReads = (records: Iterable<ReadRecord>): ReadSummary => {
  const tally = new Tally();
  for (const record of records) tally.add(record);
  return tally.summary();
};
