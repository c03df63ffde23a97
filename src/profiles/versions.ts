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
  /** What a BMC says as a version; undefined when it says it otherwise. */
  of(said: string, identity: Identity): Version | undefined;
}

const numbersOf = (text: string | undefined, separator: RegExp | string = "."): Version | undefined =>
  text?.split(separator).map(Number);

/** A scheme for which what is said is all there is to know. */
const byItself = (parse: VersionScheme["parse"]): VersionScheme => ({ parse, of: parse });

const parseDotted = (text: string): Version | undefined =>
  numbersOf(/^v?(\d+(?:\.\d+)*)(?![\d.])/iu.exec(text.trim())?.[1]);

const parseLabelled = (text: string): Version | undefined =>
  numbersOf(/(?:^|\s)v?(\d+(?:\.\d+)+)(?![\d.])/iu.exec(text)?.[1]);

const parseDashed = (text: string): Version | undefined =>
  numbersOf(/^v?(\d+(?:[.-]\d+)*)(?!\d)/iu.exec(text.trim())?.[1], /[.-]/u);

/** `17/1.20`: the generation, then the firmware. */
const parseGeneration = (text: string): Version | undefined => {
  const [, generation, firmware] = /^(\d+)\/(.+)$/u.exec(text.trim()) ?? [];
  const version = firmware === undefined ? undefined : parseDotted(firmware);
  return version === undefined ? undefined : [Number(generation), ...version];
};

/** A family that counts otherwise adds its scheme here, named by how the version is written. */
export const schemes: Readonly<Record<string, VersionScheme>> = {
  /** `7.00.30.00`, `v2.72`, `11.01.01`, `1.00-rc1`: numbers with dots between them, and whatever a maker adds behind. */
  dotted: byItself(parseDotted),
  /** `iLO 5 v2.72`, `TGBT42S 2.83`: words or a build before the first number that has a dot. */
  labelled: byItself(parseLabelled),
  /** `1.10-13`: numbers with dots or hyphens between them. */
  dashed: byItself(parseDashed),
  /**
   * `17/1.20`: the generation in front of the Manager's Model (`17G Monolithic`), then FirmwareVersion. For a maker whose versions start
   * again with a generation, so that FirmwareVersion alone must not be compared.
   */
  "model-generation": {
    parse: parseGeneration,
    of: (said, { managerModel = "" }) =>
      parseGeneration(`${/^(\d+)G\b/iu.exec(managerModel.trim())?.[1] ?? ""}/${said.trim()}`),
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

/** `said` is the version to be compared, in the BMC's words. A BMC that does not tell it is in no range. */
export const inRange = (said: string | undefined, range: VersionRange, identity: Identity): boolean => {
  const version = said === undefined ? undefined : schemes[range.scheme]?.of(said, identity);
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

/** No version is in it. */
export const isEmptyRange = (range: VersionRange): boolean => endsBefore(range, range);

export const describeRange = ({ scheme, from, below }: VersionRange): string =>
  [from === undefined ? "" : `from ${from}`, below === undefined ? "" : `below ${below}`, `(${scheme})`]
    .filter((part) => part !== "")
    .join(" ");
