// The rules of VFAT names that writer and reader share. Microsoft "FAT: General Overview of On-Disk Format" 1.03, long and short names.

/** A slot of a long name holds thirteen UTF-16 units, at three places of its 32 bytes. */
export const slotUnits = 13;
export const longestName = 255;
export const recordBytes = 32;
/** The most records that a directory has, its end included. */
export const mostRecords = 65_536;

export const attributes = { volumeLabel: 0x08, directory: 0x10, archive: 0x20, longName: 0x0f } as const;

/** What binds the slots of a long name to the 11 bytes of the alias behind them. */
export const aliasChecksum = (bytes: Buffer, at: number): number => {
  let sum = 0;
  for (let index = at; index < at + 11; index += 1) sum = (((sum & 1) << 7) + (sum >> 1) + (bytes[index] ?? 0)) & 0xff;
  return sum;
};

const isAscii = /^[\0-\x7f]*$/;

const foldUnit = (unit: string): string => {
  const upper = unit.toUpperCase();
  return upper.length === 1 ? upper : unit;
};

/** Equal for names that a FAT directory cannot tell apart. FAT folds unit by unit, so that `ß` is not `SS`. */
export const foldCase = (name: string): string =>
  isAscii.test(name) ? name.toUpperCase() : name.split("").map(foldUnit).join("");
