// Options of every listing. Without them every page is fetched.
import type { Command } from "commander";
import { parseCount } from "./arguments.ts";

export const addListOptions = (command: Command): Command =>
  command
    .option("--limit <count>", "at most so many", parseCount)
    .option("--after <cursor>", "go on after the `next` of an earlier answer");
