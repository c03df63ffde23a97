// The commands by name. Their files are loaded only when they are called, so that `--help` stays fast.
import type { Command } from "commander";
import type { Cli, CommandModule } from "./context.ts";

interface Entry {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  load(): Promise<CommandModule>;
}

const entry = (group: string, name: string, summary: string, load: () => Promise<CommandModule>): Entry => ({
  group,
  name,
  summary,
  load,
});

const onMachines = "On machines:";
const onGateway = "On the gateway:";
const here = "On this host:";

const entries: readonly Entry[] = [
  entry(onMachines, "attach", "put an image in front of a machine", () => import("./commands/attach.ts")),
  entry(onMachines, "detach", "take attached images away again", () => import("./commands/detach.ts")),
  entry(onMachines, "status", "what is attached, to one machine or to all", () => import("./commands/status.ts")),
  entry(onMachines, "machine", "add, list, show, update, remove machines", () => import("./commands/machine.ts")),
  entry(onMachines, "media", "show or eject a BMC's virtual-media slots", () => import("./commands/media.ts")),
  entry(onMachines, "leftovers", "find media of ours that nobody took out", () => import("./commands/leftovers.ts")),
  entry(onMachines, "boot", "show or set the boot override", () => import("./commands/boot.ts")),
  entry(onMachines, "power", "show the power state or reset", () => import("./commands/power.ts")),
  entry(onMachines, "probe", "ask a BMC what it is and can do", () => import("./commands/probe.ts")),
  entry(onMachines, "record", "record a BMC as a fixture, without secrets", () => import("./commands/record.ts")),
  entry(onGateway, "image", "list, show, add, remove, look into images", () => import("./commands/image.ts")),
  entry(
    onGateway,
    "operation",
    "list, show, follow, wait for, cancel operations",
    () => import("./commands/operation.ts"),
  ),
  entry(onGateway, "profile", "list, show, explain, check BMC profiles", () => import("./commands/profile.ts")),
  entry(
    onGateway,
    "credential",
    "set, list, remove credentials of image origins",
    () => import("./commands/credential.ts"),
  ),
  entry(onGateway, "token", "create, list, remove API tokens", () => import("./commands/token.ts")),
  entry(onGateway, "audit", "who attached what to which machine", () => import("./commands/audit.ts")),
  entry(
    here,
    "configdrive",
    "build a config drive, or replace one that is attached",
    () => import("./commands/configdrive.ts"),
  ),
  entry(here, "serve", "run the gateway", () => import("./commands/local/serve.ts")),
  entry(here, "demo", "a whole attach against a simulated BMC", () => import("./commands/local/demo.ts")),
  entry(here, "simulate", "simulated BMCs for your own tests", () => import("./commands/local/simulate.ts")),
  entry(here, "key", "rotate the key that seals credentials", () => import("./commands/local/key.ts")),
  entry(here, "completion", "print a shell completion script", () => import("./commands/local/completion.ts")),
  entry(here, "version", "print the version", () => import("./commands/local/version.ts")),
];

/** Adds every command by name and summary; a command's own file is loaded just before its arguments are parsed. */
export const register = (program: Command, cli: Cli): void => {
  for (const { group, name, summary } of entries)
    program.command(name).summary(summary).description(summary).helpGroup(group);
  program.hook("preSubcommand", (_program, command) => complete(command, cli));
};

const completed = new WeakSet<Command>();

const complete = async (command: Command, cli: Cli): Promise<void> => {
  const found = entries.find(({ name }) => name === command.name());
  if (found === undefined || completed.has(command)) return;
  completed.add(command);
  (await found.load()).define(command.helpCommand(false), cli);
};

/** Loads every command, for the completion script and for tests. */
export const completeAll = async (program: Command, cli: Cli): Promise<void> => {
  for (const command of program.commands) await complete(command, cli);
};
