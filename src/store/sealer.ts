// Envelope sealing with AES-256-GCM (NIST SP 800-38D): each secret has a random data key (DEK), which a key-encryption key (KEK) wraps.
// The row's id is authenticated with both, so that a sealed value moved to another row does not open.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { Json } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";

/** A KEK. `id` is derived from the key and may be shown. */
export interface SealingKey {
  readonly id: string;
  readonly bytes: Buffer;
}

export interface Sealed {
  readonly keyId: string;
  /** base64url of version, wrapped DEK and ciphertext. */
  readonly text: string;
}

export const keyBytes = 32;
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const boxedKeyBytes = nonceBytes + keyBytes + tagBytes;

/** @throws SETTINGS_INVALID when `bytes` are not 32 */
export const toSealingKey = (bytes: Buffer): SealingKey => {
  if (bytes.byteLength !== keyBytes) {
    throw new MediabayError("SETTINGS_INVALID", `A sealing key has ${keyBytes} bytes, this one ${bytes.byteLength}.`, {
      hint: "Make one with `openssl rand -base64 32`.",
    });
  }
  const digest = createHash("sha256").update("mediabay sealing key\0").update(bytes).digest("hex");
  return { id: digest.slice(0, 16), bytes };
};

export const generateSealingKey = (): SealingKey => toSealingKey(randomBytes(keyBytes));

const box = (key: Buffer, plain: Buffer, aad: string): Buffer => {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(aad));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
};

const unbox = (key: Buffer, boxed: Buffer, aad: string): Buffer => {
  const decipher = createDecipheriv("aes-256-gcm", key, boxed.subarray(0, nonceBytes), { authTagLength: tagBytes })
    .setAAD(Buffer.from(aad))
    .setAuthTag(boxed.subarray(-tagBytes));
  return Buffer.concat([decipher.update(boxed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
};

const keyAad = (id: string, keyId: string): string => `mediabay/${version}/key\0${keyId}\0${id}`;
const valueAad = (id: string): string => `mediabay/${version}/value\0${id}`;

/** Seals under its first key and opens what any of its keys sealed. */
export class Sealer {
  #keys: readonly SealingKey[];

  /** @throws SETTINGS_INVALID without a key */
  constructor(keys: readonly SealingKey[]) {
    if (keys.length === 0) throw new MediabayError("SETTINGS_INVALID", "No sealing key is given.");
    this.#keys = keys;
  }

  /** The key that seals. */
  get keyId(): string {
    return this.#first.id;
  }

  get keyIds(): readonly string[] {
    return this.#keys.map((key) => key.id);
  }

  /** `id` names the row; the same is needed to open. */
  seal(id: string, value: Json): Sealed {
    const dek = randomBytes(keyBytes);
    const boxed = box(dek, Buffer.from(JSON.stringify(value)), valueAad(id));
    const sealed = this.#wrap(id, dek, boxed);
    dek.fill(0);
    return sealed;
  }

  /** @throws STORE_UNAVAILABLE when the key is not loaded, or the row was altered or belongs elsewhere */
  open(id: string, sealed: Sealed): Json {
    const { dek, boxed } = this.#unwrap(id, sealed);
    const plain = this.#authenticated(sealed, () => unbox(dek, boxed, valueAad(id)));
    dek.fill(0);
    return JSON.parse(plain.toString("utf8")) as Json;
  }

  /** The same value under the first key: only its DEK is wrapped anew. */
  rewrap(id: string, sealed: Sealed): Sealed {
    const { dek, boxed } = this.#unwrap(id, sealed);
    const rewrapped = this.#wrap(id, dek, boxed);
    dek.fill(0);
    return rewrapped;
  }

  /** From now on `key` seals; the others still open. */
  use(key: SealingKey): void {
    this.#keys = [key, ...this.#keys.filter((known) => known.id !== key.id)];
  }

  get #first(): SealingKey {
    const [first] = this.#keys;
    if (!first) throw new MediabayError("SETTINGS_INVALID", "No sealing key is given.");
    return first;
  }

  #wrap(id: string, dek: Buffer, boxed: Buffer): Sealed {
    const key = this.#first;
    const wrapped = box(key.bytes, dek, keyAad(id, key.id));
    return { keyId: key.id, text: Buffer.concat([Buffer.of(version), wrapped, boxed]).toString("base64url") };
  }

  #unwrap(id: string, sealed: Sealed): { readonly dek: Buffer; readonly boxed: Buffer } {
    const key = this.#keys.find((known) => known.id === sealed.keyId);
    if (!key) throw missingKey(sealed.keyId);
    const envelope = Buffer.from(sealed.text, "base64url");
    if (envelope[0] !== version || envelope.byteLength < 1 + boxedKeyBytes + nonceBytes + tagBytes)
      throw altered(sealed);
    const wrapped = envelope.subarray(1, 1 + boxedKeyBytes);
    const dek = this.#authenticated(sealed, () => unbox(key.bytes, wrapped, keyAad(id, key.id)));
    return { dek, boxed: envelope.subarray(1 + boxedKeyBytes) };
  }

  /** `final()` of an AES-GCM decipher throws a plain Error when the tag does not fit, and nothing else can fail here. */
  #authenticated(sealed: Sealed, open: () => Buffer): Buffer {
    try {
      return open();
    } catch (error) {
      throw altered(sealed, error);
    }
  }
}

export const missingKey = (keyId: string): MediabayError =>
  new MediabayError("STORE_UNAVAILABLE", `The store is sealed with the key ${keyId}, which is not loaded.`, {
    hint: "Give the key that sealed this store; several may be given, the first seals.",
  });

const altered = (sealed: Sealed, cause?: unknown): MediabayError =>
  new MediabayError(
    "STORE_UNAVAILABLE",
    `A sealed value does not open with the key ${sealed.keyId}.`,
    { hint: "The store's files were altered or damaged; restore them from a backup." },
    { cause },
  );
