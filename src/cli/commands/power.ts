// mediabay power MACHINE [TYPE]
import { Argument, type Command } from "commander";
import { resetTypes } from "../../core/vocabulary.ts";
import { at, connect } from "../client.ts";
import type { Cli } from "../context.ts";
import { addWorkOptions, finish, type WorkOptions } from "../progress/accepted.ts";
import { fields } from "../render.ts";
import { toAccepted, toPower } from "../views.ts";

export const define = (command: Command, cli: Cli): void => {
  command
    .argument("<machine>", "name or id")
    .addArgument(new Argument("[type]", "Redfish reset type; without it the power state is shown").choices(resetTypes));
  addWorkOptions(command).action(async (machine: string, type: string | undefined, options: WorkOptions) => {
    const client = await connect(cli);
    const path = at`/v1/machines/${machine}/power`;
    if (type === undefined) {
      const power = toPower(await client.call("GET", path));
      const shown = fields([
        ["machine", machine],
        ["power", power.state],
        ["reset types", power.resetTypes.join(" ")],
      ]);
      return cli.show(power, shown);
    }
    const accepted = await client.call("POST", path, { body: { type }, idempotencyKey: options.idempotencyKey });
    await finish(cli, client, toAccepted(accepted), options, () => `${machine}: ${type} done.\n`);
  });
};
