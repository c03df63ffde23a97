// How the progress of an operation is shown: listr2 on a terminal, plain lines elsewhere, nothing with `--json`. Always on stderr, so that
// stdout holds the result alone.
import { formatSize } from "../../core/units.ts";
import type { Cli, Output } from "../context.ts";
import { plain } from "../render.ts";
import { isObject } from "../views.ts";

export interface ProgressView {
  stepStarted(name: string, title: string): void;
  stepEnded(name: string, title: string, outcome: "done" | "failed" | "undone", reason?: string): void;
  progress(text: string): void;
  warning(text: string): void;
  /** Leaves the terminal as it was; a step still shown as running is left so. */
  close(): Promise<void>;
}

const silent: ProgressView = {
  stepStarted: () => undefined,
  stepEnded: () => undefined,
  progress: () => undefined,
  warning: () => undefined,
  close: () => Promise.resolve(),
};

const because = (reason: string | undefined): string => (reason === undefined ? "" : `: ${plain(reason)}`);

/** Progress is left out: a log wants what happened, not how it went. */
const lineView = (output: Output): ProgressView => {
  const line = (mark: string, text: string): void => void output.write(`${mark.padEnd(8)}${plain(text)}\n`);
  return {
    stepStarted: (_name, title) => line("...", title),
    stepEnded: (_name, title, outcome, reason) => line(outcome, `${title}${because(reason)}`),
    progress: () => undefined,
    warning: (text) => line("warning", text),
    close: () => Promise.resolve(),
  };
};

const leastColumns = 40;
const leastRows = 4;

export const createView = async (cli: Cli): Promise<ProgressView> => {
  if (cli.json) return silent;
  // listr2 judges the terminal by the process's own streams and draws within its size, which some pseudo-terminals give as 0.
  const { stderr, stdout } = process;
  const roomy = stdout.columns >= leastColumns && stdout.rows >= leastRows;
  const terminal = cli.io.stderr === stderr && stderr.isTTY && stdout.isTTY && roomy;
  if (!terminal) return lineView(cli.io.stderr);
  const { listView } = await import("./list-view.ts");
  return listView(process.stderr);
};

/** What a `progress` event says, for people; undefined when it says nothing that we know. */
export const progressText = (data: unknown): string | undefined => {
  if (typeof data === "string") return data;
  if (!isObject(data)) return undefined;
  const { receivedBytes, totalBytes, coveredBytes, text } = data;
  if (typeof receivedBytes === "number") {
    return typeof totalBytes === "number"
      ? `${formatSize(receivedBytes)} of ${formatSize(totalBytes)}`
      : `${formatSize(receivedBytes)} received`;
  }
  if (typeof coveredBytes === "number") return `${formatSize(coveredBytes)} read by the BMC`;
  return typeof text === "string" ? text : undefined;
};
