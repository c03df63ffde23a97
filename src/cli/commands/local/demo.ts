// mediabay demo
import type { Command } from "commander";
import type { Cli } from "../../context.ts";

export const define = (command: Command, cli: Cli): void => {
  command
    .option("--keep", "leave it up and print what to try; Ctrl-C ends it")
    .action(({ keep }: { readonly keep?: boolean }) => cli.work.demo({ keep: keep === true, json: cli.json }));
};
