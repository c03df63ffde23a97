// The record of a host's starts, and the reading of its media in each: the boot source first, then every other one, as a config drive is read.
import { ImageReadError } from "../../image-reader.ts";
import type { Slot } from "../media/slot.ts";
import type { BootOverride } from "./boot.ts";

/** What one medium gave in one boot. */
export interface BootedMedium {
  readonly slot: string;
  readonly image: string;
  readonly bytesRead: number;
  readonly sha256?: string;
  /** Why it was not read to its end. */
  readonly error?: string;
}

export interface BootRecord {
  readonly at: number;
  /** The ResetType, or `Button` and `ByHand` for a human. */
  readonly cause: string;
  /** The override as it stood when the host started. */
  readonly override: BootOverride;
  /** The boot target that was followed; `Hdd` where no override was, or where its medium was missing. `Flag` and `Oem`: not by Boot. */
  readonly source: string;
  /** The slot booted from. */
  readonly slot?: string;
  readonly media: readonly BootedMedium[];
  /** All media were read, failed, or were interrupted. */
  readonly finished: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A record that is still being written. */
export type OpenBootRecord = Mutable<Omit<BootRecord, "media">> & { readonly media: BootedMedium[] };

/** Reads the media of `slots` in their order into `log`. */
export const readMedia = async (log: OpenBootRecord, slots: readonly Slot[], signal: AbortSignal): Promise<void> => {
  for (const slot of slots) {
    const medium = slot.shown;
    if (signal.aborted || medium?.reader === undefined || !medium.inserted) continue;
    const { reader, image } = medium;
    const before = reader.bytesRead;
    const entry = (): BootedMedium => ({ slot: slot.id, image, bytesRead: reader.bytesRead - before });
    slot.touch();
    try {
      await reader.readAll(signal);
      slot.touch();
      log.media.push({ ...entry(), ...(reader.sha256 === undefined ? {} : { sha256: reader.sha256 }) });
    } catch (error) {
      if (!(error instanceof ImageReadError)) throw error;
      log.media.push({ ...entry(), error: error.message });
    }
  }
  log.finished = true;
};
