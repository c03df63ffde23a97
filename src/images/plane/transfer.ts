// Moves a run of an image's bytes into a response: one step at a time, the next only when the peer took the last, so that a
// connection never holds more than one step in memory however slow its reader is.
import type { ServerResponse } from "node:http";
import type { Content } from "./contents.ts";

/** A step through memory, which costs no buffer (at 64 KiB, a range of 1 MiB costs half as much CPU again), and one through a pooled buffer. */
const memoryStepBytes = 256 << 10;
const bufferBytes = 64 << 10;
/** Free buffers kept for reuse. In use there are at most as many as connections. */
const mostFree = 64;
const free: Buffer[] = [];

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
  /** The peer took a step. */
  readonly onProgress: () => void;
  /** The image could not be read: nothing more will be sent. */
  readonly onFailure: (error: Error) => void;
}

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
    if (end === to) response.end(bytes, taken);
    else response.write(bytes, taken);
  };
  request.sendHead();
  step();
  return { sentBytes: () => sent - from };
};

const sendFromFile = (request: TransferRequest, file: NonNullable<Content["file"]>): Transfer => {
  const { response, from, to, onProgress, onFailure } = request;
  let sent = from;
  const step = (buffer: Buffer): void => {
    const wanted = Math.min(bufferBytes, to - sent);
    file.read(buffer, wanted, sent, (error, bytesRead) => {
      if (response.destroyed) return;
      if (error) return onFailure(error);
      if (bytesRead !== wanted) return onFailure(new Error("an image file is shorter than its record says"));
      if (sent === from) request.sendHead();
      const bytes = bytesRead === bufferBytes ? buffer : buffer.subarray(0, bytesRead);
      const last = sent + bytesRead === to;
      const taken = (failed?: Error | null): void => {
        if (failed) return;
        sent += bytesRead;
        onProgress();
        if (!last) step(buffer);
        else if (free.length < mostFree) free.push(buffer);
      };
      if (last) response.end(bytes, taken);
      else response.write(bytes, taken);
    });
  };
  step(free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes));
  return { sentBytes: () => sent - from };
};

/** `[from, to)` must lie inside the image and not be empty. */
export const startTransfer = (request: TransferRequest): Transfer => {
  const { memory, file } = request.content;
  if (memory) return sendFromMemory(request, memory);
  if (file) return sendFromFile(request, file);
  throw new TypeError("a content is in memory or in a file");
};
