// Base64 text that came with the request itself, of an image or of a gzipped image.
import { createHash } from "node:crypto";
import { MediabayError } from "../../core/errors.ts";
import type { SourceScheme, Transfer, TransferContext } from "./source.ts";

const sliceLength = 64 * 1024;

const check = (text: string): void => {
  if (/^[A-Za-z0-9+/=\t\n\r ]*$/.test(text) && text.trim() !== "") return;
  const problem = text.trim() === "" ? "is empty" : "has characters outside the base64 alphabet";
  throw new MediabayError("INVALID_REQUEST", `The image's base64 text ${problem}.`, { field: "source.base64" });
};

const open = (text: string, { signal, admit, onProgress }: TransferContext): Transfer => ({
  async *read() {
    check(text);
    admit(text.length);
    for (let at = 0; at < text.length; at += sliceLength) {
      signal.throwIfAborted();
      yield Buffer.from(text.slice(at, at + sliceLength), "utf8");
      onProgress(Math.min(at + sliceLength, text.length), text.length);
    }
  },
});

export const createBlobSource = (): SourceScheme => ({
  kind: "blob",
  schemes: [],
  check,
  key: (text) => `blob:${createHash("sha256").update(text).digest("hex")}`,
  open,
});
