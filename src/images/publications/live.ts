// One publication that is not withdrawn, as the image plane serves it.
import { createHash } from "node:crypto";
import type { PublicationRecord } from "../../core/ports.ts";
import { parseAddress } from "../../wire/addresses.ts";
import { imageHeaders, type Validators } from "../plane/conditions.ts";
import type { ReadLog } from "../reads/read-log.ts";

export interface LivePublication {
  /** Replaced by one with `endedAt` when its terms end. */
  record: PublicationRecord;
  readonly path: string;
  readonly validators: Validators;
  readonly reads: ReadLog;
  /** Each cuts a transfer that runs just now. */
  readonly transfers: Set<() => void>;
  readonly bmcAddresses: ReadonlySet<bigint>;
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

export const toLive = (record: PublicationRecord, reads: ReadLog): LivePublication => {
  const validators = { etag: etagOf(record), modifiedAt: Math.floor(record.createdAt / 1000) * 1000 };
  return {
    record,
    path: `/m/${record.token}/${record.fileName}`,
    validators,
    headers: imageHeaders(validators),
    strangers: new Set(),
    reads,
    transfers: new Set(),
    bmcAddresses: toNumbers(record.bmcAddresses),
    learning: undefined,
    isWithdrawn: false,
  };
};

export const cutTransfers = ({ transfers }: LivePublication): void => {
  for (const cut of transfers) cut();
};
