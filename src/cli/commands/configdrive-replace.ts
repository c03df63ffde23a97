// mediabay configdrive replace MACHINE [URI]
import type { Command } from "commander";
import type { AttachmentRole } from "../../core/vocabulary.ts";
import { at, connect, type RestClient } from "../client.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { parseDigest, parseDuration } from "../input/arguments.ts";
import { addSourceOptions, readSource, sourceHelp, type SourceOptions } from "../input/source.ts";
import { addWorkOptions, finish, type WorkOptions } from "../progress/accepted.ts";
import { type AttachmentJson, toAccepted, toAttachment, toMachine } from "../views.ts";
import { attachmentText } from "./attachment-text.ts";

interface ReplaceOptions extends WorkOptions, SourceOptions {
  readonly attachment?: string;
  readonly digest?: string;
  readonly expectAgent?: boolean;
}

const role: AttachmentRole = "configdrive";

/** That of the machine; without an id its config drive. An id copied from another machine's line must not change that machine's medium. */
const findAttachment = async (
  client: RestClient,
  machine: string,
  attachmentId: string | undefined,
): Promise<AttachmentJson> => {
  const { id, name } = toMachine(await client.call("GET", at`/v1/machines/${machine}`));
  if (attachmentId !== undefined) {
    const attachment = toAttachment(await client.call("GET", at`/v1/attachments/${attachmentId}`));
    if (attachment.machineId === id) return attachment;
    throw usage(`That attachment belongs to ${attachment.machineName}, not to ${name}.`);
  }
  const query = { state: "attached" };
  const { items } = await client.list(at`/v1/machines/${machine}/attachments`, toAttachment, { query });
  const found = items.find((item) => item.role === role);
  if (found !== undefined) return found;
  throw usage(`No config drive is attached to ${name}.`, "`mediabay attach` attaches one.");
};

export const defineReplace = (command: Command, cli: Cli): void => {
  command
    .description("put another config drive into the same slot; where that fails the former one is put back")
    .argument("<machine>", "name or id")
    .argument("[uri]", sourceHelp)
    .option("--attachment <id>", "that of the machine which is meant (default: its config drive)")
    .option("--digest <sha256>", "refuse bytes with another SHA-256", parseDigest)
    .option("--expect-agent", "a deploy agent may run here: refuse unless the machine is off")
    .option("--deadline <duration>", "give up and undo after this long (default 10m)", parseDuration);
  addWorkOptions(addSourceOptions(command)).action(
    async (machine: string, uri: string | undefined, options: ReplaceOptions) => {
      const { digest, expectAgent, deadline, idempotencyKey } = options;
      const body = {
        source: await readSource(cli, uri, options),
        ...(digest === undefined ? {} : { digest }),
        ...(expectAgent === undefined ? {} : { expectAgent }),
        ...(deadline === undefined ? {} : { deadlineMs: deadline }),
      };
      const client = await connect(cli);
      const { id } = await findAttachment(client, machine, options.attachment);
      const accepted = toAccepted(
        await client.call("POST", at`/v1/attachments/${id}/replace`, { body, idempotencyKey }),
      );
      await finish(cli, client, accepted, options, ({ attachment }) =>
        attachment === undefined ? "" : attachmentText(attachment),
      );
    },
  );
};
