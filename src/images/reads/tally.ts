// Reads of one publication, summed up: what its BMC got, what of that since the medium settled (see evidence.ts), and what strangers got.
import type { ImageFile } from "../../core/configdrive.ts";
import type { ReadRecord } from "../../core/ports.ts";
import type { ReadSummary, StrangerReads } from "../../core/records.ts";
import { Coverage } from "./coverage.ts";
import { Evidence } from "./evidence.ts";

/** Beyond these, addresses are left out. */
const mostRemotes = 64;
/** Likewise ranges: a listing holds many summaries, and each read at random places has one of its own. */
const mostRanges = 256;

class Traffic {
  readonly #remotes = new Set<string>();
  #requests = 0;
  #bytesSent = 0;

  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** True for an address that is new here and finds room. */
  add({ remote, from, to, requests }: ReadRecord): boolean {
    this.#requests += requests;
    this.#bytesSent += to - from;
    if (this.#remotes.has(remote) || this.#remotes.size >= mostRemotes) return false;
    this.#remotes.add(remote);
    return true;
  }

  sum(): StrangerReads {
    return { requests: this.#requests, bytesSent: this.#bytesSent, remotes: [...this.#remotes] };
  }
}

export class Tally {
  readonly #coverage = new Coverage();
  readonly #traffic = new Traffic();
  readonly #strangers = new Traffic();
  /** Their requests that got nothing. */
  readonly #refused = new Traffic();
  readonly #files: readonly ImageFile[];
  readonly #sizeBytes: number | undefined;
  #evidence: Evidence;
  #phase = 0;
  #firstAt: number | undefined;
  #lastAt: number | undefined;

  constructor(files: readonly ImageFile[] = [], sizeBytes?: number) {
    this.#files = files;
    this.#sizeBytes = sizeBytes;
    this.#evidence = new Evidence(files, sizeBytes);
  }

  /** By the BMC. */
  get bytesSent(): number {
    return this.#traffic.bytesSent;
  }

  get evidence(): Evidence {
    return this.#evidence;
  }

  /** How often the medium has settled. */
  get phase(): number {
    return this.#phase;
  }

  /** The order of records does not matter, but for the times of files. True for one of a stranger that is new among his like. */
  add(record: ReadRecord): boolean {
    if (record.stranger) return this.#trafficOf(record).add(record);
    const { phase = 0, from, to, requests, firstAt, lastAt } = record;
    if (phase > this.#phase) {
      this.#phase = phase;
      this.#evidence = new Evidence(this.#files, this.#sizeBytes);
    }
    if (phase === this.#phase) this.#evidence.add(record);
    if (requests === 0) return false;
    this.#coverage.add(from, to);
    this.#traffic.add(record);
    if (to === from) return false;
    this.#firstAt = this.#firstAt === undefined ? firstAt : Math.min(this.#firstAt, firstAt);
    this.#lastAt = this.#lastAt === undefined ? lastAt : Math.max(this.#lastAt, lastAt);
    return false;
  }

  summary(): ReadSummary {
    const { requests, bytesSent, remotes } = this.#traffic.sum();
    const strangers = sumOf(this.#strangers.sum(), this.#refused.sum());
    const coverageLeftOut = this.#coverage.count - mostRanges;
    return {
      requests,
      bytesSent,
      coveredBytes: this.#coverage.coveredBytes,
      coverage: this.#coverage.ranges(mostRanges),
      ...(coverageLeftOut > 0 && { coverageLeftOut }),
      ...(this.#firstAt === undefined ? {} : { firstReadAt: this.#firstAt }),
      ...(this.#lastAt === undefined ? {} : { lastReadAt: this.#lastAt }),
      remotes,
      pattern: this.#evidence.pattern,
      ...(this.#phase > 0 && { settledBytes: this.#evidence.coveredBytes }),
      ...(strangers.requests > 0 && { strangers }),
      ...this.#evidence.files?.list(),
    };
  }

  /** A HEAD has no bytes to get. */
  #trafficOf({ method, from, to }: ReadRecord): Traffic {
    return method === "GET" && from === to ? this.#refused : this.#strangers;
  }
}

const sumOf = (served: StrangerReads, refused: StrangerReads): StrangerReads => ({
  requests: served.requests + refused.requests,
  bytesSent: served.bytesSent,
  remotes: [...new Set([...served.remotes, ...refused.remotes])].slice(0, mostRemotes),
});

/** The summary of stored records. First and last read are those that sent bytes: a HEAD alone is a request, not a read. */
export const summariseReads = (records: Iterable<ReadRecord>): ReadSummary => {
  const tally = new Tally();
  for (const record of records) tally.add(record);
  return tally.summary();
};
