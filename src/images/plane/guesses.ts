// Limits how fast paths can be guessed. Each address has a bucket of tokens; a request for a path that is nobody's takes one. Without a
// token even a right guess is refused, or the limit would limit nothing.
import type { Log } from "../../core/ports.ts";
import { isIPv4Number } from "../../wire/addresses.ts";
import { Recent } from "../recent.ts";
import { OnceAMinute } from "./once-a-minute.ts";
import type { Reader } from "./readers.ts";

export interface GuessLimits {
  /** An honest BMC asks for a handful of paths that do not exist (a checksum beside the image, a URL of yesterday). */
  readonly burst: number;
  readonly perSecond: number;
  /** Whose buckets are remembered; the one not seen for longest is forgotten first. */
  readonly addresses: number;
}

const defaultGuessLimits: GuessLimits = { burst: 60, perSecond: 1, addresses: 4096 };

interface Bucket {
  tokens: number;
  /** Monotonic time of its tokens. */
  at: number;
  readonly refusals: OnceAMinute;
}

/** A network of IPv6 counts as one: whoever has an address there has 2^64 of them. A proxy that does not tell stands for its readers. */
const keyOf = ({ address, remote }: Reader): bigint | string => {
  if (address === undefined) return remote;
  return isIPv4Number(address) ? address : -1n - (address >> 64n);
};

export class Guesses {
  readonly #limits: GuessLimits;
  readonly #monotonic: () => number;
  readonly #log: Log;
  readonly #buckets: Recent<bigint | string, Bucket>;

  constructor(monotonic: () => number, log: Log, limits: GuessLimits = defaultGuessLimits) {
    this.#monotonic = monotonic;
    this.#log = log;
    this.#limits = limits;
    this.#buckets = new Recent(limits.addresses);
  }

  /** It has no token left just now. */
  isOver(reader: Reader): boolean {
    if (this.#buckets.size === 0) return false;
    const bucket = this.#buckets.peek(keyOf(reader));
    if (bucket === undefined) return false;
    this.#refill(bucket);
    return bucket.tokens < 1;
  }

  /** It asked for a path that is nobody's. False when it has no token for that. */
  take(reader: Reader): boolean {
    const bucket = this.#bucketOf(keyOf(reader));
    this.#refill(bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** It was refused. Answers after how many seconds it may ask again. */
  refuse(reader: Reader): number {
    const bucket = this.#bucketOf(keyOf(reader));
    const refused = bucket.refusals.note(this.#monotonic());
    if (refused !== undefined)
      this.#log.warn({ remote: reader.remote, refused }, "an address asks for too many paths that do not exist");
    return Math.max(1, Math.ceil((1 - bucket.tokens) / this.#limits.perSecond));
  }

  #bucketOf(key: bigint | string): Bucket {
    const known = this.#buckets.use(key);
    if (known !== undefined) return known;
    const { burst } = this.#limits;
    const bucket = { tokens: burst, at: this.#monotonic(), refusals: new OnceAMinute() };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #refill(bucket: Bucket): void {
    const now = this.#monotonic();
    const { burst, perSecond } = this.#limits;
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
  }
}
