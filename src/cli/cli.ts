// The command line as a whole: options of every command, and how an error becomes an exit code.
import { Command } from "commander";
import { type CliDeps, type CliIo, closeOver, createContext, type GlobalOptions } from "./context.ts";
import { exitCodeHelp, exitCodes } from "./exit-codes.ts";
import { defect, describe, exitCodeOf, toFailure, usage } from "./failure.ts";
import { register } from "./registry.ts";

/** Builds the command line. `parseAsync` rejects with the error that `runCli` would print. */
export const createCli = <S>(deps: CliDeps<S>): Command => {
  const { io } = deps;
  const program = new Command("mediabay")
    .description("Puts images in front of bare-metal machines through their BMCs.")
    .option("--json", "machine-readable answer on stdout, problem JSON on stderr")
    .option("--url <url>", "the gateway (MEDIABAY_URL; default http://127.0.0.1:8480)")
    .option(
      "--token-file <file>",
      "file with the API token (MEDIABAY_TOKEN_FILE, MEDIABAY_TOKEN; default the admin token)",
    )
    .option("--ca-file <file>", "CA of the gateway's certificate, PEM (MEDIABAY_CA_FILE)")
    .option("--config <file>", "the settings' file (MEDIABAY_CONFIG; default /etc/mediabay/mediabay.yaml)")
    .version(deps.version, "--version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      "after",
      `\n${exitCodeHelp()}\n\nTokens and passwords come from files, the environment or a prompt, never from arguments.`,
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void (program.opts<GlobalOptions>().json === true || io.stderr.write(text)),
      // The error is printed once, by runCli, in the form that was asked for.
      outputError: () => undefined,
    });
  register(program, createContext(program, closeOver(deps)));
  return program;
};

const secretOption = /^--(password|passwd|pass|token|secret)(=.*)?$/s;

const refuseSecrets = (argv: readonly string[]): void => {
  const end = argv.indexOf("--");
  for (const argument of end < 0 ? argv : argv.slice(0, end)) {
    const name = secretOption.exec(argument)?.[1];
    if (name === undefined) continue;
    throw usage(
      `--${name} is refused: arguments are visible to everyone on this host.`,
      name === "token"
        ? "Use --token-file, MEDIABAY_TOKEN_FILE or MEDIABAY_TOKEN; change the token if it was typed here."
        : name === "secret"
          ? "Use --secret-file, --secret-env or the prompt; change the secret if it was typed here."
          : "Use --password-file, --password-env or the prompt; change the password if it was typed here.",
    );
  }
};

const report = (error: unknown, io: CliIo, json: boolean): number => {
  const failure = toFailure(error);
  if (failure === undefined) return exitCodes.ok.code;
  if (json) {
    io.stderr.write(`${JSON.stringify(failure.problem)}\n`);
  } else {
    const trace = defect(failure);
    io.stderr.write(`${describe(failure)}${trace === undefined ? "" : `${trace}\n`}`);
  }
  return exitCodeOf(failure);
};

/** Runs one command line (without node and script) and answers its exit code. Never throws. */
export const runCli = async <S>(deps: CliDeps<S>, argv: readonly string[]): Promise<number> => {
  const program = createCli(deps);
  try {
    refuseSecrets(argv);
    await program.parseAsync(argv, { from: "user" });
    return exitCodes.ok.code;
  } catch (error) {
    const json = program.opts<GlobalOptions>().json === true || argv.includes("--json");
    return report(error, deps.io, json);
  }
};

/** The process's own streams. A reader that went away (`| head`) ends the output quietly. */
export const processIo = (): CliIo => {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(exitCodes.ok.code);
  });
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    onInterrupt: (listener) => {
      let times = 0;
      // Stays registered: libraries that restore the cursor end the process when theirs is the only listener left.
      const interrupt = (): void => {
        times += 1;
        if (times > 1) process.exit(exitCodes.interrupted.code);
        listener();
      };
      process.on("SIGINT", interrupt);
      return () => void process.removeListener("SIGINT", interrupt);
    },
  };
};
