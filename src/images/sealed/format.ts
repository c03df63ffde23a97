// How an image lies on the disk: a header, then chunks sealed with AES-256-GCM (NIST SP 800-38D), so that any range is opened alone.
// The key is random and of this one file, hence a counter is a nonce that never comes again. Each chunk is authenticated with the header,
// its place, and whether it is the last: none can be changed, swapped, cut off, or moved to another file.
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from "node:crypto";
import { MediabayError } from "../../core/errors.ts";

export const keyBytes = 32;
export const headerBytes = 32;
const tagBytes = 16;
const idBytes = 16;
const magic = Buffer.from("MBSEAL\0\x01", "latin1");
const [chunkBytesAt, idAt] = [magic.length, headerBytes - idBytes];
const cipherName = "aes-256-gcm";

/** Of plaintext. Larger ones cost a reader of small blocks more, smaller ones a reader of long runs. */
export const defaultChunkBytes = 64 << 10;
/** What a header may say: it is authenticated only with the first chunk, and a buffer is made by it before. */
const mostChunkBytes = 1 << 20;

export interface SealedLayout {
  readonly header: Buffer;
  /** Random, lower-case hexadecimal: the name of its key. */
  readonly id: string;
  readonly chunkBytes: number;
}

/** A layout with the place of every byte: of a file that is whole. */
export interface SealedShape extends SealedLayout {
  readonly sizeBytes: number;
  readonly chunks: number;
}

export const altered = (id: string, cause?: unknown): MediabayError =>
  new MediabayError(
    "STORE_UNAVAILABLE",
    "A stored image does not open: its file was altered or damaged.",
    { file: id, hint: "Detach what uses it and attach again: it is then fetched anew." },
    { cause },
  );

const layoutOf = (header: Buffer): SealedLayout => ({
  header,
  id: header.toString("hex", idAt),
  chunkBytes: header.readUInt32BE(chunkBytesAt),
});

/** Of a file that is to be written. */
export const newLayout = (chunkBytes: number): SealedLayout => {
  const header = Buffer.concat([magic, Buffer.alloc(idAt - magic.length), randomBytes(idBytes)]);
  header.writeUInt32BE(chunkBytes, chunkBytesAt);
  return layoutOf(header);
};

/** Undefined when no sealed file begins so. */
export const parseHeader = (header: Buffer): SealedLayout | undefined => {
  if (header.length !== headerBytes || !header.subarray(0, magic.length).equals(magic)) return undefined;
  const layout = layoutOf(header);
  return layout.chunkBytes > 0 && layout.chunkBytes <= mostChunkBytes ? layout : undefined;
};

/** An empty image has one empty chunk, so that its end is authenticated too. */
const chunksOf = (sizeBytes: number, chunkBytes: number): number => Math.max(1, Math.ceil(sizeBytes / chunkBytes));

/** What the file of an image of `sizeBytes` has. */
export const sealedSize = (sizeBytes: number, chunkBytes: number): number =>
  headerBytes + sizeBytes + tagBytes * chunksOf(sizeBytes, chunkBytes);

/** Undefined when no image gives a file of `fileBytes`. */
export const shapeOf = (layout: SealedLayout, fileBytes: number): SealedShape | undefined => {
  const chunks = Math.ceil((fileBytes - headerBytes) / (layout.chunkBytes + tagBytes));
  const sizeBytes = fileBytes - headerBytes - tagBytes * chunks;
  const fits = sizeBytes >= 0 && chunks > 0 && sealedSize(sizeBytes, layout.chunkBytes) === fileBytes;
  return fits ? { ...layout, sizeBytes, chunks } : undefined;
};

/** Where chunk `index` begins in the file. */
export const sealedAt = ({ chunkBytes }: SealedLayout, index: number): number =>
  headerBytes + index * (chunkBytes + tagBytes);

/** What a chunk of `plainBytes` has in the file. */
export const sealedBytesOf = (plainBytes: number): number => plainBytes + tagBytes;

export const plainBytesOf = ({ chunkBytes, chunks, sizeBytes }: SealedShape, index: number): number =>
  index === chunks - 1 ? sizeBytes - index * chunkBytes : chunkBytes;

export interface ChunkCipher {
  seal(index: number, isLast: boolean, plain: Uint8Array): Buffer;
  /** Into `target`, which is as long as the chunk. @throws MediabayError STORE_UNAVAILABLE when this is not what was sealed there */
  open(index: number, isLast: boolean, sealed: Buffer, target: Buffer): void;
}

/**
 * Overwrites what node:crypto allocated, and gives it back at once: left to the garbage collector, memory outside of its heap makes it
 * run so often that it costs several times what opening a chunk does.
 */
const discard = (plain: Buffer): void => {
  plain.fill(0);
  const { buffer } = plain;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === plain.length) buffer.transfer(0);
};

/** Made once per open file: what differs from chunk to chunk is written into the same few bytes. */
export const chunkCipher = ({ header, id }: SealedLayout, key: KeyObject): ChunkCipher => {
  const nonce = Buffer.alloc(12);
  const associated = Buffer.concat([header, Buffer.alloc(9)]);
  const place = (index: number, isLast: boolean): void => {
    nonce.writeUIntBE(index, 6, 6);
    associated.writeUIntBE(index, headerBytes + 2, 6);
    associated[headerBytes + 8] = isLast ? 1 : 0;
  };
  return {
    seal(index, isLast, plain) {
      place(index, isLast);
      const cipher = createCipheriv(cipherName, key, nonce, { authTagLength: tagBytes }).setAAD(associated);
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(index, isLast, sealed, target) {
      place(index, isLast);
      const end = sealed.length - tagBytes;
      const decipher = createDecipheriv(cipherName, key, nonce, { authTagLength: tagBytes })
        .setAAD(associated)
        .setAuthTag(sealed.subarray(end));
      const plain = decipher.update(sealed.subarray(0, end));
      try {
        decipher.final();
        plain.copy(target);
      } catch (error) {
        // A plain Error when the tag does not fit, and nothing else can fail here.
        throw altered(id, error);
      } finally {
        discard(plain);
      }
    },
  };
};
