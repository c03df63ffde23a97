// How much of each file inside an image was sent.
import type { ImageFile } from "../../core/configdrive.ts";
import type { FileReads } from "../../core/records.ts";
import { Segments } from "./segments.ts";

interface Account {
  readonly path: string;
  readonly sizeBytes: number;
  readBytes: number;
  firstReadAt: number | undefined;
  latestAt: number;
  completeAt: number | undefined;
}

const toFileReads = ({ path, sizeBytes, readBytes, firstReadAt, completeAt }: Account): FileReads => ({
  path,
  sizeBytes,
  readBytes,
  ...(firstReadAt !== undefined && { firstReadAt }),
  ...(completeAt !== undefined && { completeAt }),
});

const wholeBytes = ({ extents }: ImageFile): number => extents.reduce((sum, { from, to }) => sum + (to - from), 0);

export class FileAccounts {
  readonly #segments: Segments;
  readonly #accounts: readonly Account[];
  #completed: Account[] = [];
  #missing: number;

  /** Undefined where there are too many. */
  static of(files: readonly ImageFile[]): FileAccounts | undefined {
    const segments = Segments.of(files);
    return segments && new FileAccounts(files, segments);
  }

  private constructor(files: readonly ImageFile[], segments: Segments) {
    this.#segments = segments;
    this.#accounts = files.map((file) => ({
      path: file.path,
      // Of a file that claims more bytes than it has in the image, those that it has.
      sizeBytes: Math.min(file.sizeBytes, wholeBytes(file)),
      readBytes: 0,
      firstReadAt: undefined,
      latestAt: 0,
      completeAt: undefined,
    }));
    this.#missing = this.#accounts.filter(({ sizeBytes }) => sizeBytes > 0).length;
  }

  get count(): number {
    return this.#accounts.length;
  }

  get allComplete(): boolean {
    return this.#missing === 0;
  }

  list(): readonly FileReads[] {
    return this.#accounts.map(toFileReads);
  }

  /** One request for `[from, to)` does not tell which file was wanted. */
  hasMany(from: number, to: number): boolean {
    return this.#segments.hasMany(from, to);
  }

  /** `[from, to)` was sent for the first time, not before `firstAt` and not after `lastAt`. */
  add(from: number, to: number, firstAt: number, lastAt: number): void {
    this.#segments.each(from, to, (file, bytes) => {
      const account = this.#accounts[file];
      if (account === undefined) return;
      account.firstReadAt = Math.min(account.firstReadAt ?? firstAt, firstAt);
      account.latestAt = Math.max(account.latestAt, lastAt);
      const before = account.readBytes;
      account.readBytes = Math.min(account.sizeBytes, before + bytes);
      if (account.readBytes < account.sizeBytes || before === account.sizeBytes) return;
      account.completeAt = account.latestAt;
      this.#missing -= 1;
      this.#completed.push(account);
    });
  }

  /** Those that became complete since the last call. */
  takeCompleted(): readonly FileReads[] {
    const completed = this.#completed.map(toFileReads);
    this.#completed = [];
    return completed;
  }
}
