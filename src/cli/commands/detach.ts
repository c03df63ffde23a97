// mediabay detach MACHINE [ATTACHMENT]
import type { Command } from "commander";
import { at, connect, type RestClient } from "../client.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { addWorkOptions, finish, type WorkOptions } from "../progress/accepted.ts";
import { type AcceptedJson, toAccepted, toAttachment, toMachine } from "../views.ts";

interface DetachOptions extends WorkOptions {
  readonly force?: boolean;
}

/** An id copied from another machine's line must not take that machine's medium away. */
const refuseOfAnother = async (client: RestClient, machine: string, attachmentId: string): Promise<void> => {
  const { id, name } = toMachine(await client.call("GET", at`/v1/machines/${machine}`));
  const attachment = toAttachment(await client.call("GET", at`/v1/attachments/${attachmentId}`));
  if (attachment.machineId !== id) throw usage(`That attachment belongs to ${attachment.machineName}, not to ${name}.`);
};

const outcomeText = ({ operation, attachment }: AcceptedJson): string =>
  attachment === undefined
    ? `Nothing is attached to ${operation.machineName} any more.\n`
    : `${attachment.id} is ${attachment.state} from ${operation.machineName}.\n`;

export const define = (command: Command, cli: Cli): void => {
  command
    .argument("<machine>", "name or id")
    .argument("[attachment]", "its id; without it everything attached is taken away")
    .option("--force", "withdraw the image even if the BMC cannot be reached");
  addWorkOptions(command).action(async (machine: string, attachment: string | undefined, options: DetachOptions) => {
    const client = await connect(cli);
    if (attachment !== undefined) await refuseOfAnother(client, machine, attachment);
    const path = attachment === undefined ? at`/v1/machines/${machine}/attachments` : at`/v1/attachments/${attachment}`;
    const accepted = await client.call("DELETE", path, {
      query: { force: options.force === true ? "true" : undefined },
      idempotencyKey: options.idempotencyKey,
    });
    await finish(cli, client, toAccepted(accepted), options, outcomeText);
  });
};
