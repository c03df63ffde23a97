// `image:<digest>`: an image that is already in our store.
import { MediabayError } from "../../core/errors.ts";
import type { SourceScheme } from "./source.ts";

const digestOf = (reference: string): string => {
  const [, digest] = /^image:([0-9a-f]{64})$/i.exec(reference) ?? [];
  if (digest !== undefined) return digest.toLowerCase();
  throw new MediabayError("INVALID_REQUEST", "An image is named by the 64 hexadecimal digits of its SHA-256.", {
    field: "source.digest",
  });
};

export const createImageSource = (): SourceScheme => ({
  kind: "image",
  schemes: ["image"],
  check: (reference) => void digestOf(reference),
  key: (reference) => reference.toLowerCase(),
  digest: digestOf,
});
