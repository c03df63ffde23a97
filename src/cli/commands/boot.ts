// mediabay boot MACHINE [TARGET]
import { type Command, Option } from "commander";
import type { BootOverride } from "../../core/driver.ts";
import { bootModes, type BootMode } from "../../core/vocabulary.ts";
import { at, connect } from "../client.ts";
import type { Cli } from "../context.ts";
import { usage } from "../failure.ts";
import { addWorkOptions, finish, type WorkOptions } from "../progress/accepted.ts";
import { fields } from "../render.ts";
import { toAccepted, toBoot } from "../views.ts";

interface BootOptions extends WorkOptions {
  readonly once?: boolean;
  readonly continuous?: boolean;
  readonly clear?: boolean;
  readonly mode?: BootMode;
}

const wanted = (target: string | undefined, options: BootOptions): BootOverride | undefined => {
  const { once, continuous, clear, mode } = options;
  if ([once, continuous, clear].filter((given) => given === true).length > 1) {
    throw usage("--once, --continuous and --clear exclude each other.");
  }
  if (clear === true) {
    if (target !== undefined) throw usage("--clear takes no target.");
    return { target: "None", enabled: "Disabled" };
  }
  if (target !== undefined) {
    return { target, enabled: continuous === true ? "Continuous" : "Once", ...(mode === undefined ? {} : { mode }) };
  }
  if (once === true || continuous === true || mode !== undefined)
    throw usage("A boot target is missing.", "For example: Cd, Usb, Pxe, Hdd.");
  return undefined;
};

const show = async (cli: Cli, machine: string, path: string): Promise<void> => {
  const boot = toBoot(await (await connect(cli)).call("GET", path));
  const { override, targets } = boot;
  await cli.show(
    boot,
    fields([
      ["machine", machine],
      ["override", override.enabled === "Disabled" ? "none" : `${override.target} ${override.enabled}`],
      ["mode", override.mode],
      ["targets", targets.join(" ")],
    ]),
  );
};

export const define = (command: Command, cli: Cli): void => {
  command
    .argument("<machine>", "name or id")
    .argument("[target]", "Redfish boot source: Cd, Usb, Pxe, Hdd, …; without it the override is shown")
    .option("--once", "for the next boot only (default)")
    .option("--continuous", "until it is cleared")
    .option("--clear", "end the override")
    .addOption(new Option("--mode <mode>", "boot mode").choices(bootModes));
  addWorkOptions(command).action(async (machine: string, target: string | undefined, options: BootOptions) => {
    const path = at`/v1/machines/${machine}/boot`;
    const body = wanted(target, options);
    if (body === undefined) return show(cli, machine, path);
    const client = await connect(cli);
    const accepted = await client.call("PUT", path, { body, idempotencyKey: options.idempotencyKey });
    await finish(cli, client, toAccepted(accepted), options, async () => {
      const { override } = toBoot(await client.call("GET", path));
      const now = override.enabled === "Disabled" ? "no boot override" : `${override.target} ${override.enabled}`;
      return `The BMC of ${machine} shows: ${now}.\n`;
    });
  });
};
