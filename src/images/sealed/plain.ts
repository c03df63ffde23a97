// Images that a version before this one stored in plain: read whole once, then overwritten.
import type { FileHandle } from "node:fs/promises";
import { type Incoming, onDisk } from "../incoming.ts";

const pieceBytes = 1 << 20;

export const copyPlain = async (from: FileHandle, to: Incoming): Promise<void> => {
  const piece = Buffer.allocUnsafeSlow(pieceBytes);
  for (let at = 0; ; ) {
    const { bytesRead } = await onDisk(() => from.read(piece, 0, pieceBytes, at));
    if (bytesRead === 0) break;
    await to.write(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
  piece.fill(0);
};

/** What its blocks hold would else stay on the disk until they are used again. */
export const overwrite = async (handle: FileHandle): Promise<void> => {
  const zeros = Buffer.alloc(pieceBytes);
  const { size } = await handle.stat();
  for (let at = 0; at < size; ) {
    const { bytesWritten } = await handle.write(zeros, 0, Math.min(pieceBytes, size - at), at);
    at += bytesWritten;
  }
  await handle.datasync();
};
