// Readers of images that lie in memory never wait for anything: from time to time they let others have their turn, however hostile the image.
import { setImmediate as nextTurn } from "node:timers/promises";

/** Of records, sectors, or whatever costs about as much: some milliseconds. */
const stepsBetween = 1000;

/** To be called at each step, or for many: a promise to wait for where others are due. */
export type Breathe = (steps?: number) => Promise<void> | undefined;

export const createBreathe = (): Breathe => {
  let taken = 0;
  return (steps = 1) => {
    taken += steps;
    if (taken < stepsBetween) return undefined;
    taken = 0;
    return nextTurn();
  };
};
