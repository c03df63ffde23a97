// A process of the benchmark that answers calls by name over its own channel, and ends when its parent does.
import { fork } from "node:child_process";
import { once } from "node:events";

export type Handlers = Readonly<Record<string, (input: never) => unknown>>;

export interface Child<H extends Handlers> {
  /** @throws Error with the child's own words */
  ask<K extends keyof H & string>(name: K, input: Parameters<H[K]>[0]): Promise<Awaited<ReturnType<H[K]>>>;
  stop(): Promise<void>;
}

interface Question {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

interface Reply {
  readonly id: number;
  readonly output?: unknown;
  readonly failure?: string;
}

/** `execArgv`: what else Node itself is told, such as `--cpu-prof`. */
export const startChild = <H extends Handlers>(file: string, execArgv: readonly string[] = []): Child<H> => {
  const child = fork(file, { execArgv: [...execArgv], serialization: "advanced" });
  const ended = once(child, "exit");
  const open = new Map<number, PromiseWithResolvers<unknown>>();
  let count = 0;
  child.on("message", ({ id, output, failure }: Reply) => {
    const asked = open.get(id);
    open.delete(id);
    if (failure === undefined) asked?.resolve(output);
    else asked?.reject(new Error(failure));
  });
  child.on("exit", (code) => {
    for (const asked of open.values()) asked.reject(new Error(`${file} ended with ${code}`));
  });
  return {
    ask: async (name, input) => {
      count += 1;
      const asked = Promise.withResolvers<unknown>();
      open.set(count, asked);
      child.send({ id: count, name, input } satisfies Question);
      return (await asked.promise) as never;
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
};

const replyTo = async (handlers: Handlers, { id, name, input }: Question): Promise<Reply> => {
  const handler = handlers[name] as (input: unknown) => unknown;
  try {
    return { id, output: await handler(input) };
  } catch (error) {
    return { id, failure: String(error) };
  }
};

/** What such a process does: each call is answered with what its handler answers. `onEnd` is the last. */
export const answerCalls = (handlers: Handlers, onEnd: () => Promise<void>): void => {
  process.on("message", (question: Question) => {
    void replyTo(handlers, question).then((reply) => process.send?.(reply));
  });
  process.once("disconnect", () => void onEnd());
};
