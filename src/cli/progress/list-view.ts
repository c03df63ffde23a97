// Steps on a terminal with listr2. The steps of an operation are not known beforehand, so each is a list of its own.
import { Listr, type ListrDefaultRendererLogLevels, ListrLogger, ProcessOutput } from "listr2";
import { plain } from "../render.ts";
import type { ProgressView } from "./view.ts";

/** How a step's line ends: ticked, crossed with a text, or left with a text because nobody looks any more. */
type Ending = { readonly kind: "done" } | { readonly kind: "failed" | "left"; readonly text: string };

interface Running {
  readonly name: string;
  readonly title: string;
  end(ending: Ending): void;
  progress(text: string): void;
  readonly shown: Promise<unknown>;
}

const start = (stream: NodeJS.WriteStream, name: string, title: string): Running => {
  const ended = Promise.withResolvers<Ending>();
  let progress: Running["progress"] = () => undefined;
  const list = new Listr(
    [
      {
        title: plain(title),
        task: async (_context, task) => {
          progress = (text) => {
            task.output = plain(text);
          };
          const ending = await ended.promise;
          if (ending.kind === "failed") throw new Error(plain(ending.text));
          if (ending.kind === "left") task.skip(plain(ending.text));
        },
      },
    ],
    {
      exitOnError: false,
      registerSignalListeners: false,
      rendererOptions: {
        logger: new ListrLogger<ListrDefaultRendererLogLevels>({ processOutput: new ProcessOutput(stream, stream) }),
      },
    },
  );
  return { name, title, end: ended.resolve, progress: (text) => progress(text), shown: list.run() };
};

export const listView = (stream: NodeJS.WriteStream): ProgressView => {
  let running: Running | undefined;
  let warnings: string[] = [];
  // One list at a time owns the cursor: the next waits until the one before has drawn its last line.
  let queue: Promise<unknown> = Promise.resolve();
  const then = (work: () => unknown): void => {
    queue = queue.then(work);
  };
  const begin = async (name: string, title: string): Promise<void> => {
    await leave();
    running = start(stream, name, title);
  };
  const finish = async (ending: Ending): Promise<void> => {
    running?.end(ending);
    await running?.shown;
    running = undefined;
    for (const text of warnings) stream.write(`! ${plain(text)}\n`);
    warnings = [];
  };
  const leave = (): Promise<void> => finish({ kind: "left", text: `${running?.title ?? ""}: not over yet` });
  return {
    stepStarted: (name, title) => then(() => begin(name, title)),
    stepEnded: (name, title, outcome, reason) =>
      then(async () => {
        if (running?.name !== name) await begin(name, outcome === "undone" ? `${title} (undone)` : title);
        const text = reason === undefined ? title : `${title}: ${reason}`;
        await finish(outcome === "failed" ? { kind: "failed", text } : { kind: "done" });
      }),
    progress: (text) => then(() => running?.progress(text)),
    warning: (text) =>
      then(async () => {
        warnings.push(text);
        if (running === undefined) await leave();
      }),
    close: async () => {
      then(leave);
      await queue;
    },
  };
};
