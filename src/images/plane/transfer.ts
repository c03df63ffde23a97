// Moves a run of an image's bytes into a response: one step at a time, the next only when the peer took the last, so that a
// connection never holds more than one step in memory however slow its reader is.
import type { ServerResponse } from "node:http";
import type { Content, Lent } from "./contents.ts";

/** A step through memory, which costs no buffer: at 64 KiB, a range of 1 MiB costs half as much CPU again. */
const memoryStepBytes = 256 << 10;

export interface Transfer {
  /** Bytes that the operating system took for the peer, whether or not the rest followed. */
  readonly sentBytes: () => number;
}

export interface TransferRequest {
  readonly response: ServerResponse;
  readonly content: Content;
  readonly from: number;
  readonly to: number;
  /** Writes the head; called when the first bytes are at hand. */
  readonly sendHead: () => void;
  /** Called once, before the last bytes; they wait for what it answers. */
  readonly beforeLast: () => Promise<void> | undefined;
  /** The peer took a step. */
  readonly onProgress: () => void;
  /** The image could not be read: nothing more will be sent. */
  readonly onFailure: (error: Error) => void;
}

/** At once where nothing is to be waited for: no other response pays for it. */
const afterHold = (hold: Promise<void> | undefined, go: () => void): void => {
  if (hold === undefined) go();
  else void hold.then(go);
};

const sendFromMemory = (request: TransferRequest, memory: Buffer): Transfer => {
  const { response, from, to, onProgress } = request;
  let position = from;
  let sent = from;
  const step = (): void => {
    if (response.destroyed) return;
    const end = Math.min(to, position + memoryStepBytes);
    const bytes = memory.subarray(position, end);
    position = end;
    const taken = (error?: Error | null): void => {
      if (error) return;
      sent = end;
      onProgress();
      if (end < to) step();
    };
    if (end < to) response.write(bytes, taken);
    else
      afterHold(request.beforeLast(), () => {
        if (!response.destroyed) response.end(bytes, taken);
      });
  };
  request.sendHead();
  step();
  return { sentBytes: () => sent - from };
};

const sendFromFile = (request: TransferRequest, file: NonNullable<Content["file"]>): Transfer => {
  const { response, from, to, onProgress, onFailure } = request;
  let sent = from;
  const step = (): void => file.lend(sent, to - sent, (lent) => (lent instanceof Error ? fail(lent) : send(lent)));
  const fail = (error: Error): void => {
    if (!response.destroyed) onFailure(error);
  };
  const send = (lent: Lent): void => {
    if (response.destroyed) return lent.giveBack();
    const isLast = sent + lent.sizeBytes === to;
    return isLast ? afterHold(request.beforeLast(), () => put(lent)) : put(lent);
  };
  const put = (lent: Lent): void => {
    if (response.destroyed) return lent.giveBack();
    if (sent === from) request.sendHead();
    const end = sent + lent.sizeBytes;
    // Called for a connection that breaks as well.
    const taken = (failed?: Error | null): void => {
      lent.giveBack();
      if (failed) return;
      sent = end;
      onProgress();
      if (end < to) step();
    };
    // Node hands what is written in one turn to the system in one call.
    for (const part of lent.parts.slice(0, -1)) response.write(part);
    if (end === to) response.end(lent.parts.at(-1), taken);
    else response.write(lent.parts.at(-1), taken);
  };
  step();
  return { sentBytes: () => sent - from };
};

/** `[from, to)` must lie inside the image and not be empty. */
export const startTransfer = (request: TransferRequest): Transfer => {
  const { memory, file } = request.content;
  if (memory) return sendFromMemory(request, memory);
  if (file) return sendFromFile(request, file);
  throw new TypeError("a content is in memory or in a file");
};
