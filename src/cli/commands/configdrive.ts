// mediabay configdrive build|replace
import type { Command } from "commander";
import type { Cli } from "../context.ts";
import { defineReplace } from "./configdrive-replace.ts";
import { defineBuild } from "./local/configdrive-build.ts";

export const define = (command: Command, cli: Cli): void => {
  defineBuild(command.command("build"), cli);
  defineReplace(command.command("replace"), cli);
};
