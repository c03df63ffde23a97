// mediabay completion bash|zsh|fish
import { Argument, type Command } from "commander";
import { type CommandWords, scriptFor, type Shell, shells } from "../../completion-scripts.ts";
import type { Cli } from "../../context.ts";
import { completeAll } from "../../registry.ts";

const optionWords = (command: Command): CommandWords["options"] =>
  command.options
    .filter((option) => option.long !== undefined && option.long !== null && !option.hidden)
    .map((option) => ({
      name: option.long ?? "",
      description: option.description,
      takesValue: option.required,
      takesFile: /^<(file|folder)>$|-(file|dir)\b/.test(option.flags.split(" ").at(-1) ?? ""),
      choices: option.argChoices ?? [],
    }));

const wordsOf = (command: Command, path: readonly string[]): readonly CommandWords[] => [
  {
    path,
    options: optionWords(command),
    commands: command.commands.map((child) => ({
      name: child.name(),
      description: child.summary() || child.description(),
    })),
    choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
  },
  ...command.commands.flatMap((child) => wordsOf(child, [...path, child.name()])),
];

export const define = (command: Command, cli: Cli): void => {
  command.addArgument(new Argument("<shell>").choices(shells)).action(async (shell: Shell) => {
    await completeAll(cli.program, cli);
    const script = scriptFor(shell, wordsOf(cli.program, []));
    await cli.show({ script }, script);
  });
};
