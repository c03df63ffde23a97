// Loads the settings: flags over environment over file over defaults, and names every problem at once.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { z } from "zod";
import { MediabayError } from "../core/errors.ts";
import { type Layers, layer, type Problem } from "./layers.ts";
import { type Settings, settingsSchema } from "./schema.ts";
import { settingKeys } from "./tree.ts";

export const defaultConfigFile = "/etc/mediabay/mediabay.yaml";

/** What the command line says: `config` is the file, the rest sets keys by path. */
export interface SettingFlags {
  readonly config?: string;
  readonly set?: readonly { readonly path: string; readonly value: string; readonly flag: string }[];
}

export interface SettingInputs {
  readonly flags?: SettingFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Throws as `readFileSync` does. */
  readonly readFile?: (path: string) => string;
  readonly uid?: number;
  readonly home?: string;
}

const read = (path: string): string => readFileSync(path, "utf8");

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** `/var/lib/mediabay` for root, else below the home folder. */
export const defaultStateDir = (inputs: Pick<SettingInputs, "uid" | "home">): string => {
  const uid = inputs.uid ?? process.getuid?.() ?? 0;
  return uid === 0 ? "/var/lib/mediabay" : join(inputs.home ?? homedir(), ".local", "state", "mediabay");
};

interface ConfigFile {
  readonly path: string;
  readonly content?: unknown;
  readonly problems: readonly Problem[];
}

const readConfig = (inputs: SettingInputs): ConfigFile | undefined => {
  const named = inputs.flags?.config ?? inputs.env["MEDIABAY_CONFIG"];
  const path = named ?? defaultConfigFile;
  const problemOf = (problem: string): ConfigFile => ({
    path,
    problems: [{ key: "(whole file)", from: `file ${path}`, problem }],
  });
  try {
    const document = parseDocument((inputs.readFile ?? read)(path), { prettyErrors: false });
    const [first] = document.errors;
    if (first !== undefined) return problemOf(`is not YAML: ${first.message} (at byte ${first.pos[0]})`);
    return { path, content: document.toJS() as unknown, problems: [] };
  } catch (error) {
    const code = codeOf(error);
    // yaml refuses to expand aliases without end this way.
    if (error instanceof ReferenceError) return problemOf("is not YAML: its aliases do not resolve");
    if (code === undefined) throw error;
    if (code === "ENOENT" && named === undefined) return undefined;
    return problemOf(`cannot be read (${code})`);
  }
};

/** Whatever was set nearest to the key: the key itself, a section around it, or the file. */
const originOf = (path: string, { origins }: Layers, file: string | undefined): string =>
  origins.get(path) ?? (file === undefined ? "default" : `file ${file}`);

const schemaProblems = (error: z.ZodError, layers: Layers, file: string | undefined): readonly Problem[] =>
  error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    const problemAt = (names: readonly string[], problem: string): Problem => {
      const key = names.join(".");
      return { key, from: originOf(key, layers, file), problem };
    };
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((name) => problemAt([...path, name], "is not a setting of Mediabay"));
    }
    return [problemAt(path, issue.code === "invalid_type" ? "must be a section with keys of its own" : issue.message)];
  });

/** Pairs that only make sense together, and choices that exclude each other. */
const crossProblems = (settings: Settings, from: (key: string) => string): readonly Problem[] => {
  const problems: Problem[] = [];
  const report = (key: string, problem: string): void => void problems.push({ key, from: from(key), problem });
  const pair = (section: string, { cert, key }: { cert?: string | undefined; key?: string | undefined }): void => {
    if (cert !== undefined && key === undefined) report(`${section}.cert`, `needs ${section}.key beside it`);
    if (key !== undefined && cert === undefined) report(`${section}.key`, `needs ${section}.cert beside it`);
  };
  pair("control.tls", settings.control.tls);
  pair("imagePlane.https", settings.imagePlane.https);
  if (!settings.imagePlane.http.enabled && !settings.imagePlane.https.enabled) {
    report("imagePlane.http.enabled", "leaves no image plane; enable http, https or both");
  }
  const given = (["file", "env", "credential"] as const).filter((name) => settings.keys[name] !== undefined);
  for (const name of given.slice(1)) report(`keys.${name}`, `excludes keys.${given[0] ?? ""}; give one of them`);
  const ports = [
    ["control.port", settings.control.port],
    ...(["http", "https"] as const)
      .filter((scheme) => settings.imagePlane[scheme].enabled)
      .map((scheme) => [`imagePlane.${scheme}.port`, settings.imagePlane[scheme].port] as const),
  ] as const;
  for (const [index, [key, port]] of ports.entries()) {
    const other = ports.slice(0, index).find(([, earlier]) => earlier === port && port !== 0);
    if (other !== undefined) report(key, `is already ${other[0]}`);
  }
  return problems;
};

const valueAt = (settings: Settings, path: string): unknown => {
  let value: unknown = settings;
  for (const name of path.split(".")) {
    value =
      typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
  }
  return value;
};

const unreadableFiles = (
  settings: Settings,
  readFile: (path: string) => string,
  from: (key: string) => string,
): readonly Problem[] =>
  settingKeys
    .filter((key) => key.mustBeReadable)
    .flatMap(({ path }) => {
      const file = valueAt(settings, path);
      if (typeof file !== "string") return [];
      try {
        readFile(file);
        return [];
      } catch (error) {
        const code = codeOf(error);
        if (code === undefined) throw error;
        return [{ key: path, from: from(path), problem: `names a file that cannot be read (${code})` }];
      }
    });

const refuse = (problems: readonly Problem[]): MediabayError => {
  const count = problems.length === 1 ? "1 setting is" : `${problems.length} settings are`;
  const named = problems.map(({ key, from, problem }) => `${key} ${problem} [${from}]`).join("; ");
  return new MediabayError("SETTINGS_INVALID", `${count} wrong: ${named}.`, {
    field: problems[0]?.key ?? "",
    problems,
  });
};

/**
 * The settings, complete and checked.
 * @throws MediabayError SETTINGS_INVALID; `context.problems` holds every problem as `{key, from, problem}`
 */
export const loadSettings = (inputs: SettingInputs): Settings => {
  const file = readConfig(inputs);
  const layers = layer({
    keys: settingKeys,
    env: inputs.env,
    flags: inputs.flags?.set ?? [],
    ...(file === undefined ? {} : { file: { path: file.path, content: file.content } }),
  });
  const origin = (key: string): string => originOf(key, layers, file?.path);
  const parsed = settingsSchema.safeParse({ stateDir: defaultStateDir(inputs), ...layers.values });
  const early = [...(file?.problems ?? []), ...layers.problems];
  if (!parsed.success) throw refuse([...early, ...schemaProblems(parsed.error, layers, file?.path)]);
  const late = [
    ...crossProblems(parsed.data, origin),
    ...unreadableFiles(parsed.data, inputs.readFile ?? read, origin),
  ];
  if (early.length + late.length > 0) throw refuse([...early, ...late]);
  return parsed.data;
};

/**
 * The state directory without checking any other setting, for a client that looks for the admin token there: a mistake
 * elsewhere in the file must not keep it from being found.
 */
export const findStateDir = (inputs: SettingInputs): string => {
  const fromEnvironment = inputs.env["MEDIABAY_STATE_DIR"];
  if (fromEnvironment !== undefined && fromEnvironment !== "") return fromEnvironment;
  const content = readConfig(inputs)?.content;
  const named = typeof content === "object" && content !== null && "stateDir" in content ? content.stateDir : undefined;
  return typeof named === "string" ? named : defaultStateDir(inputs);
};
