// mediabay version
import type { Command } from "commander";
import type { Cli } from "../../context.ts";

export const define = (command: Command, cli: Cli): void => {
  command.action(() => {
    const { version } = cli.work;
    return cli.show({ version, node: process.versions.node }, `mediabay ${version} (Node ${process.versions.node})\n`);
  });
};
