// The command line without its deeds: parses what the README quotes just as `mediabay` would, and tells what is wrong with it.
import { Readable } from "node:stream";
import type { Command, Option } from "commander";
import { createCli } from "../../src/cli/cli.ts";
import { type CliDeps, closeOver, createContext } from "../../src/cli/context.ts";
import { completeAll } from "../../src/cli/registry.ts";
import { loadSettings } from "../../src/settings/load.ts";
import type { Settings } from "../../src/settings/schema.ts";
import { systemClock } from "../../src/wire/clock.ts";

const unused = (): never => {
  throw new Error("Nothing is done here.");
};

const deps: CliDeps<Settings> = {
  version: "0.0.0-test",
  clock: systemClock,
  mainPath: "/main.ts",
  io: {
    stdin: Readable.from([]),
    stdout: { write: () => true },
    stderr: { write: () => true },
    env: {},
    onInterrupt: () => () => undefined,
  },
  loadSettings: (flags) => loadSettings({ flags, env: {}, readFile: () => "" }),
  checkSettings: async () => undefined,
  findStateDir: () => "/nonexistent",
  serve: async () => undefined,
  demo: unused,
  simulate: unused,
  listSimulated: unused,
  rotateKey: unused,
  imageCa: unused,
  inspectImage: unused,
  buildDrive: unused,
  checkProfile: unused,
};

class Parsed extends Error {}

/**
 * Resolves when the command line is right; `serve` also checks the settings it was given.
 * @throws CommanderError, or MediabayError SETTINGS_INVALID
 */
export const parse = async (words: readonly string[]): Promise<void> => {
  const program = createCli(deps).hook("preAction", (_program, command) => {
    if (command.name() !== "serve") throw new Parsed();
  });
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof Parsed)) throw error;
  }
};

const optionsOf = (command: Command): readonly Option[] => [
  ...command.options,
  ...command.commands.flatMap((child) => optionsOf(child)),
];

/** The whole command line with every command's file loaded. */
const wholeProgram = async (): Promise<Command> => {
  const program = createCli(deps);
  await completeAll(program, createContext(program, closeOver(deps)));
  return program;
};

/** Every option of every command; `--help`, which each has, is not among them. */
export const allOptions = async (): Promise<readonly Option[]> => optionsOf(await wholeProgram());

/** Variables that the command line reads by itself, as its help names them. */
export const ownVariables = async (): Promise<readonly string[]> =>
  (await wholeProgram()).helpInformation().match(/MEDIABAY_[A-Z_]+/gu) ?? [];
