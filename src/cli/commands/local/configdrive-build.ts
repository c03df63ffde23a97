// mediabay configdrive build
import { gzipSync } from "node:zlib";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { BuiltImage, DriveOrder } from "../../../core/configdrive.ts";
import { MediabayError } from "../../../core/errors.ts";
import { formatSize, parseSizeBytes } from "../../../core/units.ts";
import { type DriveLayout, driveLayouts, type ImageFormat, imageFormats } from "../../../core/vocabulary.ts";
import type { Cli } from "../../context.ts";
import { usage } from "../../failure.ts";
import { readBytes } from "../../input/files.ts";
import { fields } from "../../render.ts";
import { saveImage } from "./save-image.ts";

interface BuildOptions {
  readonly metaData?: string;
  readonly networkData?: string;
  readonly userData?: string;
  readonly vendorData?: string;
  readonly jsonFile?: string;
  readonly layout: DriveLayout;
  readonly ec2?: boolean;
  readonly format: ImageFormat;
  readonly size?: number;
  readonly sectorSize?: "512" | "4096";
  readonly label?: string;
  readonly output: string;
  readonly gzip?: boolean;
  readonly base64?: boolean;
  readonly force?: boolean;
}

const parseSize = (text: string): number => {
  const bytes = parseSizeBytes(text);
  if (bytes === undefined || bytes < 1) throw new InvalidArgumentError("A size is such as 64MiB or 1474560.");
  return bytes;
};

const documentsOf = async (cli: Cli, options: BuildOptions): Promise<DriveOrder["documents"]> => {
  const { metaData, networkData, userData, vendorData, jsonFile } = options;
  const parts = [metaData, networkData, userData, vendorData].filter((file) => file !== undefined);
  if (jsonFile !== undefined) {
    if (parts.length > 0) throw usage("--json-file holds all four documents: leave the others out.");
    return { whole: await readBytes(cli.io, jsonFile, "--json-file") };
  }
  if (parts.length === 0) throw usage("Nothing to build from.", "Give --json-file, or --meta-data and the others.");
  if (parts.filter((file) => file === "-").length > 1) throw usage("Standard input can be one document only.");
  return {
    ...(metaData !== undefined && { metaData: await readBytes(cli.io, metaData, "--meta-data") }),
    ...(networkData !== undefined && { networkData: await readBytes(cli.io, networkData, "--network-data") }),
    ...(userData !== undefined && { userData: await readBytes(cli.io, userData, "--user-data") }),
    ...(vendorData !== undefined && { vendorData: await readBytes(cli.io, vendorData, "--vendor-data") }),
  };
};

const orderOf = async (cli: Cli, options: BuildOptions): Promise<DriveOrder> => {
  const { layout, ec2, format, label, size, sectorSize } = options;
  if (layout === "nocloud" && ec2 === true) throw usage("The layout nocloud has no ec2 tree.");
  return {
    documents: await documentsOf(cli, options),
    layout,
    ec2: ec2 === true,
    format,
    ...(label !== undefined && { label }),
    ...(size !== undefined && { sizeBytes: size }),
    ...(sectorSize !== undefined && { sectorBytes: sectorSize === "4096" ? 4096 : 512 }),
  };
};

/** Whole groups of three bytes: the text of a large image would be longer than a string can be. */
const base64Piece = 3 << 20;

const toBase64 = (bytes: Uint8Array): Buffer => {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const pieces: Buffer[] = [];
  for (let at = 0; at < whole.length; at += base64Piece)
    pieces.push(Buffer.from(whole.toString("base64", at, at + base64Piece), "latin1"));
  return Buffer.concat([...pieces, Buffer.from("\n")]);
};

const wrapped = ({ image }: BuiltImage, { gzip, base64 }: BuildOptions): Uint8Array => {
  const packed = gzip === true ? gzipSync(image) : image;
  return base64 === true ? toBase64(packed) : packed;
};

const describeBuilt = (built: BuiltImage, file: string, writtenBytes: number): string =>
  fields([
    ["written", `${file} (${formatSize(writtenBytes)})`],
    ["format", built.format],
    ["label", built.label],
    ["size", `${formatSize(built.image.length)} (${built.image.length} bytes)`],
    ["digest", built.digest],
    ...built.files.map(({ path, sizeBytes }, index) => [index === 0 ? "files" : "", `${path} (${sizeBytes})`] as const),
  ]);

/** No slot wants this form: whoever builds chose it. */
const withOwnHint = (error: unknown): never => {
  if (!(error instanceof MediabayError) || error.code !== "IMAGE_DOES_NOT_FIT") throw error;
  const hint = "Give a larger --size or none, or another --format; or make the files fewer or smaller.";
  throw new MediabayError(error.code, error.message, { ...error.context, hint }, { cause: error });
};

const build = async (cli: Cli, options: BuildOptions): Promise<void> => {
  const toStdout = options.output === "-";
  if (toStdout && cli.json) throw usage("With --output - the image is what stdout gets: leave --json out.");
  if (toStdout && cli.io.stdout.isTTY === true && options.base64 !== true)
    throw usage("A terminal shows no image.", "Name a file with --output, or give --base64.");
  const built = await cli.work.buildDrive(await orderOf(cli, options)).catch(withOwnHint);
  for (const warning of built.warnings) cli.note(`warning: ${warning}`);
  const bytes = wrapped(built, options);
  if (toStdout) {
    cli.io.stdout.write(bytes);
    return;
  }
  await saveImage(options.output, bytes, { force: options.force === true });
  const { image, ...shown } = built;
  await cli.show(
    { file: options.output, writtenBytes: bytes.length, sizeBytes: image.length, ...shown },
    describeBuilt(built, options.output, bytes.length),
  );
};

export const defineBuild = (command: Command, cli: Cli): void => {
  command
    .description("build a config drive on this host, without a gateway")
    .option("--meta-data <file>", "meta_data, JSON or YAML; `-` is standard input, here and below")
    .option("--network-data <file>", "network_data, JSON or YAML; with --layout nocloud a network configuration 1 or 2")
    .option("--user-data <file>", "user_data, as it is to be in the drive")
    .option(
      "--vendor-data <file>",
      "vendor_data, JSON or YAML, whose member cloud-init is what cloud-init takes; with --layout nocloud also that text by itself",
    )
    .option("--json-file <file>", "one file with the keys meta_data, network_data, user_data, vendor_data instead")
    .addOption(
      new Option("--layout <layout>", "for which of cloud-init's sources").choices(driveLayouts).default("openstack"),
    )
    .option("--ec2", "with the ec2/ tree beside openstack/")
    .addOption(new Option("--format <format>", "what is made").choices(imageFormats).default("iso9660"))
    .option(
      "--size <size>",
      "FAT: exactly so large (default 1474560 bytes, or what is needed); ISO 9660: no larger",
      parseSize,
    )
    .addOption(new Option("--sector-size <bytes>", "of FAT (default 512)").choices(["512", "4096"]))
    .option("--label <label>", "default config-2, or CIDATA: what cloud-init looks for")
    .requiredOption("-o, --output <file>", "where it is written, with mode 0600; `-` is standard output")
    .option("--gzip", "compress it")
    .option("--base64", "write it as base64, after --gzip if both are given")
    .option("--force", "overwrite the file, or what the block device holds")
    .action((options: BuildOptions) => build(cli, options));
};
