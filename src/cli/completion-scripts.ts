// Completion scripts for bash, zsh and fish from the tree of commands: everything is in the script, so that no key press starts Node.

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export interface CommandWords {
  /** `[]` for mediabay itself, `["machine", "add"]` for a command of a command. */
  readonly path: readonly string[];
  readonly options: readonly {
    readonly name: string;
    readonly description: string;
    readonly takesValue: boolean;
    readonly takesFile: boolean;
    readonly choices: readonly string[];
  }[];
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** Values that its arguments are limited to. */
  readonly choices: readonly string[];
}

const globalOptions = (all: readonly CommandWords[]): CommandWords["options"] =>
  all.find(({ path }) => path.length === 0)?.options ?? [];

const unique = (words: readonly string[]): string => [...new Set(words)].join(" ");

const bashCase = (all: readonly CommandWords[]): readonly string[] =>
  all.map((command) => {
    const words = unique([
      ...command.commands.map(({ name }) => name),
      ...command.choices,
      ...[...command.options, ...globalOptions(all)].map(({ name }) => name),
      "--help",
    ]);
    return `    "${command.path.join(" ")}") words="${words}" ;;`;
  });

/** What may follow an option that needs a value, as cases of `command path|option`. */
const bashValues = (all: readonly CommandWords[]): readonly string[] =>
  all.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(({ name, choices, takesFile }) => {
        const where = path.length === 0 ? `*"|${name}"` : `"${path.join(" ")}|${name}"`;
        const fixed = `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$current"))`;
        const free = takesFile ? 'COMPREPLY=($(compgen -f -- "$current"))' : "COMPREPLY=()";
        return `    ${where}) ${choices.length > 0 ? fixed : free}; return ;;`;
      }),
  );

const bash = (all: readonly CommandWords[]): string => {
  const groups = all
    .filter(({ path, commands }) => path.length === 1 && commands.length > 0)
    .map(({ path }) => path[0] ?? "");
  const names = all.filter(({ path }) => path.length === 1).map(({ path }) => path[0] ?? "");
  return [
    "# bash completion for mediabay: source it, or put it into /etc/bash_completion.d/",
    "_mediabay() {",
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word index',
    "  for ((index = 1; index < COMP_CWORD; index++)); do",
    '    word="${COMP_WORDS[index]}"',
    '    case "$path" in',
    `      "") case " ${unique(names)} " in *" $word "*) path="$word" ;; esac ;;`,
    ...groups.map((group) => {
      const children = all.find(({ path }) => path.length === 1 && path[0] === group)?.commands ?? [];
      return `      "${group}") case " ${unique(children.map(({ name }) => name))} " in *" $word "*) path="$path $word" ;; esac ;;`;
    }),
    "    esac",
    "  done",
    '  case "$path|$previous" in',
    ...bashValues(all),
    "  esac",
    '  case "$path" in',
    ...bashCase(all),
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '  if [[ ${#COMPREPLY[@]} -eq 0 && "$current" == @* ]]; then',
    '    COMPREPLY=($(compgen -P @ -f -- "${current#@}"))',
    "  fi",
    "}",
    "complete -F _mediabay mediabay",
    "",
  ].join("\n");
};

/** zsh has bash's own interface in `bashcompinit`: one script to keep right. */
const zsh = (all: readonly CommandWords[]): string =>
  ["#compdef mediabay", "autoload -Uz bashcompinit && bashcompinit", bash(all)].join("\n");

const fishQuote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

const fishCondition = (path: readonly string[], children: readonly string[]): string => {
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const unseen = children.length === 0 ? [] : [`not __fish_seen_subcommand_from ${children.join(" ")}`];
  return fishQuote([...seen, ...unseen].join("; and ") || "true");
};

const fish = (all: readonly CommandWords[]): string => {
  const lines = all.flatMap((command) => {
    const children = command.commands.map(({ name }) => name);
    const where = `complete -c mediabay -n ${fishCondition(command.path, children)}`;
    const anywhere = command.path.length === 0 ? "complete -c mediabay" : where;
    return [
      ...command.commands.map(({ name, description }) => `${where} -f -a ${name} -d ${fishQuote(description)}`),
      ...command.choices.map((choice) => `${where} -f -a ${choice}`),
      ...command.options.map(({ name, description, takesValue, takesFile, choices }) => {
        const value =
          choices.length > 0
            ? ` -x -a ${fishQuote(choices.join(" "))}`
            : takesFile
              ? " -r -F"
              : takesValue
                ? " -x"
                : "";
        return `${anywhere} -l ${name.replace(/^--/, "")}${value} -d ${fishQuote(description)}`;
      }),
    ];
  });
  return ["# fish completion for mediabay: put it into ~/.config/fish/completions/mediabay.fish", ...lines, ""].join(
    "\n",
  );
};

export const scriptFor = (shell: Shell, all: readonly CommandWords[]): string => ({ bash, zsh, fish })[shell](all);
