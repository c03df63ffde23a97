// The pace below which a transfer is no transfer: an origin that drips would otherwise hold an operation as long as it likes.
import type { Clock } from "../../core/driver.ts";

/** Of one answer's body; short ones are left in peace. */
const graceMs = 60_000;
const slowestBytesPerSecond = 1024;

export interface Pace {
  /** True when what has come since the start is too little for the time that it took. */
  tooSlow(receivedBytes: number): boolean;
}

export const createPace = (clock: Clock): Pace => {
  const startedAt = clock.monotonic();
  return {
    tooSlow(receivedBytes) {
      const elapsedMs = clock.monotonic() - startedAt;
      return elapsedMs > graceMs && receivedBytes * 1000 < slowestBytesPerSecond * elapsedMs;
    },
  };
};
