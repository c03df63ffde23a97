// Checks one profile file as a contributor or an operator writes it, beside the shipped ones, and names every problem at once.
import { glob } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { MediabayError } from "../core/errors.ts";
import { equalRanks, rivalry, toFamilies } from "./families.ts";
import { loadFolder, parseProfile, type ProfileFile, protocolsUnder, readJson } from "./load.ts";
import {
  eachQuirk,
  genericId,
  type Problem,
  problemsOf,
  quirkGroups,
  type QuirkValidators,
  type Sections,
  sectionsOf,
} from "./problems.ts";
import { describeRule } from "./rules.ts";
import type { Profile } from "./schema.ts";

export interface CheckOptions {
  readonly file: string;
  /** The shipped files. A file inside it is checked as one of them, any other as a site's. */
  readonly vendorsDir: string;
  readonly validators: QuirkValidators;
}

export interface CheckedProfile {
  readonly file: string;
  readonly id: string;
  readonly title: string;
  /** `adds` a family, or `changes` a shipped one. */
  readonly effect: "adds" | "changes";
  readonly rules: readonly string[];
  readonly quirks: number;
}

/** @throws MediabayError SETTINGS_INVALID with `context.problems`: each a key of the file and what is wrong with it */
export const checkProfile = async ({ file, vendorsDir, validators }: CheckOptions): Promise<CheckedProfile> => {
  const { profile, problems } = parseProfile(await readJson(file));
  if (profile === undefined) throw refusal(file, problems);
  const inPlace = resolve(file) === join(resolve(vendorsDir), `${profile.id}.json`);
  const others = await loadFolder(vendorsDir, "shipped", inPlace ? `${profile.id}.json` : undefined);
  const checked: ProfileFile = { file, origin: inPlace ? "shipped" : "site", profile };
  const found = [
    ...misplaced(checked),
    ...problemsOf(profile, validators, protocolsUnder(others, profile.id)),
    ...rivals([...others, ...(await siblings(checked))], checked),
    ...idle(others, profile, validators),
  ];
  if (found.length > 0) throw refusal(file, found);
  return {
    file,
    id: profile.id,
    title: profile.title,
    effect: others.some((each) => each.profile.id === profile.id) ? "changes" : "adds",
    rules: profile.match.map(describeRule),
    quirks: quirkGroups(profile).flatMap(({ quirks }) => eachQuirk(quirks)).length,
  };
};

const nameOf = (key: string): string => (key === "" ? "(whole file)" : key);

const detailOf = (problems: readonly Problem[]): string => {
  const count = problems.length === 1 ? "1 key of the profile is" : `${problems.length} keys of the profile are`;
  return `${count} wrong: ${problems.map(({ key, problem }) => `${nameOf(key)} ${problem}`).join("; ")}.`;
};

const refusal = (file: string, problems: readonly Problem[]): MediabayError =>
  new MediabayError("SETTINGS_INVALID", detailOf(problems), {
    field: file,
    problems: problems.map(({ key, problem }) => ({ key: nameOf(key), problem, from: `file ${file}` })),
    hint: "Correct the named keys; `mediabay profile check --help` describes the form.",
  });

const misplaced = ({ file, profile }: ProfileFile): readonly Problem[] =>
  resolve(file).endsWith(`/${profile.id}.json`)
    ? []
    : [{ key: "id", problem: `${profile.id} is not its path: the file must be <folder>/${profile.id}.json` }];

/**
 * The other profiles of a site's folder: they are loaded together with the file. What is no profile there is told by its own check; the folder
 * may as well be any that a contributor works in.
 */
const siblings = async ({ file, origin, profile }: ProfileFile): Promise<readonly ProfileFile[]> => {
  const tail = `/${profile.id}.json`;
  if (origin === "shipped" || !resolve(file).endsWith(tail)) return [];
  const folder = resolve(file).slice(0, -tail.length);
  const others: ProfileFile[] = [];
  for await (const path of glob("*/*.json", { cwd: folder }))
    if (`/${path}` !== tail) others.push(...(await siblingAt(folder, path)));
  return others;
};

const siblingAt = async (folder: string, path: string): Promise<readonly ProfileFile[]> => {
  const file = join(folder, path);
  try {
    const { profile } = parseProfile(await readJson(file));
    return profile !== undefined && `${profile.id}.json` === path ? [{ file, origin: "site", profile }] : [];
  } catch (error) {
    if (error instanceof MediabayError) return [];
    throw error;
  }
};

const rivals = (shipped: readonly ProfileFile[], checked: ProfileFile): readonly Problem[] => {
  const { id, match } = checked.profile;
  const known = shipped.some(({ profile }) => profile.id === id);
  if (id !== genericId && match.length === 0 && !known) return [{ key: "match", problem: "needs at least one rule" }];
  return equalRanks(toFamilies([...shipped, checked])).flatMap(([one, other]) => {
    if (one.id !== id && other.id !== id) return [];
    return [{ key: "match", problem: rivalry(one.id === id ? other : one) }];
  });
};

/** Quirks that change nothing: the driver, or what lies under the file, says the same. */
const idle = (shipped: readonly ProfileFile[], profile: Profile, validators: QuirkValidators): readonly Problem[] => {
  const under = [genericId, profile.id].flatMap((id) => shipped.filter((each) => each.profile.id === id));
  // What some firmware sets cannot be said to hold for all.
  const some = new Set(
    under.flatMap((file) =>
      file.profile.firmware.flatMap(({ protocols }) => eachQuirk(protocols).map(({ name }) => name)),
    ),
  );
  const base = protocolsUnder(shipped, profile.id);
  return quirkGroups(profile).flatMap(({ at, quirks, someFirmware }) =>
    eachQuirk(quirks)
      .filter(({ name }) => !some.has(name))
      .filter(({ protocol, section, key, quirk }) => {
        const below = someFirmware ? [...base, profile.protocols] : base;
        return changesNothing(validators[protocol], sectionsOf(below, protocol), section, key, quirk.value);
      })
      .map(({ name }) => ({ key: `${at}.${name}`, problem: "changes nothing: leave it out" })),
  );
};

const changesNothing = (
  validate: QuirkValidators[keyof QuirkValidators],
  below: Sections,
  section: string,
  key: string,
  value: unknown,
): boolean => {
  if (validate === undefined) return false;
  try {
    const without = validate(below);
    const { [section]: same = {} } = below;
    return isDeepStrictEqual(without, validate({ ...below, [section]: { ...same, [key]: value } }));
  } catch (error) {
    // A value that the driver refuses is told by its own law.
    if (error instanceof MediabayError) return false;
    throw error;
  }
};
