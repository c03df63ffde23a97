// What is being built, and how to take it down again: in reverse, also when starting fails half-way.
import type { Clock } from "../core/driver.ts";
import type { Log } from "../core/ports.ts";
import type { Settings } from "../settings/schema.ts";
import type { CommitListener } from "../store/sqlite.ts";

export interface ServeOptions {
  readonly version: string;
  /** Folder of the shipped profiles. */
  readonly vendorsDir: string;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Around every commit of the store: a test that kills the process there. */
  readonly onCommit?: CommitListener;
}

export interface Building {
  readonly settings: Settings;
  readonly options: ServeOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly undo: (() => unknown)[];
}

export const unwind = async (undo: (() => unknown)[]): Promise<void> => {
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
};
