// Reads a stream of server-sent events as a browser would, event by event.

export interface Sent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: unknown;
  readonly comment?: string;
}

const parse = (block: string): Sent => {
  const lines = block.split("\n");
  const field = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  const [id, event, data, comment] = [field("id"), field("event"), field("data"), field("")];
  return {
    ...(id !== undefined && { id }),
    ...(event !== undefined && { event }),
    ...(data !== undefined && { data: JSON.parse(data) as unknown }),
    ...(comment !== undefined && { comment }),
  };
};

/** Yields each event; returns when the server ends the stream. */
export async function* readEvents(answer: Response): AsyncGenerator<Sent, void, undefined> {
  let rest = "";
  for await (const chunk of (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) yield parse(block);
  }
  if (rest !== "") throw new Error("the stream ended within an event");
}

/** The next `count` events. */
export const takeEvents = async (events: AsyncGenerator<Sent, void, undefined>, count: number): Promise<Sent[]> => {
  const taken: Sent[] = [];
  while (taken.length < count) {
    const { value, done } = await events.next();
    if (done || !value) throw new Error(`the stream ended after ${taken.length} events`);
    taken.push(value);
  }
  return taken;
};
