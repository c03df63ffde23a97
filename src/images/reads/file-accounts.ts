// How much of each file inside an image was sent.
import type { ImageFile } from "../../core/configdrive.ts";
import { driveVersionOf, isNoCloudFile } from "../../core/drive-paths.ts";
import type { FileReads, ReadSummary } from "../../core/records.ts";
import { Segments } from "./segments.ts";

/** Summaries are stored, answered and asked for every few seconds. */
const mostListed = 256;

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

const rankOf = ({ path }: Account): number => {
  if (driveVersionOf(path) !== undefined) return 0;
  if (isNoCloudFile(path)) return 1;
  return path.startsWith("openstack/") ? 2 : 3;
};

const listedOf = (accounts: readonly Account[]): readonly Account[] =>
  accounts.length <= mostListed
    ? accounts
    : accounts.toSorted((left, right) => rankOf(left) - rankOf(right)).slice(0, mostListed);

export class FileAccounts {
  readonly #segments: Segments;
  readonly #accounts: readonly Account[];
  readonly #listed: readonly Account[];
  #completed: Account[] = [];
  #listedComplete = 0;
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
    this.#listed = listedOf(this.#accounts);
    this.#missing = this.#accounts.filter(({ sizeBytes }) => sizeBytes > 0).length;
  }

  get count(): number {
    return this.#accounts.length;
  }

  /** Of those in the list, which are all that a rule goes by. */
  get listedComplete(): number {
    return this.#listedComplete;
  }

  get allComplete(): boolean {
    return this.#missing === 0;
  }

  /** Where there are too many to list, those first that cloud-init reads. */
  list(): Pick<ReadSummary, "files" | "filesLeftOut"> {
    const leftOut = this.#accounts.length - this.#listed.length;
    return { files: this.#listed.map(toFileReads), ...(leftOut > 0 && { filesLeftOut: leftOut }) };
  }

  /** One request for `[from, to)` does not tell which file was wanted. */
  hasMany(from: number, to: number): boolean {
    return this.#segments.hasMany(from, to);
  }

  /** All bytes of all files lie in `[from, to)`. */
  isWithin(from: number, to: number): boolean {
    return this.#segments.isWithin(from, to);
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
      if (this.#listed.includes(account)) this.#listedComplete += 1;
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
