// An image source from an argument: a URI, an image of the store, a file that is sent as base64, or the JSON of a config drive.
import { isUtf8 } from "node:buffer";
import { type Command, Option } from "commander";
import { type DriveLayout, driveLayouts } from "../../core/vocabulary.ts";
import type { Cli } from "../context.ts";
import { Failure, usage } from "../failure.ts";
import { isObject } from "../views.ts";
import { parseDigest } from "./arguments.ts";
import { readBytes, readText } from "./files.ts";

export interface SourceOptions {
  readonly uriFile?: string;
  readonly credential?: string;
  readonly configdrive?: string;
  readonly layout?: DriveLayout;
  readonly ec2?: boolean;
}

export type SourceBody =
  | { readonly uri: string; readonly credential?: string }
  | { readonly base64: string }
  | { readonly digest: string }
  | { readonly configdrive: object; readonly layout?: DriveLayout; readonly ec2?: boolean };

/** Of the argument that `readSource` reads. */
export const sourceHelp =
  "URI (http, https, file, swift, s3, data), image:DIGEST, @FILE (an image, or @FILE.json: a config drive), or - for standard input";

export const addSourceOptions = (command: Command): Command =>
  command
    .option("--uri-file <file>", "take the URI from a file, so that its secrets are not seen")
    .option("--credential <name>", "log in to the URI's origin with this named credential")
    .option(
      "--configdrive <file>",
      "build a config drive of this JSON (meta_data, network_data, …), - for standard input",
    )
    .addOption(new Option("--layout <layout>", "of the built config drive (default openstack)").choices(driveLayouts))
    .option("--ec2", "with the ec2/ tree in the built config drive");

/** The gateway takes bodies up to 96 MiB with base64 in them; the rest is room for the other members. */
const maxBase64Bytes = 95 * 1024 * 1024;

/** Raw bytes become base64; text that is base64 already is sent as it is. */
const blob = (bytes: Buffer): SourceBody => {
  const text = bytes.subarray(0, maxBase64Bytes + 1).toString("latin1");
  const base64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text) ? text.replaceAll(/\s+/g, "") : bytes.toString("base64");
  if (base64 === "") throw usage("The image is empty.");
  if (base64.length <= maxBase64Bytes) return { base64 };
  throw new Failure("refused", {
    code: "REQUEST_TOO_LARGE",
    detail: "The image is too large to be sent inside a request.",
    hint: "Serve it over http and give its URI.",
  });
};

const warnOfSecrets = (cli: Cli, uri: string): void => {
  const parsed = URL.parse(uri);
  if (parsed === null) return;
  if (parsed.protocol !== "data:" && parsed.password === "" && parsed.search === "") return;
  cli.note("note: arguments are visible to everyone on this host; --uri-file takes a URI with secrets from a file.");
};

const parseDrive = (bytes: Buffer, what: string): object => {
  if (!isUtf8(bytes)) throw usage(`${what}: the file is not UTF-8 text.`);
  try {
    const drive: unknown = JSON.parse(bytes.toString("utf8"));
    if (isObject(drive)) return drive;
  } catch (error) {
    // The parser's own text quotes the file, which may hold passwords.
    if (!(error instanceof SyntaxError)) throw error;
    throw usage(`${what}: the file is not valid JSON.`);
  }
  throw usage(
    `${what}: the file's JSON is not an object.`,
    "Its members are meta_data, network_data, user_data, vendor_data.",
  );
};

const readDrive = async (
  cli: Cli,
  file: string,
  what: string,
  { layout, ec2 }: SourceOptions,
): Promise<SourceBody> => ({
  configdrive: parseDrive(await readBytes(cli.io, file, what), what),
  ...(layout === undefined ? {} : { layout }),
  ...(ec2 === undefined ? {} : { ec2 }),
});

const readUri = async (
  cli: Cli,
  argument: string | undefined,
  { uriFile, credential }: SourceOptions,
): Promise<SourceBody> => {
  const uri = uriFile === undefined ? argument : (await readText(cli.io, uriFile, "--uri-file")).trim();
  if (uri === undefined || !/^[a-z][a-z0-9+.-]*:/i.test(uri)) {
    throw usage("The source is not a URI.", "Write @FILE for a local file: the client sends its bytes.");
  }
  if (uriFile === undefined) warnOfSecrets(cli, uri);
  return { uri, ...(credential === undefined ? {} : { credential }) };
};

/** @throws Failure `usage` unless exactly one source is given, with options that go with it */
const checkCombination = (argument: string | undefined, options: SourceOptions): void => {
  const { uriFile, credential, configdrive, layout, ec2 } = options;
  const given = [argument, uriFile, configdrive].filter((each) => each !== undefined);
  if (given.length === 0)
    throw usage("A URI is missing.", "Give a URI, @FILE, -, --uri-file FILE or --configdrive FILE.");
  if (given.length > 1) throw usage("A URI, --uri-file and --configdrive exclude each other.");
  const isDrive = configdrive !== undefined || isDriveFile(argument);
  if (!isDrive && (layout !== undefined || ec2 !== undefined))
    throw usage("--layout and --ec2 go with a config drive's JSON.");
  const isUri = uriFile !== undefined || (argument !== undefined && !isDrive && !/^(@|-$|image:)/.test(argument));
  if (credential !== undefined && !isUri) throw usage("--credential goes with a URI.");
};

const isDriveFile = (argument: string | undefined): boolean => argument !== undefined && /^@.*\.json$/is.test(argument);

/** `URI`, `image:DIGEST`, `@FILE`, `@FILE.json`, `-`; or one of the options in its place. */
export const readSource = async (
  cli: Cli,
  argument: string | undefined,
  options: SourceOptions,
): Promise<SourceBody> => {
  checkCombination(argument, options);
  if (options.configdrive !== undefined) return readDrive(cli, options.configdrive, "--configdrive", options);
  if (argument === undefined) return readUri(cli, argument, options);
  if (isDriveFile(argument)) return readDrive(cli, argument.slice(1), "@FILE.json", options);
  if (argument === "-") return blob(await readBytes(cli.io, "-", "-"));
  if (argument.startsWith("@")) return blob(await readBytes(cli.io, argument.slice(1), "@FILE"));
  if (argument.startsWith("image:")) return { digest: parseDigest(argument.slice("image:".length)) };
  return readUri(cli, argument, options);
};
