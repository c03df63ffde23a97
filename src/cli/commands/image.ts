// mediabay image list|show|add|remove|inspect|ca
import { type Command, Option } from "commander";
import { formatSize } from "../../core/units.ts";
import { attachmentRoles, type AttachmentRole } from "../../core/vocabulary.ts";
import { at, connect, type ListOptions } from "../client.ts";
import type { Cli } from "../context.ts";
import { parseDigest } from "../input/arguments.ts";
import { addListOptions } from "../input/listing.ts";
import { addSourceOptions, readSource, sourceHelp, type SourceOptions } from "../input/source.ts";
import { fields, formatTime, table } from "../render.ts";
import { type ImageJson, toImage } from "../views.ts";
import { defineInspect } from "./local/image-inspect.ts";

interface AddOptions extends SourceOptions {
  readonly as?: AttachmentRole;
  readonly digest?: string;
}

const imageText = (image: ImageJson): string =>
  fields([
    ["digest", image.digest],
    ["size", formatSize(image.sizeBytes)],
    ["format", image.format],
    ["label", image.label],
    ["needed by", image.references],
    ["published", image.published],
    ["created", formatTime(image.createdAt)],
    ["last used", formatTime(image.lastUsedAt)],
  ]);

const list = async (cli: Cli, page: ListOptions): Promise<void> => {
  const listing = await (await connect(cli)).list("/v1/images", toImage, page);
  const text = table(
    ["digest", "size", "format", "label", "needed by", "published", "last used"],
    listing.items.map((item) => [
      item.digest,
      formatSize(item.sizeBytes),
      item.format,
      item.label,
      item.references,
      item.published,
      formatTime(item.lastUsedAt),
    ]),
    "No image is stored.",
  );
  await cli.show(listing, text);
};

const add = async (cli: Cli, uri: string | undefined, options: AddOptions): Promise<void> => {
  const { as, digest } = options;
  const source = await readSource(cli, uri, options);
  const body = { source, ...(as === undefined ? {} : { role: as }), ...(digest === undefined ? {} : { digest }) };
  const image = toImage(await (await connect(cli)).call("POST", "/v1/images", { body }));
  await cli.show(image, imageText(image));
};

export const define = (command: Command, cli: Cli): void => {
  addListOptions(command.command("list").description("list the stored images")).action((page: ListOptions) =>
    list(cli, page),
  );
  command
    .command("show")
    .description("show one image")
    .argument("<digest>", "SHA-256", parseDigest)
    .action(async (digest: string) => {
      const image = toImage(await (await connect(cli)).call("GET", at`/v1/images/${digest}`));
      await cli.show(image, imageText(image));
    });
  addSourceOptions(
    command
      .command("add")
      .description("store an image beforehand and keep it until it is removed")
      .argument("[uri]", sourceHelp)
      .addOption(new Option("--as <role>", "whose size limit holds (default configdrive)").choices(attachmentRoles))
      .option("--digest <sha256>", "refuse bytes with another SHA-256", parseDigest),
  ).action((uri: string | undefined, options: AddOptions) => add(cli, uri, options));
  command
    .command("remove")
    .description("remove an image and its bytes; refused while an attachment needs it")
    .argument("<digest>", "SHA-256", parseDigest)
    .action(async (digest: string) => {
      await (await connect(cli)).call("DELETE", at`/v1/images/${digest}`);
      await cli.show({ removed: digest }, `Removed ${digest}.\n`);
    });
  defineInspect(command.command("inspect"), cli);
  command
    .command("ca")
    .description("print the generated CA of the image plane, to be installed in BMCs (on the gateway's host)")
    .action(async () => {
      const { config } = cli.globals();
      const ca = await cli.work.imageCa(config === undefined ? {} : { config });
      await cli.show({ ca }, ca.endsWith("\n") ? ca : `${ca}\n`);
    });
};
