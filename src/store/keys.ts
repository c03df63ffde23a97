// Where sealing keys come from: a file (made at the first start), an environment variable, or a systemd credential
// (systemd.exec(5), LoadCredential=). One key a line or comma, base64 or hexadecimal; the first seals, all open.
import { constants } from "node:fs";
import { access, open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MediabayError } from "../core/errors.ts";
import { generateSealingKey, keyBytes, Sealer, type SealingKey, toSealingKey } from "./sealer.ts";

/** Created with a new key, mode 0600, when it does not exist, unless there is a `database`: a new key cannot open that. */
interface KeyFile {
  readonly kind: "file";
  readonly path: string;
  readonly database?: string;
}

export type KeySource =
  | KeyFile
  | { readonly kind: "environment"; readonly variable: string }
  /** `$CREDENTIALS_DIRECTORY/<name>`. */
  | { readonly kind: "systemd"; readonly name: string };

export type Environment = Readonly<Record<string, string | undefined>>;

const invalid = (message: string, cause?: unknown): MediabayError =>
  new MediabayError(
    "SETTINGS_INVALID",
    message,
    { hint: "A sealing key is 32 random bytes: `openssl rand -base64 32`." },
    { cause },
  );

const parseKey = (text: string): SealingKey => {
  if (/^[0-9a-f]{64}$/i.test(text)) return toSealingKey(Buffer.from(text, "hex"));
  const bytes = Buffer.from(text, /[-_]/.test(text) ? "base64url" : "base64");
  if (!/^[\w+/-]{43}=?$/.test(text) || bytes.byteLength !== keyBytes) {
    throw invalid("A sealing key is neither 32 bytes in base64 nor 64 hexadecimal digits.");
  }
  return toSealingKey(bytes);
};

/** @throws SETTINGS_INVALID */
export const parseKeys = (text: string): readonly SealingKey[] => {
  const keys = text
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .map(parseKey);
  if (keys.length === 0) throw invalid("No sealing key is given.");
  return keys;
};

const formatKeys = (keys: readonly SealingKey[]): string =>
  keys.map((key) => `${key.bytes.toString("base64")}\n`).join("");

/** @throws SETTINGS_INVALID (missing, malformed, or a file that others may read), STORE_UNAVAILABLE (cannot be read or written) */
export const loadSealer = async (source: KeySource, environment: Environment = process.env): Promise<Sealer> =>
  new Sealer(await loadKeys(source, environment));

const loadKeys = async (source: KeySource, environment: Environment): Promise<readonly SealingKey[]> => {
  if (source.kind === "environment") {
    const text = environment[source.variable];
    if (text === undefined) throw invalid(`The environment variable ${source.variable} is not set.`);
    return parseKeys(text);
  }
  if (source.kind === "systemd") {
    const directory = environment["CREDENTIALS_DIRECTORY"];
    if (directory === undefined) throw invalid(`The systemd credential ${source.name} was not passed to this process.`);
    return parseKeys(await readKeyFile(join(directory, source.name)));
  }
  const { path } = source;
  const keys = await readIfMade(source);
  if (keys !== undefined) return keys;
  await writePrivateFile(path, formatKeys([generateSealingKey()]));
  return parseKeys(await readKeyFile(path));
};

/** Undefined when the file is still to be made. */
const readIfMade = async ({ path, database }: KeyFile): Promise<readonly SealingKey[] | undefined> => {
  try {
    return parseKeys(await readKeyFile(path));
  } catch (error) {
    if (!(error instanceof MediabayError) || codeOf(error.cause) !== "ENOENT") throw error;
    if (database === undefined || !(await exists(database))) return undefined;
    throw new MediabayError(
      "STORE_UNAVAILABLE",
      `The key file ${path} is missing, and the database ${database} was sealed with it.`,
      { hint: `Restore ${path} from its backup; without it the stored credentials cannot be read.` },
      { cause: error },
    );
  }
};

/** Throws as `loadSealer` does, but makes no key. */
export const checkKeys = async (source: KeySource, environment: Environment = process.env): Promise<void> => {
  if (source.kind !== "file") return void (await loadKeys(source, environment));
  await readIfMade(source);
};

/** @throws STORE_UNAVAILABLE */
export const exists = async (path: string): Promise<boolean> => {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw new MediabayError("STORE_UNAVAILABLE", `The file ${path} cannot be reached.`, {}, { cause: error });
  }
};

const readKeyFile = async (path: string): Promise<string> => {
  try {
    const file = await open(path, constants.O_RDONLY);
    try {
      const { mode } = await file.stat();
      if ((mode & 0o077) !== 0 && !path.startsWith("/run/credentials/")) {
        throw new MediabayError("SETTINGS_INVALID", `The key file ${path} may be read by others.`, {
          hint: `chmod 600 ${path}`,
        });
      }
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof MediabayError) throw error;
    throw new MediabayError("STORE_UNAVAILABLE", `The key file ${path} cannot be read.`, {}, { cause: error });
  }
};

const codeOf = (error: unknown): unknown => (error instanceof Error ? Reflect.get(error, "code") : undefined);

/** Mode 0600, whole or not at all, on disk when it resolves. @throws STORE_UNAVAILABLE */
export const writePrivateFile = async (path: string, text: string): Promise<void> => {
  const unfinished = `${path}.new`;
  try {
    const file = await open(unfinished, "w", 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
    const directory = await open(dirname(path), "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    throw new MediabayError("STORE_UNAVAILABLE", `The file ${path} cannot be written.`, {}, { cause: error });
  }
};

/**
 * A new key for a store whose keys are in a file. A crash at any point leaves a file with every key that is needed: first both
 * keys are written, then all rows are wrapped anew in one transaction, then the old keys are dropped.
 * @param rewrap the store's `rotate`
 */
export const rotateKeyFile = async (path: string, rewrap: (key: SealingKey) => Promise<number>): Promise<number> => {
  const old = parseKeys(await readKeyFile(path));
  const key = generateSealingKey();
  await writePrivateFile(path, formatKeys([key, ...old]));
  const rows = await rewrap(key);
  await writePrivateFile(path, formatKeys([key]));
  return rows;
};
