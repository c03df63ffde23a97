// Directory records as they are read (ECMA-119 §9.1): nothing in one is trusted but its length, and that only within its sector.

export interface DirectoryRecord {
  readonly identifier: Buffer;
  /** Of the file's first byte: after the extended attributes. */
  readonly block: number;
  readonly sizeBytes: number;
  readonly directory: boolean;
  /** Resources of another system's file (§6.5.1, "associated file"): not the file. */
  readonly associated: boolean;
  /** More records of the same file follow. */
  readonly continued: boolean;
  readonly interleaved: boolean;
  readonly systemUse: Buffer;
}

const headBytes = 33;

/** Undefined when it is damaged. */
export const parseRecord = (bytes: Buffer, at: number): DirectoryRecord | undefined => {
  const length = bytes[at] ?? 0;
  if (length <= headBytes || at + length > bytes.length) return undefined;
  const identifierBytes = bytes.readUInt8(at + 32);
  const useStart = headBytes + identifierBytes + 1 - (identifierBytes % 2);
  if (identifierBytes === 0 || headBytes + identifierBytes > length) return undefined;
  const flags = bytes.readUInt8(at + 25);
  return {
    identifier: bytes.subarray(at + headBytes, at + headBytes + identifierBytes),
    block: bytes.readUInt32LE(at + 2) + bytes.readUInt8(at + 1),
    sizeBytes: bytes.readUInt32LE(at + 10),
    directory: (flags & 0x02) !== 0,
    associated: (flags & 0x04) !== 0,
    continued: (flags & 0x80) !== 0,
    interleaved: bytes.readUInt16LE(at + 26) !== 0,
    systemUse: bytes.subarray(Math.min(at + useStart, at + length), at + length),
  };
};

/** `.` and `..` are the bytes 0 and 1. */
export const isOwn = ({ identifier }: DirectoryRecord): boolean =>
  identifier.length === 1 && identifier.readUInt8(0) <= 1;

export const isSelf = ({ identifier }: DirectoryRecord): boolean => identifier.length === 1 && identifier[0] === 0;

/**
 * The records of one sector, in order. A length of zero ends its block.
 * @param damaged called once, when the rest of the sector cannot be read
 */
export function* recordsOfSector(sector: Buffer, blockBytes: number, damaged: () => void): Generator<DirectoryRecord> {
  let at = 0;
  while (at < sector.length) {
    const length = sector[at] ?? 0;
    if (length === 0) {
      at = (Math.floor(at / blockBytes) + 1) * blockBytes;
      continue;
    }
    const record = parseRecord(sector, at);
    if (record === undefined) {
      damaged();
      return;
    }
    yield record;
    at += length + (length % 2);
  }
}
