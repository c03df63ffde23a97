// Lays file, environment and flags over one another and remembers where each value came from.
import type { SettingKey } from "./tree.ts";

export interface Problem {
  /** Key path, or the name of the variable or file where there is no key. */
  readonly key: string;
  /** `file /etc/…`, `environment MEDIABAY_…`, `flag --…`, `default`. */
  readonly from: string;
  readonly problem: string;
}

export interface Layers {
  readonly values: Tree;
  /** Where a key's value came from, by key path. */
  readonly origins: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

export interface Tree {
  [key: string]: unknown;
}

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Kubernetes puts `MEDIABAY_SERVICE_HOST`, `MEDIABAY_PORT_8480_TCP` … into every pod beside a service of that name; they are
 * not settings. The rest of the list belongs to the command line.
 */
const foreignVariables =
  /^MEDIABAY_(URL|TOKEN|TOKEN_FILE|CA_FILE|CONFIG|KEY|SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP)(_.*)?)?)$/;

const put = (values: Tree, path: string, value: unknown): void => {
  const names = path.split(".");
  let section = values;
  for (const name of names.slice(0, -1)) {
    const next = section[name] ?? {};
    // A section that is no section is reported by the schema; nothing can be laid over it.
    if (!isTree(next)) return;
    section[name] = next;
    section = next;
  }
  section[names.at(-1) ?? ""] = value;
};

const keysAndSections = (keys: readonly SettingKey[]): ReadonlySet<string> =>
  new Set(
    keys.flatMap(({ path }) => {
      const names = path.split(".");
      return names.map((_name, index) => names.slice(0, index + 1).join("."));
    }),
  );

/** A copy without the nulls that YAML makes of `section:` with nothing under it. Unknown keys stay, to be reported. */
const withoutNulls = (tree: Tree, known: ReadonlySet<string>, prefix = ""): Tree => {
  const copy: Tree = {};
  for (const [name, value] of Object.entries(tree)) {
    const path = `${prefix}${name}`;
    if (value === null && known.has(path)) continue;
    copy[name] = isTree(value) ? withoutNulls(value, known, `${path}.`) : value;
  }
  return copy;
};

export interface Inputs {
  readonly keys: readonly SettingKey[];
  readonly file?: { readonly path: string; readonly content: unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By key path; `flag` is how the person wrote it. */
  readonly flags: readonly { readonly path: string; readonly value: string; readonly flag: string }[];
}

/** Flags over environment over file. */
export const layer = ({ keys, file, env, flags }: Inputs): Layers => {
  const problems: Problem[] = [];
  const origins = new Map<string, string>();
  const content = file?.content ?? {};
  if (file !== undefined && !isTree(content)) {
    problems.push({
      key: "(whole file)",
      from: `file ${file.path}`,
      problem: "must be a mapping of sections and keys",
    });
  }
  const values = isTree(content) ? withoutNulls(content, keysAndSections(keys)) : {};
  const byVariable = new Map(keys.map((key) => [key.environment, key]));
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("MEDIABAY_") || value === undefined || foreignVariables.test(name)) continue;
    const key = byVariable.get(name);
    if (key === undefined) {
      if (name !== env["MEDIABAY_KEYS_ENV"]) {
        problems.push({ key: name, from: `environment ${name}`, problem: "is not a setting of Mediabay" });
      }
      continue;
    }
    put(values, key.path, value);
    origins.set(key.path, `environment ${name}`);
  }
  const paths = new Set(keys.map((key) => key.path));
  for (const { path, value, flag } of flags) {
    if (!paths.has(path)) {
      problems.push({ key: path, from: `flag ${flag}`, problem: "is not a setting of Mediabay" });
      continue;
    }
    put(values, path, value);
    origins.set(path, `flag ${flag}`);
  }
  return { values, origins, problems };
};
