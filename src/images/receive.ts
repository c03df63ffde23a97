// An image into the store: written, identified, sealed, and named only if somebody still wants it.
import type { ImageRecord } from "../core/records.ts";
import { identify } from "./identify.ts";
import type { ImageStore } from "./store.ts";

/**
 * @param bytes of the image itself
 * @param holdersOf asked at the last moment; without a holder nothing is kept
 * @throws MediabayError IMAGE_INVALID, IMAGE_TOO_LARGE, STORE_UNAVAILABLE; what `bytes` throws; the signal's reason
 */
export const receiveImage = async (
  store: ImageStore,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  holdersOf: (digest: string) => readonly string[],
  signal: AbortSignal,
): Promise<{ readonly digest: string; readonly record: ImageRecord | undefined }> => {
  const incoming = await store.receive();
  try {
    for await (const chunk of bytes) await incoming.write(chunk);
    const image = await identify(incoming.readAt, incoming.sizeBytes);
    const digest = await incoming.seal();
    signal.throwIfAborted();
    return { digest, record: await store.commit(incoming, digest, image, () => holdersOf(digest)) };
  } finally {
    await incoming.discard();
  }
};
