// Reads the profile files of a folder and merges the shipped ones with a site's own into families. Refuses what is
// malformed, misplaced, or ambiguous, naming the file and the key.
import type { Dirent } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { ProtocolName } from "../core/vocabulary.ts";
import { MediabayError } from "../core/errors.ts";
import { ruleScore, rulesMayMeet } from "./rules.ts";
import { type Profile, type QuirksByProtocol, type Rule, profileSchema } from "./schema.ts";
import { rangesMayMeet } from "./versions.ts";

/** Throws a MediabayError when a protocol's driver does not know, or not take, what it is given. */
export type QuirkValidators = Partial<
  Record<ProtocolName, (sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => unknown>
>;

export type Origin = "shipped" | "site";

/** One file, as it is read. `file` is for people. */
export interface ProfileFile {
  readonly file: string;
  readonly origin: Origin;
  readonly profile: Profile;
}

/** Everything known of one BMC family. Later files win over earlier ones. */
export interface Family {
  readonly id: string;
  readonly title: string;
  readonly priority: number;
  readonly rules: readonly Rule[];
  readonly files: readonly ProfileFile[];
}

/** The profile under all others: what it sets holds for every BMC that no family says otherwise of. */
export const genericId = "generic";

const refuse = (file: string, problem: string, cause?: unknown): MediabayError =>
  new MediabayError("SETTINGS_INVALID", `Profile ${file}: ${problem}.`, { field: file }, { cause });

/** @throws MediabayError SETTINGS_INVALID naming the file and the key */
export const loadFolder = async (
  folder: string,
  origin: Origin,
  validators: QuirkValidators,
): Promise<readonly ProfileFile[]> => {
  const paths = (await list(folder))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const visible = paths.map((path) => relative(folder, path)).filter((path) => !/(^|\/)\./u.test(path));
  const files = await Promise.all(visible.toSorted().map((path) => loadFile(folder, path, origin)));
  for (const file of files) {
    refuseMeetingRanges(file);
    for (const quirks of [file.profile.protocols, ...file.profile.firmware.map((override) => override.protocols)])
      validate(file.file, quirks, validators);
  }
  return files;
};

const list = async (folder: string): Promise<readonly Dirent[]> => {
  try {
    return await readdir(folder, { withFileTypes: true, recursive: true });
  } catch (error) {
    throw refuse(folder, "cannot be read as a folder", error);
  }
};

const loadFile = async (folder: string, path: string, origin: Origin): Promise<ProfileFile> => {
  const file = join(folder, path);
  if (!path.endsWith(".json")) throw refuse(file, "is not a .json file");
  const parsed = profileSchema.safeParse(await readJson(file));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refuse(file, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is malformed"}`, parsed.error);
  }
  const profile = parsed.data;
  if (`${profile.id}.json` !== path) throw refuse(file, `id: ${profile.id} is not its path`);
  if (profile.id === genericId && profile.match.length + profile.firmware.length > 0)
    throw refuse(file, "match: the generic profile holds for every BMC");
  return { file, origin, profile };
};

const readJson = async (file: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw refuse(file, error instanceof SyntaxError ? `is not JSON (${error.message})` : "cannot be read", error);
  }
};

/** Each quirk is shown to its driver alone, so that the one at fault can be named. */
const validate = (file: string, quirks: QuirksByProtocol, validators: QuirkValidators): void => {
  for (const { protocol, section, key, quirk } of eachQuirk(quirks)) {
    try {
      validators[protocol]?.({ [section]: { [key]: quirk.value } });
    } catch (error) {
      if (!(error instanceof MediabayError)) throw error;
      throw refuse(file, `protocols.${protocol}.${section}.${key}: ${error.message.replace(/\.$/u, "")}`, error);
    }
  }
};

export const eachQuirk = (quirks: QuirksByProtocol) =>
  (Object.keys(quirks) as ProtocolName[]).flatMap((protocol) =>
    Object.entries(quirks[protocol] ?? {}).flatMap(([section, keys]) =>
      Object.entries(keys).map(([key, quirk]) => ({ protocol, section, key, quirk })),
    ),
  );

const refuseMeetingRanges = ({ file, profile }: ProfileFile): void => {
  const quirkNames = (quirks: QuirksByProtocol): readonly string[] =>
    eachQuirk(quirks).map(({ protocol, section, key }) => `${protocol}.${section}.${key}`);
  for (const [index, one] of profile.firmware.entries()) {
    for (const other of profile.firmware.slice(index + 1)) {
      const names = new Set(quirkNames(one.protocols));
      const both = quirkNames(other.protocols).find((name) => names.has(name));
      if (both !== undefined && rangesMayMeet(one.when, other.when))
        throw refuse(file, `firmware: two ranges that may meet both set ${both}`);
    }
  }
};

/** Joins a site's files to the shipped families; a site's `match` and `priority` replace the shipped ones when given. */
export const joinFamilies = (shipped: readonly ProfileFile[], site: readonly ProfileFile[]): readonly Family[] => {
  const ids = new Set([...shipped, ...site].map(({ profile }) => profile.id));
  const families = [...ids].map((id): Family => {
    const files = [...shipped, ...site].filter(({ profile }) => profile.id === id);
    const last = <T>(pick: (profile: Profile) => T | undefined): T | undefined =>
      files.map(({ profile }) => pick(profile)).findLast((value) => value !== undefined);
    return {
      id,
      title: last(({ title }) => title) ?? id,
      priority: last(({ priority }) => priority) ?? 0,
      rules: last(({ match }) => (match.length > 0 ? match : undefined)) ?? [],
      files,
    };
  });
  for (const { id, rules, files } of families)
    if (id !== genericId && rules.length === 0) throw refuse(files[0]?.file ?? id, "match: needs at least one rule");
  refuseEqualRanks(families);
  return families;
};

const refuseEqualRanks = (families: readonly Family[]): void => {
  for (const [index, one] of families.entries())
    for (const other of families.slice(index + 1))
      if (one.priority === other.priority && meetAtOneScore(one.rules, other.rules))
        throw refuse(
          other.files.at(-1)?.file ?? other.id,
          `match: a rule of equal rank in ${one.id} may hold for the same BMC; give one of them a priority or a score`,
        );
};

const meetAtOneScore = (ones: readonly Rule[], others: readonly Rule[]): boolean =>
  ones.some((one) => others.some((other) => ruleScore(one) === ruleScore(other) && rulesMayMeet(one, other)));
