// Reads profile files. Refuses what is malformed or misplaced, naming the file and the key.
import type { Dirent } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { MediabayError } from "../core/errors.ts";
import type { ProfileOrigin } from "../core/vocabulary.ts";
import { genericId, type Problem, problemsOf, type QuirkValidators } from "./problems.ts";
import { type Profile, profileSchema, type QuirksByProtocol } from "./schema.ts";

/** One file, as it is read. `file` is for people. */
export interface ProfileFile {
  readonly file: string;
  readonly origin: ProfileOrigin;
  readonly profile: Profile;
}

export const refuse = (file: string, problem: string, cause?: unknown): MediabayError =>
  new MediabayError("SETTINGS_INVALID", `Profile ${file}: ${problem}.`, { field: file }, { cause });

/** What a file of this id lies upon: the generic profile and, for a site's file, the shipped one. */
export const protocolsUnder = (shipped: readonly ProfileFile[], id: string): readonly QuirksByProtocol[] =>
  [genericId, id]
    .flatMap((each) => shipped.filter(({ profile }) => profile.id === each))
    .map(({ profile }) => profile.protocols);

/** @throws MediabayError SETTINGS_INVALID naming the first file, and its key, that breaks a law */
export const refuseProblems = (
  files: readonly ProfileFile[],
  validators: QuirkValidators,
  shipped: readonly ProfileFile[] = [],
): void => {
  for (const { file, profile } of files) {
    const [first] = problemsOf(profile, validators, protocolsUnder(shipped, profile.id));
    if (first !== undefined) throw refuse(file, `${first.key}: ${first.problem}`);
  }
};

/** All but the path `except`. @throws MediabayError SETTINGS_INVALID naming the file that is no profile, and its key */
export const loadFolder = async (
  folder: string,
  origin: ProfileOrigin,
  except?: string,
): Promise<readonly ProfileFile[]> => {
  const paths = (await list(folder))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const visible = paths.map((path) => relative(folder, path)).filter((path) => !/(^|\/)\./u.test(path));
  const wanted = visible.filter((path) => path !== except);
  return Promise.all(wanted.toSorted().map((path) => loadFile(folder, path, origin)));
};

const list = async (folder: string): Promise<readonly Dirent[]> => {
  try {
    return await readdir(folder, { withFileTypes: true, recursive: true });
  } catch (error) {
    throw refuse(folder, "cannot be read as a folder", error);
  }
};

const loadFile = async (folder: string, path: string, origin: ProfileOrigin): Promise<ProfileFile> => {
  const file = join(folder, path);
  if (!path.endsWith(".json")) throw refuse(file, "is not a .json file");
  const { profile, problems } = parseProfile(await readJson(file));
  if (profile === undefined) throw refuse(file, `${problems[0]?.key ?? ""}: ${problems[0]?.problem ?? "is malformed"}`);
  if (`${profile.id}.json` !== path) throw refuse(file, `id: ${profile.id} is not its path`);
  return { file, origin, profile };
};

/** Either a profile or the problems of its form. */
export const parseProfile = (
  json: unknown,
): { readonly profile?: Profile | undefined; readonly problems: readonly Problem[] } => {
  const parsed = profileSchema.safeParse(json);
  if (parsed.success) return { profile: parsed.data, problems: [] };
  return {
    problems: parsed.error.issues.map(({ path, message }) => ({ key: path.join("."), problem: message })),
  };
};

/** @throws MediabayError SETTINGS_INVALID */
export const readJson = async (file: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw refuse(file, error instanceof SyntaxError ? `is not JSON (${error.message})` : "cannot be read", error);
  }
};
