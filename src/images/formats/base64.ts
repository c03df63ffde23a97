// Base64 text (RFC 4648 §4) as a stream: the standard alphabet, padding only at the end, white space anywhere, nothing else.
import { MediabayError } from "../../core/errors.ts";

const invalid = (what: string): MediabayError =>
  new MediabayError("IMAGE_INVALID", `The base64 text is invalid: ${what}.`);

const foreignCharacter = /[^A-Za-z0-9+/=\t\n\r ]/;

/** @throws MediabayError IMAGE_INVALID */
export async function* decodeBase64(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let carry = "";
  let ended = false;
  let position = 0;
  for await (const chunk of source) {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    const foreign = text.search(foreignCharacter);
    if (foreign >= 0) throw invalid(`byte ${position + foreign} is not of its alphabet`);
    position += text.length;
    const dense = carry + text.replaceAll(/[\t\n\r ]+/g, "");
    if (ended && dense !== "") throw invalid("it goes on after its padding");
    const whole = dense.slice(0, dense.length - (dense.length % 4));
    carry = dense.slice(whole.length);
    if (!/^[^=]*={0,2}$/.test(whole)) throw invalid("it has padding before its end");
    ended = whole.endsWith("=");
    if (ended && carry !== "") throw invalid("it goes on after its padding");
    if (whole !== "") yield Buffer.from(whole, "base64");
  }
  if (carry !== "") throw invalid("its length is not a multiple of four, so it was cut short or lacks its padding");
}
