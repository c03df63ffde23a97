// Settings from files that exist in the test alone, and the problems that loading them finds.
import { MediabayError } from "../../src/core/errors.ts";
import { loadSettings, type SettingInputs } from "../../src/settings/load.ts";

export const files =
  (contents: Readonly<Record<string, string>>) =>
  (path: string): string => {
    const content = contents[path];
    if (content !== undefined) return content;
    throw Object.assign(new Error("no such file"), { code: path.startsWith("/denied") ? "EACCES" : "ENOENT" });
  };

export const inputs = (more: Partial<SettingInputs> & { readonly yaml?: string } = {}): SettingInputs => {
  const { yaml, ...rest } = more;
  const contents = yaml === undefined ? {} : { "/m.yaml": yaml };
  return {
    env: {},
    uid: 1000,
    home: "/home/ada",
    readFile: files(contents),
    ...(yaml === undefined ? {} : { flags: { config: "/m.yaml", ...rest.flags } }),
    ...(yaml === undefined ? rest : { ...rest, flags: { config: "/m.yaml", ...rest.flags } }),
  };
};

export interface Problem {
  readonly key: string;
  readonly from: string;
  readonly problem: string;
}

export const refusalOf = (given: SettingInputs): MediabayError | undefined => {
  try {
    loadSettings(given);
  } catch (error) {
    if (error instanceof MediabayError && error.code === "SETTINGS_INVALID") return error;
    throw error;
  }
  return undefined;
};

export const problemsOf = (given: SettingInputs): readonly Problem[] =>
  (refusalOf(given)?.context["problems"] ?? []) as readonly Problem[];

export const flag = (path: string, value: string) => ({ flags: { set: [{ path, value, flag: `--set ${path}` }] } });
