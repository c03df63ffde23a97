// Firmware versions: a table of named schemes, each of which makes versions comparable, and half-open ranges over them.
import type { Identity } from "../core/driver.ts";

/** Compared number by number; a missing number counts as 0. */
export type Version = readonly number[];

/** `from` is inclusive, `below` exclusive; an absent bound is open. */
export interface VersionRange {
  readonly scheme: string;
  readonly from?: string | undefined;
  readonly below?: string | undefined;
}

interface VersionScheme {
  /** Reads a bound of a range; undefined when it is not of this scheme. */
  parse(text: string): Version | undefined;
  /** The version of a BMC; undefined when it does not say, or says it otherwise. */
  of(identity: Identity): Version | undefined;
}

/** `7.00.30.00`, `v2.72`, `1.00-rc1`: numbers with dots between them, and whatever a maker adds behind. */
const parseDotted = (text: string): Version | undefined => {
  const numbers = /^v?(\d+(?:\.\d+)*)(?![\d.])/iu.exec(text.trim())?.[1];
  return numbers?.split(".").map(Number);
};

/** A family that counts otherwise (a generation before the version, dates, letters) adds its scheme here, by what it does. */
export const schemes: Readonly<Record<string, VersionScheme>> = {
  dotted: {
    parse: parseDotted,
    of: ({ firmwareVersion }) => (firmwareVersion === undefined ? undefined : parseDotted(firmwareVersion)),
  },
};

export const compareVersions = (left: Version, right: Version): number => {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
};

const bound = (range: VersionRange, text: string | undefined): Version | undefined =>
  text === undefined ? undefined : schemes[range.scheme]?.parse(text);

/** A BMC that does not tell its version is in no range. */
export const inRange = (identity: Identity, range: VersionRange): boolean => {
  const version = schemes[range.scheme]?.of(identity);
  if (version === undefined) return false;
  const from = bound(range, range.from);
  const below = bound(range, range.below);
  return (
    (from === undefined || compareVersions(version, from) >= 0) &&
    (below === undefined || compareVersions(version, below) < 0)
  );
};

/** True unless it is certain that no version is in both: ranges of different schemes may always meet. */
export const rangesMayMeet = (left: VersionRange, right: VersionRange): boolean =>
  left.scheme !== right.scheme || !(endsBefore(left, right) || endsBefore(right, left));

const endsBefore = (first: VersionRange, second: VersionRange): boolean => {
  const below = bound(first, first.below);
  const from = bound(second, second.from);
  return below !== undefined && from !== undefined && compareVersions(below, from) <= 0;
};

export const describeRange = ({ scheme, from, below }: VersionRange): string =>
  [from === undefined ? "" : `from ${from}`, below === undefined ? "" : `below ${below}`, `(${scheme})`]
    .filter((part) => part !== "")
    .join(" ");
