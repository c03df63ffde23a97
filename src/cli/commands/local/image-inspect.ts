// mediabay image inspect URI|FILE|-
import type { Command } from "commander";
import type { DataSummary, ImageInspection, InspectSource } from "../../../core/configdrive.ts";
import { MediabayError } from "../../../core/errors.ts";
import { formatSize } from "../../../core/units.ts";
import type { Cli } from "../../context.ts";
import { usage } from "../../failure.ts";
import { readText } from "../../input/files.ts";
import { fields, plain, table } from "../../render.ts";

const sourceOf = async (
  cli: Cli,
  argument: string | undefined,
  uriFile: string | undefined,
): Promise<InspectSource> => {
  if (uriFile !== undefined) {
    if (argument !== undefined) throw usage("An image and --uri-file exclude each other.");
    return { kind: "uri", uri: (await readText(cli.io, uriFile, "--uri-file")).trim() };
  }
  if (argument === undefined) throw usage("An image is missing.", "Give a URI, a file, - or --uri-file FILE.");
  if (argument === "-") return { kind: "stream", bytes: cli.io.stdin };
  if (argument.startsWith("@")) return { kind: "file", path: argument.slice(1) };
  if (argument.startsWith("image:")) throw usage("An image of the store is shown by `mediabay image show`.");
  // One letter before a colon is a drive, and a file may have a colon behind a slash.
  return /^[a-z][a-z0-9+.-]+:/i.test(argument) ? { kind: "uri", uri: argument } : { kind: "file", path: argument };
};

const summaryText = ({ kind, sizeBytes }: DataSummary): string => `${kind}, ${formatSize(sizeBytes)}`;

const formText = ({ format, sizeBytes, stored }: ImageInspection["forms"][number]): string =>
  `${format}, ${formatSize(sizeBytes)}${stored ? " (as it is)" : ""}`;

const layoutText = ({ layout, folder }: ImageInspection): string =>
  `${layout ?? "no config drive"}${folder === undefined ? "" : `, as in ${folder}`}`;

const documentText = (title: string, document: ImageInspection["metaData"]): string =>
  document === undefined ? "" : `\n${title}\n${plain(JSON.stringify(document, undefined, 2))}\n`;

const inspectionText = (image: ImageInspection): string => {
  const { userData, vendorData, entries } = image;
  const head = fields([
    ["digest", image.digest],
    ["format", image.format],
    ["label", image.label],
    ["size", `${formatSize(image.sizeBytes)} (${image.sizeBytes} bytes)`],
    ["sectors", `${image.sectorBytes} bytes`],
    ["layout", layoutText(image)],
    ["user data", userData && summaryText(userData)],
    ...vendorData.map((summary) => [`${summary.name.split("/").at(-1)}`, summaryText(summary)] as const),
    ["network cards", image.macAddresses.join(", ")],
    ["can be", image.forms.map(formText).join("; ")],
    ...image.unfit.map(({ format, why }) => ["cannot be", `${format}: ${why}`] as const),
  ]);
  const inOrder = entries.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const rows = inOrder.map(({ kind, path, sizeBytes }) => (kind === "file" ? [path, sizeBytes] : [`${path}/`, ""]));
  const tree = table(["path", "bytes"], rows, "It holds no file.");
  return `${head}\n${tree}${documentText("meta_data", image.metaData)}${documentText("network_data", image.networkData)}`;
};

/** No origin refused a file of this host: it is what the command line names. */
const asUsage =
  ({ kind }: InspectSource) =>
  (error: unknown): never => {
    if (kind !== "file" || !(error instanceof MediabayError) || error.code !== "SOURCE_REFUSED") throw error;
    throw usage(error.message, "Name a file or a named pipe of this host that you may read, or give a URI.");
  };

const inspect = async (cli: Cli, argument: string | undefined, uriFile: string | undefined): Promise<void> => {
  const { config } = cli.globals();
  const source = await sourceOf(cli, argument, uriFile);
  const image = await cli.work.inspectImage(config === undefined ? {} : { config }, source).catch(asUsage(source));
  await cli.show(image, inspectionText(image));
  for (const warning of image.warnings) cli.note(`warning: ${plain(warning)}`);
};

export const defineInspect = (command: Command, cli: Cli): void => {
  command
    .description("show what is in an image, its secrets masked; on this host, without a gateway")
    .argument("[image]", "file or @FILE, http(s)://, file:// or data: URI, or - for standard input")
    .option("--uri-file <file>", "take the URI from a file, so that its secrets are not seen")
    .action((argument: string | undefined, { uriFile }: { readonly uriFile?: string }) =>
      inspect(cli, argument, uriFile),
    );
};
