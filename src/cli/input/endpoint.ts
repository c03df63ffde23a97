// An endpoint from options: address, credentials (file, environment or prompt, never an argument), TLS policy.
import { type Command, Option } from "commander";
import type { Credentials, TlsPolicy } from "../../core/driver.ts";
import type { NewEndpoint } from "../../core/gateway.ts";
import {
  protocols,
  tlsLevels,
  tlsModes,
  type ProtocolName,
  type TlsLevel,
  type TlsMode,
} from "../../core/vocabulary.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { readText } from "./files.ts";
import { promptSecret } from "./prompt.ts";

export interface EndpointOptions {
  readonly protocol?: ProtocolName | "auto";
  readonly username?: string;
  readonly passwordFile?: string;
  readonly passwordEnv?: string;
  readonly tls?: TlsMode;
  readonly ca?: string;
  readonly fingerprint?: string;
  readonly tlsLevel?: TlsLevel;
  readonly system?: string;
  readonly imageHost?: string;
}

export const addEndpointOptions = (command: Command): Command =>
  command
    .addOption(
      new Option("--protocol <protocol>", "how to speak to the BMC (default auto)").choices(["auto", ...protocols]),
    )
    .option("--username <name>", "the BMC's user; the password comes from one of the next two, or is asked for")
    .option("--password-file <file>", "file with the password, `-` for standard input")
    .option("--password-env <variable>", "environment variable with the password")
    .addOption(new Option("--tls <mode>", "how to trust the BMC's certificate (default verify)").choices(tlsModes))
    .option("--ca <file>", "CA for `verify`, PEM")
    .option("--fingerprint <sha256>", "the certificate for `pinned`: SHA-256, 64 hexadecimal digits")
    .addOption(new Option("--tls-level <level>", "`legacy` allows TLS 1.0 and old ciphers").choices(tlsLevels))
    .option("--system <id>", "which system, where the BMC serves several")
    .option("--image-host <host>", "host under which this BMC reaches our image plane");

const passwordHint = "Use --password-file or --password-env where there is no terminal.";

const readPassword = async (cli: Cli, { passwordFile, passwordEnv, username }: EndpointOptions): Promise<string> => {
  if (passwordFile !== undefined && passwordEnv !== undefined) {
    throw usage("--password-file and --password-env exclude each other.");
  }
  if (passwordFile !== undefined) return readText(cli.io, passwordFile, "--password-file");
  if (passwordEnv === undefined) return promptSecret(cli.io, `Password of ${username ?? ""}: `, passwordHint);
  // A password typed here by mistake must not be repeated, so the name is not.
  const value = cli.io.env[passwordEnv];
  if (value === undefined) throw usage("--password-env names a variable that is not set.");
  return value;
};

export const readCredentials = async (cli: Cli, options: EndpointOptions): Promise<Credentials | undefined> => {
  if (options.username !== undefined) return { username: options.username, password: await readPassword(cli, options) };
  if (options.passwordFile === undefined && options.passwordEnv === undefined) return undefined;
  throw usage("A password needs --username beside it.");
};

/** A CA means `verify` and a fingerprint means `pinned`, unless --tls says otherwise. */
const readTls = async (cli: Cli, options: EndpointOptions): Promise<Partial<TlsPolicy> | undefined> => {
  const { tls, ca, fingerprint, tlsLevel } = options;
  const mode = tls ?? (fingerprint !== undefined ? "pinned" : ca !== undefined ? "verify" : undefined);
  if (mode === undefined && tlsLevel === undefined) return undefined;
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(ca === undefined ? {} : { ca: await readText(cli.io, ca, "--ca") }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(tlsLevel === undefined ? {} : { level: tlsLevel }),
  };
};

/** Only what the options say; an empty object when they say nothing. */
export const readEndpoint = async (cli: Cli, options: EndpointOptions): Promise<Partial<NewEndpoint>> => {
  const { protocol, system, imageHost } = options;
  const tls = await readTls(cli, options);
  const credentials = await readCredentials(cli, options);
  return {
    ...(protocol === undefined ? {} : { protocol }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(tls === undefined ? {} : { tls }),
    ...(system === undefined ? {} : { system }),
    ...(imageHost === undefined ? {} : { imageHost }),
  };
};
