// Why a command ends without success, as the person or the script sees it: a problem (RFC 9457) and an exit code.
import { CommanderError } from "commander";
import { MediabayError, toErrorRecord } from "../core/errors.ts";
import { redactText } from "../core/redact.ts";
import { type Exit, exitCodes, exitFor } from "./exit-codes.ts";
import { plain } from "./render.ts";

/** A problem of the gateway as it came, or one of ours in the same shape. */
export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly hint?: string;
  readonly status?: number;
  readonly [member: string]: unknown;
}

export class Failure extends Error {
  readonly exit: Exit;
  readonly problem: Problem;

  constructor(exit: Exit, problem: Problem, options?: { cause?: unknown }) {
    super(problem.detail, options);
    this.name = "Failure";
    this.exit = exit;
    this.problem = problem;
  }
}

const ours = (code: string, detail: string, hint: string | undefined, more: object = {}): Problem => ({
  type: `urn:mediabay:error:${code}`,
  title: code,
  detail: redactText(detail),
  code,
  ...(hint === undefined ? {} : { hint }),
  ...more,
});

/** The command line is wrong. */
export const usage = (detail: string, hint?: string): Failure => new Failure("usage", ours("USAGE", detail, hint));

export const unreachable = (detail: string, cause?: unknown): Failure =>
  new Failure(
    "unreachable",
    ours(
      "GATEWAY_UNREACHABLE",
      detail,
      "Is `mediabay serve` running? Name another gateway with --url or MEDIABAY_URL; MEDIABAY_CA_FILE holds its CA.",
    ),
    { cause },
  );

export const timedOut = (operationId: string): Failure =>
  new Failure(
    "timedOut",
    ours(
      "WAIT_TIMEOUT",
      `Operation ${operationId} is still running.`,
      `\`mediabay operation wait ${operationId}\` waits on; \`mediabay operation cancel ${operationId}\` cancels it.`,
      { operationId },
    ),
  );

export const interrupted = (operationId: string): Failure =>
  new Failure(
    "interrupted",
    ours(
      "INTERRUPTED",
      `Stopped waiting; operation ${operationId} goes on.`,
      `\`mediabay operation follow ${operationId}\` follows it; \`mediabay operation cancel ${operationId}\` cancels it.`,
      { operationId },
    ),
  );

/** From a problem the gateway answered. */
export const refusal = (problem: Problem): Failure => new Failure(exitFor(problem.code, problem.status), problem);

/** Commander repeats what was typed, and that may hold a secret: only names of options stay. */
const withoutValues = (message: string): string =>
  message
    .replace(/^error: /, "")
    .replace(/ (argument|value) '.*' is invalid/s, " $1 is invalid")
    .replaceAll(/'(--[^='\s]+)=[^']*'/g, "'$1'")
    .replace(/(but got \d+): .*/s, "$1")
    .replaceAll(/unknown option '(-[^-])[^']*'/g, "unknown option '$1'");

const sentence = (text: string): string => {
  const line = text.trim();
  const capital = `${line.charAt(0).toUpperCase()}${line.slice(1)}`;
  return /[.?!)]$/.test(capital) ? capital : `${capital}.`;
};

/** Anything thrown, as a failure. Undefined when commander only showed help or the version. */
export const toFailure = (error: unknown): Failure | undefined => {
  if (error instanceof Failure) return error;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    if (error.code === "commander.help") return usage("A command is missing.");
    return usage(sentence(withoutValues(error.message)), "Add --help to see what the command takes.");
  }
  const record = toErrorRecord(error);
  const problem = ours(record.code, record.message, record.hint, { context: record.context });
  return new Failure(exitFor(record.code), problem, { cause: error });
};

const bmcText = (problem: Problem): string | undefined => {
  const context = problem["context"];
  if (typeof context !== "object" || context === null) return undefined;
  const { bmcText: text, bmcCode: code } = context as { readonly bmcText?: unknown; readonly bmcCode?: unknown };
  const parts = [text, code].filter((part) => typeof part === "string");
  return parts.length === 0 ? undefined : parts.join(" · ");
};

const settingProblems = (problem: Problem): readonly string[] => {
  const context = problem["context"];
  if (typeof context !== "object" || context === null || !("problems" in context)) return [];
  const { problems } = context;
  if (!Array.isArray(problems)) return [];
  return problems.map((entry: { readonly key: string; readonly from?: string; readonly problem: string }) =>
    plain(
      entry.from === undefined ? `  ${entry.key}: ${entry.problem}` : `  ${entry.key} ${entry.problem} [${entry.from}]`,
    ),
  );
};

/** For people: the message, its hint, the BMC's words, the code. */
export const describe = ({ problem }: Failure): string => {
  const listed = settingProblems(problem);
  const bmc = bmcText(problem);
  return [
    // The text repeats what is listed below it.
    `error: ${plain(listed.length > 0 ? problem.detail.replace(/: .*$/su, ":") : problem.detail)}`,
    ...listed,
    ...(problem.hint === undefined ? [] : [`hint: ${plain(problem.hint)}`]),
    ...(bmc === undefined ? [] : [`bmc: ${plain(bmc)}`]),
    `code: ${plain(problem.code)}`,
    "",
  ].join("\n");
};

/** A defect's own message goes to the person at the terminal only. */
export const defect = (failure: Failure): string | undefined => {
  const { cause } = failure;
  if (!(cause instanceof MediabayError) || !(cause.cause instanceof Error)) {
    return cause instanceof Error && !(cause instanceof MediabayError) && failure.exit === "unexpected"
      ? redactText(cause.stack ?? cause.message)
      : undefined;
  }
  return undefined;
};

export const exitCodeOf = (failure: Failure): number => exitCodes[failure.exit].code;
