// Positional reads of one shared descriptor. A region of the file is first read whole in the thread pool, which brings it
// into the page cache (and is the read-ahead for a reader of small blocks); for some seconds it then counts as warm and is
// read synchronously, at 2 µs instead of the 20 µs of a trip through the pool. A synchronous read that proves slow makes its
// regions cold again, and several in a row make all of them, so that a busy disk never blocks the event loop for long.
import { read, readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { Clock } from "../../core/driver.ts";

export type OnRead = (error: Error | undefined, bytesRead: number) => void;

export interface FileBytes {
  /** Reads up to `length` bytes at `position` into `target`; `done` may be called before this returns. */
  read(target: Buffer, length: number, position: number, done: OnRead): void;
  close(): Promise<void>;
}

const regionBytes = 64 << 10;
const warmMs = 30_000;
/** A synchronous read that takes longer met the disk, or lost its turn on a busy machine; several in a row met the disk. */
const slowMs = 2;
const slowInARow = 3;
/** What warming reads: never looked at, hence shared by all. */
const discarded = Buffer.allocUnsafeSlow(regionBytes);

const regionOf = (position: number): number => Math.floor(position / regionBytes);

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error("reading an image failed", { cause: error });

class WarmingFile implements FileBytes {
  readonly #handle: FileHandle;
  readonly #clock: Clock;
  /** Per region, the monotonic time until which it counts as warm. */
  readonly #warmUntil: Float64Array;
  #slowReads = 0;
  #onIdle: (() => void) | undefined;
  readonly #warming = new Map<number, ((error: Error | undefined) => void)[]>();

  constructor(handle: FileHandle, sizeBytes: number, clock: Clock) {
    this.#handle = handle;
    this.#clock = clock;
    this.#warmUntil = new Float64Array(Math.ceil(sizeBytes / regionBytes)).fill(Number.NEGATIVE_INFINITY);
  }

  /** `target` is filled and `done` called in one go: it may be shared with other reads that end so. */
  read(target: Buffer, length: number, position: number, done: OnRead): void {
    this.#whenWarm(regionOf(position), regionOf(position + length - 1), (error) =>
      error ? done(error, 0) : this.#readNow(target, length, position, done),
    );
  }

  /** A read in the pool may not meet a descriptor that is closed, or by then another file's. */
  async close(): Promise<void> {
    if (this.#warming.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.#handle.close();
  }

  #whenWarm(first: number, last: number, then: (error: Error | undefined) => void): void {
    const now = this.#clock.monotonic();
    let region = first;
    while (region <= last && (this.#warmUntil[region] ?? 0) >= now) region += 1;
    if (region > last) then(undefined);
    else this.#warm(region, (error) => (error ? then(error) : this.#whenWarm(region + 1, last, then)));
  }

  #readNow(target: Buffer, length: number, position: number, done: OnRead): void {
    const startedAt = this.#clock.monotonic();
    let bytesRead: number;
    try {
      bytesRead = readSync(this.#handle.fd, target, 0, length, position);
    } catch (error) {
      done(asError(error), 0);
      return;
    }
    if (this.#clock.monotonic() - startedAt > slowMs) this.#chill(position, length);
    else this.#slowReads = 0;
    done(undefined, bytesRead);
  }

  #chill(position: number, length: number): void {
    this.#slowReads += 1;
    if (this.#slowReads >= slowInARow) this.#warmUntil.fill(Number.NEGATIVE_INFINITY);
    else this.#warmUntil.fill(Number.NEGATIVE_INFINITY, regionOf(position), regionOf(position + length - 1) + 1);
  }

  #warm(region: number, then: (error: Error | undefined) => void): void {
    const waiting = this.#warming.get(region);
    if (waiting) {
      waiting.push(then);
      return;
    }
    this.#warming.set(region, [then]);
    read(this.#handle.fd, discarded, 0, regionBytes, region * regionBytes, (error) => {
      const waiters = this.#warming.get(region) ?? [];
      this.#warming.delete(region);
      if (!error) this.#warmUntil[region] = this.#clock.monotonic() + warmMs;
      for (const waiter of waiters) waiter(error ?? undefined);
      if (this.#warming.size === 0) this.#onIdle?.();
    });
  }
}

/** `handle` is owned from now on and closed by `close`, after which nothing may be read. */
export const fileBytes = (handle: FileHandle, sizeBytes: number, clock: Clock): FileBytes =>
  new WarmingFile(handle, sizeBytes, clock);
