// mediabay media MACHINE [--eject SLOT]
import type { Command } from "commander";
import { at, connect } from "../client.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { addWorkOptions, finish, type WorkOptions } from "../progress/accepted.ts";
import { table } from "../render.ts";
import { toAccepted, toMedia } from "../views.ts";

interface MediaOptions extends WorkOptions {
  readonly eject?: string;
  readonly force?: boolean;
}

const show = async (cli: Cli, machine: string): Promise<void> => {
  const client = await connect(cli);
  const media = toMedia(await client.call("GET", at`/v1/machines/${machine}/media`));
  const text = table(
    ["slot", "types", "by url", "inserted", "image", "attachment"],
    media.slots.map(({ id, mediaTypes, urlCapable, state, attachmentId, leftover, alike }) => [
      id,
      mediaTypes.join(" "),
      urlCapable,
      state?.inserted,
      state?.image ?? state?.imageName,
      leftover === true ? "leftover" : alike === true ? "perhaps ours" : attachmentId,
    ]),
    "This BMC shows no virtual-media slot.",
  );
  await cli.show(media, text);
};

export const define = (command: Command, cli: Cli): void => {
  command
    .argument("<machine>", "name or id")
    .option("--eject <slot>", "eject this slot")
    .option("--force", "with --eject: also a medium that is not ours");
  addWorkOptions(command).action(async (machine: string, options: MediaOptions) => {
    const { eject, force, idempotencyKey } = options;
    if (eject === undefined && force === true) throw usage("--force needs --eject SLOT beside it.");
    if (eject === undefined) return show(cli, machine);
    const client = await connect(cli);
    const accepted = await client.call("DELETE", at`/v1/machines/${machine}/media/${eject}`, {
      query: { force: force === true ? "true" : undefined },
      idempotencyKey,
    });
    await finish(
      cli,
      client,
      toAccepted(accepted),
      options,
      ({ operation }) => `Slot ${eject} of ${operation.machineName} is empty.\n`,
    );
  });
};
