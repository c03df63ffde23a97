// A named credential from options: what may be seen from arguments, what is secret from files, the environment or a prompt.
import { type Command, Option } from "commander";
import { credentialKinds, type CredentialKind } from "../../core/vocabulary.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { isObject } from "../views.ts";
import { collect } from "./arguments.ts";
import { readText } from "./files.ts";
import { promptSecret } from "./prompt.ts";

export interface CredentialOptions {
  readonly kind?: CredentialKind;
  readonly file?: string;
  readonly origin?: readonly string[];
  readonly username?: string;
  readonly secretFile?: string;
  readonly secretEnv?: string;
  readonly headerFile?: string;
  readonly authUrl?: string;
  readonly userDomain?: string;
  readonly userDomainId?: string;
  readonly project?: string;
  readonly projectId?: string;
  readonly projectDomain?: string;
  readonly projectDomainId?: string;
  readonly tempUrlKeyFile?: string;
  readonly applicationId?: string;
  readonly applicationName?: string;
  readonly region?: string;
  readonly interface?: string;
  readonly endpoint?: string;
  readonly accessKeyId?: string;
  readonly sessionTokenFile?: string;
  readonly style?: string;
}

type Body = Readonly<Record<string, unknown>>;
type Given = keyof CredentialOptions;

export const addCredentialOptions = (command: Command): Command =>
  command
    .addOption(new Option("--kind <kind>", "how to log in").choices(credentialKinds))
    .option("--file <file>", "the whole credential as JSON, as REST takes it, `-` for standard input")
    .option(
      "--origin <url>",
      "http(s)://host[:port] that it may be sent to; repeatable (basic, bearer, headers)",
      collect,
    )
    .option("--username <name>", "the user (basic; swift with a password, or with an application credential's name)")
    .option("--secret-file <file>", "file with the password, token or secret key, `-` for standard input")
    .option("--secret-env <variable>", "environment variable with it; it is asked for when neither is given")
    .option("--header-file <file>", "file with a `Name: value` in each line, `-` for standard input (headers)")
    .option("--auth-url <url>", "Keystone's URL, which ends in /v3 (swift)")
    .option("--user-domain <name>", "the user's domain (swift; default Default)")
    .option("--user-domain-id <id>", "the user's domain by its id (swift)")
    .option("--project <name>", "the project (swift with a password)")
    .option("--project-id <id>", "the project by its id (swift with a password)")
    .option("--project-domain <name>", "the project's domain (swift with a password; default Default)")
    .option("--project-domain-id <id>", "the project's domain by its id (swift with a password)")
    .option("--application-id <id>", "an application credential by its id (swift)")
    .option("--application-name <name>", "an application credential by its name and --username (swift)")
    .option(
      "--temp-url-key-file <file>",
      "file with the account's TempURL key: images are then fetched by TempURLs (swift)",
    )
    .option("--region <region>", "the region (swift where there are several; s3, default us-east-1)")
    .addOption(new Option("--interface <kind>", "which of the catalog's endpoints (swift)").choices(interfaces))
    .option("--endpoint <url>", "the service's URL (s3)")
    .option("--access-key-id <id>", "the access key's id (s3)")
    .option("--session-token-file <file>", "file with a session token (s3)")
    .addOption(new Option("--style <style>", "where the bucket's name goes (s3)").choices(["path", "host"]));

const interfaces = ["public", "internal", "admin"];

const spelling = (option: Given): string => `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const projectOptions = ["project", "projectId", "projectDomain", "projectDomainId"] as const;

/** What each kind takes besides `--kind`; `!` must be given. */
const takes: Readonly<Record<CredentialKind, readonly (Given | `!${Given}`)[]>> = {
  basic: ["!origin", "!username", "secretFile", "secretEnv"],
  bearer: ["!origin", "secretFile", "secretEnv"],
  headers: ["!origin", "!headerFile"],
  swift: [
    "!authUrl",
    ...(["username", "userDomain", "userDomainId"] as const),
    ...projectOptions,
    ...(["applicationId", "applicationName"] as const),
    ...(["tempUrlKeyFile", "region", "interface", "secretFile", "secretEnv"] as const),
  ],
  s3: ["!endpoint", "!accessKeyId", "region", "style", "sessionTokenFile", "secretFile", "secretEnv"],
};

const checkGiven = (kind: CredentialKind, options: CredentialOptions): void => {
  const given = (Object.keys(options) as Given[]).filter((option) => option !== "kind");
  const known = takes[kind].map((option) => option.replace("!", ""));
  const foreign = given.find((option) => !known.includes(option));
  if (foreign !== undefined) throw usage(`${spelling(foreign)} does not go with --kind ${kind}.`);
  const missing = takes[kind].find((option) => option.startsWith("!") && !given.some((one) => option === `!${one}`));
  if (missing !== undefined) throw usage(`--kind ${kind} needs ${spelling(missing.slice(1) as Given)}.`);
};

const secretHint = "Use --secret-file or --secret-env where there is no terminal.";

const readSecret = async (cli: Cli, what: string, { secretFile, secretEnv }: CredentialOptions): Promise<string> => {
  if (secretFile !== undefined && secretEnv !== undefined)
    throw usage("--secret-file and --secret-env exclude each other.");
  if (secretFile !== undefined) return readText(cli.io, secretFile, "--secret-file");
  if (secretEnv === undefined) return promptSecret(cli.io, `${what}: `, secretHint);
  // A secret typed here by mistake must not be repeated, so the name is not.
  const value = cli.io.env[secretEnv];
  if (value === undefined) throw usage("--secret-env names a variable that is not set.");
  return value;
};

const parseHeaders = (text: string): Readonly<Record<string, string>> => {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const pairs = lines.map((line, index) => {
    const [, name, value] = /^([^\s:]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw usage(`--header-file: line ${index + 1} is not of the form Name: value.`);
    return [name, value] as const;
  });
  if (new Set(pairs.map(([name]) => name)).size < pairs.length)
    throw usage("--header-file: the same header stands in it twice.");
  return Object.fromEntries(pairs);
};

const only = (options: CredentialOptions, ...names: readonly Given[]): Body =>
  Object.fromEntries(names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));

const fromFile = async (cli: Cli, name: string, file: string | undefined, option: string): Promise<Body> =>
  file === undefined ? {} : { [name]: await readText(cli.io, file, option) };

const swiftLogin = async (cli: Cli, options: CredentialOptions): Promise<Body> => {
  const { applicationId: id, applicationName: name } = options;
  if (id === undefined && name === undefined) {
    if (options.username === undefined || (options.project === undefined && options.projectId === undefined))
      throw usage("--kind swift needs --username and --project, or --application-id or --application-name.");
    const password = await readSecret(cli, `Password of ${options.username}`, options);
    const named = only(options, "username", "userDomain", "userDomainId", ...projectOptions);
    return { method: "password", ...named, password };
  }
  if (projectOptions.some((option) => options[option] !== undefined))
    throw usage("An application credential has its project: --project and --project-domain do not go with it.");
  const secret = await readSecret(cli, "Secret of the application credential", options);
  return {
    method: "applicationCredential",
    ...(id !== undefined && { id }),
    ...(name !== undefined && { name }),
    ...only(options, "username", "userDomain", "userDomainId"),
    secret,
  };
};

const bodyOf: Readonly<Record<CredentialKind, (cli: Cli, options: CredentialOptions) => Promise<Body>>> = {
  basic: async (cli, options) => ({
    origins: options.origin,
    username: options.username,
    password: await readSecret(cli, `Password of ${options.username ?? ""}`, options),
  }),
  bearer: async (cli, options) => ({ origins: options.origin, token: await readSecret(cli, "Token", options) }),
  headers: async (cli, options) => ({
    origins: options.origin,
    headers: parseHeaders(await readText(cli.io, options.headerFile ?? "-", "--header-file")),
  }),
  swift: async (cli, options) => ({
    ...only(options, "authUrl", "region", "interface"),
    login: await swiftLogin(cli, options),
    ...(await fromFile(cli, "tempUrlKey", options.tempUrlKeyFile, "--temp-url-key-file")),
  }),
  s3: async (cli, options) => ({
    ...only(options, "endpoint", "region", "style", "accessKeyId"),
    secretAccessKey: await readSecret(cli, "Secret access key", options),
    ...(await fromFile(cli, "sessionToken", options.sessionTokenFile, "--session-token-file")),
  }),
};

const parseFile = (text: string): object => {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    // The parser's own text quotes the file.
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw usage("--file: the file is not a JSON object.");
};

/** The body that REST takes. @throws Failure `usage` */
export const readCredential = async (cli: Cli, options: CredentialOptions): Promise<object> => {
  const { kind, file } = options;
  if (file !== undefined) {
    if (Object.keys(options).length > 1) throw usage("--file says everything; no other option goes with it.");
    return parseFile(await readText(cli.io, file, "--file"));
  }
  if (kind === undefined) throw usage("--kind or --file is needed.");
  checkGiven(kind, options);
  return { kind, ...(await bodyOf[kind](cli, options)) };
};
