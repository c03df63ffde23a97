// What keeps a hostile image from making the reader work for ever, or from leading it outside: every read, entry and warning passes here.
import { MediabayError } from "../../../core/errors.ts";
import { type Breathe, createBreathe } from "../../breath.ts";
import { cutPath, type ReadAt, type ReadLimits } from "../../tree.ts";

/** Of all paths together: names of 255 bytes in folders of 64 levels would fill the memory long before the entries are too many. */
const mostPathCharacters = 16 << 20;
const mostWarnings = 100;
/** On the average: real entries have five to ten. */
const mostFieldsPerEntry = 16;

export const invalid = (message: string, cause?: unknown): MediabayError =>
  new MediabayError("IMAGE_INVALID", message, {}, { cause });

/** A path as a line for people takes it: nothing in it can move a terminal's cursor. */
export const shown = (path: string): string => {
  if (path === "") return "(root)";
  const short = cutPath(path);
  return /^[^\p{C}"\\]*$/u.test(short) ? short : JSON.stringify(short).replaceAll(/\p{C}/gu, "�");
};

export interface Bounds {
  readonly sizeBytes: number;
  readonly warnings: readonly string[];
  /** Exactly so many bytes. @throws MediabayError IMAGE_INVALID outside of the image */
  read(offset: number, length: number): Promise<Buffer>;
  holds(offset: number, length: number): boolean;
  readonly breathe: Breathe;
  /** Of a directory or of a continuation area. @throws MediabayError IMAGE_INVALID beyond the limit */
  takeDirectoryBytes(bytes: number): void;
  /** @throws MediabayError IMAGE_INVALID beyond the limit */
  takeEntry(): void;
  /** Of Rock Ridge. @throws MediabayError IMAGE_INVALID beyond the limit */
  takeFields(count: number): void;
  /** @throws MediabayError IMAGE_INVALID beyond the limit */
  takePath(path: string): void;
  /** Takes an entry more of this path, unless it is beyond the limits. */
  hasRoomFor(path: string): boolean;
  /** Asked for while people would read it: a hostile image earns too many. */
  warn(warning: () => string): void;
}

export const createBounds = (readAt: ReadAt, sizeBytes: number, limits: ReadLimits): Bounds => {
  const warnings: string[] = [];
  let [entries, fields, directoryBytes, pathCharacters, moreWarnings] = [0, 0, 0, 0, 0];
  const holds = (offset: number, length: number): boolean => offset >= 0 && length >= 0 && offset + length <= sizeBytes;
  return {
    sizeBytes,
    get warnings() {
      return moreWarnings === 0 ? warnings : [...warnings, `There are ${moreWarnings} more of such faults.`];
    },
    holds,
    breathe: createBreathe(),
    async read(offset, length) {
      if (!holds(offset, length)) throw invalid("The ISO 9660 image refers to bytes past its end.");
      const bytes = await readAt(offset, length);
      if (bytes.length !== length) throw invalid("The ISO 9660 image ends before its size.");
      return bytes;
    },
    takeDirectoryBytes(bytes) {
      directoryBytes += bytes;
      if (directoryBytes > limits.directoryBytes)
        throw invalid(`The ISO 9660 image has more than ${limits.directoryBytes} bytes of directories.`);
    },
    takeEntry() {
      entries += 1;
      if (entries > limits.entries) throw invalid(`The ISO 9660 image has more than ${limits.entries} entries.`);
    },
    takeFields(count) {
      fields += count;
      if (fields > limits.entries * mostFieldsPerEntry)
        throw invalid("The ISO 9660 image's entries have too many Rock Ridge fields.");
    },
    hasRoomFor(path) {
      const hasRoom = entries < limits.entries && pathCharacters + path.length <= mostPathCharacters;
      if (hasRoom) [entries, pathCharacters] = [entries + 1, pathCharacters + path.length];
      return hasRoom;
    },
    takePath(path) {
      pathCharacters += path.length;
      if (pathCharacters > mostPathCharacters) throw invalid("The ISO 9660 image's paths are too long together.");
    },
    warn(warning) {
      if (warnings.length < mostWarnings) warnings.push(warning());
      else moreWarnings += 1;
    },
  };
};
