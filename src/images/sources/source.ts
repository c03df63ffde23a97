// What a scheme must offer to be an image source. Each file beside this one is a scheme; an absent method is a thing it cannot do.
import type { Clock } from "../../core/driver.ts";
import type { Source } from "../../core/ports.ts";
import type { SourceCredential } from "../../core/source-credentials.ts";
import type { AddressPolicy } from "../../wire/address-policy.ts";
import type { LookupFunction } from "../../wire/guarded/agent.ts";
import type { OriginTimeouts } from "../../wire/guarded/origin-client.ts";

export interface SourceSettings {
  /** Folders whose files `file://` may name; none refuses the scheme. */
  readonly folders: readonly string[];
  /** PEM certificates trusted for https beside the default set. */
  readonly ca?: readonly string[];
  readonly timeouts: OriginTimeouts;
}

export interface SourceDeps {
  readonly settings: SourceSettings;
  readonly policy: AddressPolicy;
  /** Of other origins, to which the one that was named redirects. Default `policy`. */
  readonly elsewhere?: AddressPolicy;
  readonly clock: Clock;
  /** For tests; the system's resolver otherwise. */
  readonly lookup?: LookupFunction;
}

export interface TransferContext {
  readonly signal: AbortSignal;
  /** Refuses a length that is declared before the bytes come. @throws MediabayError IMAGE_TOO_LARGE */
  readonly admit: (totalBytes: number) => void;
  readonly onProgress: (receivedBytes: number, totalBytes: number | undefined) => void;
  /** The one that the source names. */
  readonly credential?: SourceCredential;
}

/** By what an origin told the bytes of one answer from others. Made, and understood, by their scheme alone. */
export interface Validator {
  /** A digest of the URI that answered, after all redirects: elsewhere the validator says nothing (RFC 9110 §8.8.3). */
  readonly answeredBy: string;
  /** Header fields that make a request conditional on other bytes. */
  readonly condition: Readonly<Record<string, string>>;
}

/** The transfer cannot go on where it broke, but it may begin again: call `read` once more. */
export class RestartTransfer extends Error {}

export interface Transfer {
  /**
   * The bytes from the first one. Breaks are mended inside as long as the attempts last.
   * @throws RestartTransfer; MediabayError SOURCE_UNREACHABLE, SOURCE_REFUSED, SOURCE_FORBIDDEN
   */
  read(): AsyncGenerator<Uint8Array>;
  /**
   * Whether the origin vouches that its bytes are still those of `validator`. Where it does not, its answer is what `read` begins with.
   * Only before the first `read`, with its errors.
   */
  unchangedSince?(validator: Validator): Promise<boolean>;
  /** Of the bytes that were read, once they came whole; undefined as well when the origin said nothing to rely on. */
  validator?(): Validator | undefined;
  /** Drops an answer that was not read. Idempotent. */
  close?(): void;
}

export interface SourceScheme {
  readonly kind: Source["kind"];
  /** URI schemes in lower case without the colon; empty when it has no URI. */
  readonly schemes: readonly string[];
  /** Whether it can do something with a named credential, or nothing without one. */
  readonly credential?: "taken" | "needed";
  /**
   * Refuses what can be refused without a connection or a look at the disk.
   * @param credential its name, for a scheme that takes one
   * @throws MediabayError INVALID_REQUEST, SOURCE_FORBIDDEN
   */
  check(reference: string, credential?: string): void;
  /** References with equal keys give the same bytes, and share one download. */
  key(reference: string): string;
  /** The digest that the reference names in our own store. */
  digest?(reference: string): string;
  /** @throws MediabayError INVALID_REQUEST, SOURCE_FORBIDDEN when the credential is not for this reference */
  open?(reference: string, context: TransferContext): Transfer;
}

const sliceBytes = 64 * 1024;

/** Of bytes that a reference holds itself, which are made only when they are read. */
export const transferOf = (make: () => Uint8Array, { signal, admit, onProgress }: TransferContext): Transfer => ({
  async *read() {
    signal.throwIfAborted();
    const bytes = make();
    admit(bytes.byteLength);
    for (let at = 0; at < bytes.byteLength; at += sliceBytes) {
      signal.throwIfAborted();
      yield bytes.subarray(at, at + sliceBytes);
      onProgress(Math.min(at + sliceBytes, bytes.byteLength), bytes.byteLength);
    }
  },
});
