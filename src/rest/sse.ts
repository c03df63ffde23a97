// Server-sent events (WHATWG HTML §9.2) from the events table. A live event only wakes the reader, which then reads the table on from the
// last event it wrote: so nothing is missed or repeated between replay and live, and a slow client holds one page at most.
import { once } from "node:events";
import type { Response } from "express";
import type { Clock } from "../core/driver.ts";
import { MediabayError } from "../core/errors.ts";
import type { OperationEvent } from "../core/records.ts";
import { present } from "./present.ts";

const heartbeatMs = 15_000;
/** A client that takes nothing for this long is cut. */
const stalledMs = 60_000;

/** Counts open streams. `enter` answers the function that leaves. @throws MediabayError RATE_LIMITED */
export interface StreamGate {
  enter(): () => void;
}

export const createStreamGate = (mostStreams: number): StreamGate => {
  let open = 0;
  return {
    enter: () => {
      if (open >= mostStreams) throw new MediabayError("RATE_LIMITED", "Too many event streams are open.");
      open += 1;
      return () => {
        open -= 1;
      };
    },
  };
};

/** `Last-Event-ID`: a decimal sequence number; undefined without the header. @throws MediabayError INVALID_REQUEST */
export const parseLastEventId = (header: string | undefined): number | undefined => {
  if (header === undefined || header === "") return undefined;
  if (/^\d{1,15}$/.test(header)) return Number(header);
  throw new MediabayError("INVALID_REQUEST", "The header `Last-Event-ID` is not an event's id.", {
    field: "Last-Event-ID",
  });
};

export interface EventStream {
  readonly response: Response;
  readonly clock: Clock;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** Write only events after this one; undefined: only those that happen from now on. */
  readonly after: number | undefined;
  /** A page of stored events after `seq`, in order; empty when there are no more. */
  read(seq: number): Promise<readonly OperationEvent[]>;
  subscribe(listener: (event: OperationEvent) => void): () => void;
  /** Data of the closing `end` event once nothing more can come. Absent: the stream never ends by itself. */
  readEnd?(): Promise<object | undefined>;
}

const frame = ({ seq, type, operationId, at, data }: OperationEvent): string =>
  `id: ${seq}\nevent: ${type}\ndata: ${present({ operationId, at, data })}\n\n`;

/** Resolves with true when `wait` did, with false when `ms` passed first or the signal fired. */
const within = async (
  wait: (signal: AbortSignal) => Promise<unknown>,
  ms: number,
  stream: EventStream,
): Promise<boolean> => {
  const done = new AbortController();
  const signal = AbortSignal.any([stream.signal, done.signal]);
  const quiet = (error: unknown): false => {
    if (signal.aborted) return false;
    throw error;
  };
  try {
    return await Promise.race([
      wait(signal).then(() => true, quiet),
      stream.clock.sleep(ms, signal).then(() => false, quiet),
    ]);
  } finally {
    done.abort();
  }
};

const write = async (stream: EventStream, text: string): Promise<void> => {
  if (stream.response.write(text)) return;
  const drained = await within((signal) => once(stream.response, "drain", { signal }), stalledMs, stream);
  if (!drained && !stream.signal.aborted) stream.response.destroy();
};

/** Writes what is stored after `last`; answers the last event written. */
const drain = async (stream: EventStream, last: number): Promise<number> => {
  let written = last;
  for (let page = await stream.read(written); page.length > 0; page = await stream.read(written)) {
    for (const event of page) {
      if (stream.signal.aborted) return written;
      await write(stream, frame(event));
      written = event.seq;
    }
  }
  return written;
};

type Bell = ReturnType<typeof createBell>;

/** Rings when an event was stored, and keeps the place in the table. */
const createBell = (after: number | undefined) => {
  let last = after;
  let rung = false;
  let answer = (): void => undefined;
  return {
    ring: (event: OperationEvent): void => {
      last ??= event.seq - 1;
      rung = true;
      answer();
    },
    clear: (): void => {
      rung = false;
    },
    last: (): number | undefined => last,
    wrote: (seq: number): void => {
      last = seq;
    },
    wait: (signal: AbortSignal): Promise<void> =>
      new Promise((resolve, reject) => {
        if (rung) resolve();
        answer = resolve;
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  };
};

const open = (response: Response): void => {
  response.status(200).set({ "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" }).flushHeaders();
};

const follow = async (stream: EventStream, bell: Bell): Promise<void> => {
  while (!stream.signal.aborted) {
    bell.clear();
    // Asked before the drain: what was stored before the end is then written before the end.
    const end = await stream.readEnd?.();
    const last = bell.last();
    if (last !== undefined) bell.wrote(await drain(stream, last));
    if (end) {
      await write(stream, `event: end\ndata: ${present(end)}\n\n`);
      return;
    }
    const rung = await within((signal) => bell.wait(signal), heartbeatMs, stream);
    if (!rung && !stream.signal.aborted) await write(stream, ": heart-beat\n\n");
  }
};

/** Writes events until the operation ends, the client goes or the server closes. Heart-beat: a comment after each 15 s of silence. */
export const streamEvents = async (stream: EventStream): Promise<void> => {
  const bell = createBell(stream.after);
  const unsubscribe = stream.subscribe(bell.ring);
  try {
    open(stream.response);
    await follow(stream, bell);
    stream.response.end();
  } finally {
    unsubscribe();
  }
};
