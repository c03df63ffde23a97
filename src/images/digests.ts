// What a caller says of an image's digest: well formed, and true.
import { MediabayError } from "../core/errors.ts";

/** @throws MediabayError INVALID_REQUEST */
export const parseDigest = (digest: string | undefined): string | undefined => {
  if (digest === undefined || /^[0-9a-f]{64}$/i.test(digest)) return digest?.toLowerCase();
  throw new MediabayError("INVALID_REQUEST", "A digest is the 64 hexadecimal digits of a SHA-256.", {
    field: "digest",
  });
};

export const digestMismatch = (expected: string, actual: string): MediabayError =>
  new MediabayError("IMAGE_DIGEST_MISMATCH", `The decoded image has the SHA-256 ${actual}, not ${expected}.`, {
    expected,
    actual,
  });

export const imageNotFound = (digest: string): MediabayError =>
  new MediabayError("IMAGE_NOT_FOUND", `There is no image ${digest} in the store.`, { digest });
