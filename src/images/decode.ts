// From what a source gave to the image's own bytes: raw, gzip, base64, or base64 of gzip. Each layer is told by its magic bytes; the
// stream is never held whole, and both what comes in and what comes out are limited while they flow.
import { MediabayError } from "../core/errors.ts";
import { formatSize } from "../core/units.ts";
import { decodeBase64 } from "./formats/base64.ts";
import { gunzip } from "./formats/gzip.ts";
import { type Content, describe, prefixBytes, recognise } from "./formats/signatures.ts";

export interface DecodeLimit {
  readonly limitBytes: number;
  /** The setting's name, for the error. */
  readonly name: string;
}

/** Base64 with line breaks needs about 1.4 times the image, gzip of random bytes a little more: twice is beyond any honest encoding. */
export const encodedAllowance = (limitBytes: number): number => 2 * limitBytes + 64 * 1024;

export const tooLarge = ({ limitBytes, name }: DecodeLimit): MediabayError =>
  new MediabayError("IMAGE_TOO_LARGE", `The image exceeds ${formatSize(limitBytes)}, the limit ${name}.`, {
    limit: name,
    limitBytes,
  });

async function* bounded(
  source: AsyncIterable<Uint8Array>,
  bytes: number,
  limit: DecodeLimit,
): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of source) {
    total += chunk.byteLength;
    if (total > bytes) throw tooLarge(limit);
    yield chunk;
  }
}

interface Peeked {
  readonly prefix: Buffer;
  /** Everything, the prefix included. */
  readonly whole: AsyncGenerator<Uint8Array>;
}

const peek = async (iterator: AsyncIterator<Uint8Array>): Promise<Peeked> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < prefixBytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    chunks.push(next.value);
    length += next.value.byteLength;
  }
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    yield* chunks.splice(0);
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  };
  return { prefix: Buffer.concat(chunks).subarray(0, prefixBytes), whole: whole() };
};

const nouns: Readonly<Record<Content, string>> = {
  gzip: "gzip data",
  base64: "base64 text",
  iso9660: "an ISO 9660 image",
  fat: "a FAT image",
};

const invalid = (layers: readonly Content[], found: string): MediabayError => {
  const wrapping = layers
    .toReversed()
    .map((layer) => ` inside ${nouns[layer]}`)
    .join("");
  return new MediabayError("IMAGE_INVALID", `The source gave no image: it is ${found}${wrapping}.`);
};

/** Base64 comes first or not at all, gzip once: other nestings are a mistake, and a way to hide a bomb. */
const unwrap = (
  content: Content,
  layers: readonly Content[],
  whole: AsyncIterable<Uint8Array>,
): AsyncIterator<Uint8Array> => {
  if (content === "gzip" && !layers.includes("gzip")) return gunzip(whole);
  if (content === "base64" && layers.length === 0) return decodeBase64(whole);
  throw invalid(layers, nouns[content]);
};

/**
 * Streams the decoded image. What it looks like inside is `identify`'s business.
 * @throws MediabayError IMAGE_INVALID saying what the bytes look like, IMAGE_TOO_LARGE naming the limit; errors of `input` pass as they are
 */
export async function* decode(input: AsyncIterable<Uint8Array>, limit: DecodeLimit): AsyncGenerator<Uint8Array> {
  const open: AsyncIterator<Uint8Array>[] = [bounded(input, encodedAllowance(limit.limitBytes), limit)];
  const layers: Content[] = [];
  try {
    for (;;) {
      const { prefix, whole } = await peek(open.at(-1) as AsyncIterator<Uint8Array>);
      const content = recognise(prefix);
      if (content === undefined) throw invalid(layers, describe(prefix));
      if (content === "iso9660" || content === "fat") {
        yield* bounded(whole, limit.limitBytes, limit);
        return;
      }
      open.push(unwrap(content, layers, whole));
      layers.push(content);
    }
  } finally {
    for (const iterator of open.toReversed()) await iterator.return?.();
  }
}
