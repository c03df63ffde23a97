// One publication that is not withdrawn, as the image plane serves it.
import { createHash } from "node:crypto";
import { MediabayError } from "../../core/errors.ts";
import type { PublicationRecord, PublishRequest, ReadRecord } from "../../core/ports.ts";
import type { ByteRange } from "../../core/records.ts";
import { parseAddress } from "../../wire/addresses.ts";
import { imageHeaders, type Validators } from "../plane/conditions.ts";
import { ReadLog } from "../reads/read-log.ts";

export interface LivePublication {
  /** Replaced by one with `endedAt` when its terms end. */
  record: PublicationRecord;
  readonly path: string;
  readonly validators: Validators;
  readonly reads: ReadLog;
  /** Each cuts a transfer that runs just now. */
  readonly transfers: Set<() => void>;
  readonly bmcAddresses: ReadonlySet<bigint>;
  /** What is being sent just now, of responses to the BMC that have come to their last bytes; kept where full reads are limited. */
  readonly lastSteps: Set<ByteRange>;
  /** One of them is to be the last: until it is known whether it was. */
  ending: Promise<void> | undefined;
  /** Addresses other than the BMC's that were logged: each is logged once. */
  readonly strangers: Set<string>;
  readonly headers: readonly string[];
  /** Under way: finding out which image it is. */
  learning: Promise<void> | undefined;
  isWithdrawn: boolean;
}

/** Strong, stable for the publication's life, and without a trace of the digest. */
const etagOf = (record: PublicationRecord): string =>
  `"${createHash("sha256").update(`${record.token}\n${record.digest}`).digest("hex").slice(0, 32)}"`;

const toNumbers = (addresses: readonly string[]): ReadonlySet<bigint> =>
  new Set(addresses.map(parseAddress).filter((address) => address !== undefined));

export const toRecord = (
  { digest, attachmentId, machineId, terms }: PublishRequest,
  placed: Pick<PublicationRecord, "token" | "fileName" | "url" | "bmcAddresses">,
  createdAt: number,
): PublicationRecord => ({ digest, attachmentId, machineId, ...placed, createdAt, ...(terms && { terms }) });

/** `stored`: its reads until now. */
export const toLive = (record: PublicationRecord, stored: readonly ReadRecord[] = []): LivePublication => {
  const validators = { etag: etagOf(record), modifiedAt: Math.floor(record.createdAt / 1000) * 1000 };
  return {
    record,
    path: `/m/${record.token}/${record.fileName}`,
    validators,
    headers: imageHeaders(validators),
    strangers: new Set(),
    reads: new ReadLog(stored, { countsFullReads: record.terms?.fullReads !== undefined }),
    transfers: new Set(),
    bmcAddresses: toNumbers(record.bmcAddresses),
    lastSteps: new Set(),
    ending: undefined,
    learning: undefined,
    isWithdrawn: false,
  };
};

export const otherPublication = (attachment: string): MediabayError =>
  new MediabayError("INTERNAL", "This attachment's publication is of another image or being withdrawn.", {
    attachment,
  });

export const cutTransfers = ({ transfers }: LivePublication): void => {
  for (const cut of transfers) cut();
};
