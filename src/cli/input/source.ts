// An image source from an argument: a URI, an image of the store, or a file that is sent as base64.
import type { Cli } from "../context.ts";
import { Failure, usage } from "../failure.ts";
import { parseDigest } from "./arguments.ts";
import { readBytes, readText } from "./files.ts";

export type SourceBody = { readonly uri: string } | { readonly base64: string } | { readonly digest: string };

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
  if (parsed === null || (parsed.password === "" && parsed.search === "")) return;
  cli.note("note: arguments are visible to everyone on this host; --uri-file takes a URI with secrets from a file.");
};

/** `URI`, `image:DIGEST`, `@FILE`, `-`; or `--uri-file`. */
export const readSource = async (
  cli: Cli,
  argument: string | undefined,
  uriFile: string | undefined,
): Promise<SourceBody> => {
  if (uriFile !== undefined) {
    if (argument !== undefined) throw usage("A URI and --uri-file exclude each other.");
    return { uri: (await readText(cli.io, uriFile, "--uri-file")).trim() };
  }
  if (argument === undefined) throw usage("A URI is missing.", "Give a URI, @FILE, - or --uri-file FILE.");
  if (argument === "-") return blob(await readBytes(cli.io, "-", "-"));
  if (argument.startsWith("@")) return blob(await readBytes(cli.io, argument.slice(1), "@FILE"));
  if (argument.startsWith("image:")) return { digest: parseDigest(argument.slice("image:".length)) };
  if (!/^[a-z][a-z0-9+.-]*:/i.test(argument)) {
    throw usage("The source is not a URI.", "Write @FILE for a local file: the client sends its bytes.");
  }
  warnOfSecrets(cli, argument);
  return { uri: argument };
};
