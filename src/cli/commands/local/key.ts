// mediabay key rotate
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Cli } from "../../context.ts";
import { fields } from "../../render.ts";

export const define = (command: Command, cli: Cli): void => {
  command
    .command("rotate")
    .description("seal all credentials with a new key; the gateway must be stopped")
    .option("--state-dir <folder>", "setting stateDir")
    .action(async ({ stateDir }: { readonly stateDir?: string }) => {
      const { config } = cli.globals();
      const done = await cli.work.rotateKey({
        ...(config === undefined ? {} : { config }),
        ...(stateDir === undefined
          ? {}
          : { set: [{ path: "stateDir", value: resolve(stateDir), flag: "--state-dir" }] }),
      });
      const shown = Object.entries(done).map(
        ([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)] as const,
      );
      await cli.show(done, fields(shown));
    });
};
