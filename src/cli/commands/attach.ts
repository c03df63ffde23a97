// mediabay attach MACHINE URI
import { type Command, Option } from "commander";
import { attachmentRoles, resetTypes, type AttachmentRole } from "../../core/vocabulary.ts";
import { at, connect } from "../client.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { parseDigest, parseDuration } from "../input/arguments.ts";
import { readSource } from "../input/source.ts";
import { addWorkOptions, finish, type WorkOptions } from "../progress/accepted.ts";
import { toAccepted } from "../views.ts";
import { attachmentText } from "./attachment-text.ts";

interface AttachOptions extends WorkOptions {
  readonly as?: AttachmentRole;
  readonly boot?: "once" | "continuous" | "none";
  readonly reset?: string | true;
  readonly digest?: string;
  readonly slot?: string;
  readonly force?: boolean;
  readonly readWithin?: number;
  readonly uriFile?: string;
}

const readReset = (reset: string | true): string | true => {
  if (reset === true || resetTypes.some((type) => type === reset)) return reset;
  // The URI may have been taken for the type, so what was typed is not repeated.
  throw usage(
    "--reset was given something that is no reset type.",
    `Write it last, or --reset=TYPE with one of ${resetTypes.join(", ")}.`,
  );
};

const bodyOf = (options: AttachOptions): Readonly<Record<string, unknown>> => {
  const { as, boot, reset, digest, slot, force, readWithin, deadline } = options;
  return {
    ...(as === undefined ? {} : { role: as }),
    ...(boot === undefined ? {} : { boot }),
    ...(reset === undefined ? {} : { reset: readReset(reset) }),
    ...(digest === undefined ? {} : { digest }),
    ...(slot === undefined ? {} : { slot }),
    ...(force === undefined ? {} : { force }),
    ...(readWithin === undefined ? {} : { readWithinMs: readWithin }),
    ...(deadline === undefined ? {} : { deadlineMs: deadline }),
  };
};

export const define = (command: Command, cli: Cli): void => {
  command
    .argument("<machine>", "name or id")
    .argument("[uri]", "http(s):// or file:// URI, image:DIGEST, @FILE (sent as base64), or - for standard input")
    .addOption(new Option("--as <role>", "what it is for (default configdrive)").choices(attachmentRoles))
    .addOption(
      new Option("--boot <how>", "boot from it (default: once as boot, none as configdrive)").choices([
        "once",
        "continuous",
        "none",
      ]),
    )
    .option("--reset [type]", "reset the machine at the end: ForceRestart, or On when it is off, or the given type")
    .option("--digest <sha256>", "refuse bytes with another SHA-256", parseDigest)
    .option("--slot <id>", "this slot instead of the automatic choice")
    .option("--force", "replace somebody else's medium in the slot")
    .option("--read-within <duration>", "after a reset: fail when the BMC has read nothing by then", parseDuration)
    .option("--deadline <duration>", "give up and undo after this long (default 10m)", parseDuration)
    .option("--uri-file <file>", "take the URI from a file, so that its secrets are not seen");
  addWorkOptions(command).action(async (machine: string, uri: string | undefined, options: AttachOptions) => {
    const body = { ...bodyOf(options), source: await readSource(cli, uri, options.uriFile) };
    const client = await connect(cli);
    const { idempotencyKey } = options;
    const accepted = toAccepted(
      await client.call("POST", at`/v1/machines/${machine}/attachments`, { body, idempotencyKey }),
    );
    await finish(cli, client, accepted, options, ({ attachment }) =>
      attachment === undefined ? "" : attachmentText(attachment),
    );
  });
};
