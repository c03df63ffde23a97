// The bytes of a named pipe, or of what a shell makes of `<(command)`, as they come.
import { close, constants, open, read } from "node:fs";
import { Socket } from "node:net";
import { promisify } from "node:util";
import { MediabayError } from "../core/errors.ts";

const firstBytes = 64 * 1024;

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "unknown");

export const unreadable =
  (path: string) =>
  (cause: unknown): never => {
    const code = codeOf(cause);
    const message =
      code === "ENOENT" ? `The file ${path} does not exist.` : `The file ${path} cannot be read (${code}).`;
    throw new MediabayError("SOURCE_REFUSED", message, {}, { cause });
  };

/** Undefined while there is nothing yet; empty where nobody writes, of whom no event would ever tell. */
const readNow = async (fd: number): Promise<Buffer | undefined> => {
  try {
    const { bytesRead, buffer } = await promisify(read)(fd, Buffer.alloc(firstBytes), 0, firstBytes, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return undefined;
    await promisify(close)(fd);
    throw error;
  }
};

/**
 * Opened without waiting: one that nobody writes to would hold us for ever.
 * @throws MediabayError SOURCE_REFUSED
 */
export async function* pipeBytes(path: string): AsyncGenerator<Uint8Array> {
  const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(unreadable(path));
  const first = await readNow(fd).catch(unreadable(path));
  if (first?.length === 0) {
    await promisify(close)(fd);
    throw new MediabayError("SOURCE_REFUSED", `Nobody writes to the pipe ${path}.`);
  }
  // It closes the descriptor.
  const pipe = new Socket({ fd, readable: true, writable: false });
  try {
    if (first !== undefined) yield first;
    for await (const piece of pipe) yield piece as Uint8Array;
  } finally {
    pipe.destroy();
  }
}
