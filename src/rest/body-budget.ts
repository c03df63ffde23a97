// Bounds the memory that large request bodies take together: each takes its part of a budget until its request has been handled.
import { MediabayError } from "../core/errors.ts";

/** Bodies up to this size are not counted. */
export const usualBodyBytes = 1024 * 1024;

export interface BodyShare extends Disposable {
  /** Holds room for a body of this size from now on. @throws MediabayError RATE_LIMITED */
  growTo(sizeBytes: number): void;
}

export interface BodyBudget {
  /** Of one request; disposing of it gives it back. */
  share(): BodyShare;
}

export const createBodyBudget = (mostBytes: number): BodyBudget => {
  let takenBytes = 0;
  return {
    share: () => {
      let heldBytes = 0;
      return {
        growTo: (sizeBytes) => {
          if (sizeBytes <= usualBodyBytes || sizeBytes <= heldBytes) return;
          if (takenBytes - heldBytes + sizeBytes > mostBytes)
            throw new MediabayError("RATE_LIMITED", "Too many large bodies are being worked on.");
          takenBytes += sizeBytes - heldBytes;
          heldBytes = sizeBytes;
        },
        [Symbol.dispose]: () => {
          takenBytes -= heldBytes;
          heldBytes = 0;
        },
      };
    },
  };
};
