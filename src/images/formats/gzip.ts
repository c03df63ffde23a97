// gzip (RFC 1952) as a stream, strictly: whole members with right checksums, and nothing after the last but zeros. Those are padding, which
// gzip and Python's reader pass over as well.
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { MediabayError } from "../../core/errors.ts";

const reasons: Readonly<Record<string, string>> = {
  Z_BUF_ERROR: "it is truncated",
  Z_DATA_ERROR: "it is damaged, or other bytes follow its end",
};

const translate = (error: unknown): unknown => {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = reasons[code];
  return reason === undefined
    ? error
    : new MediabayError("IMAGE_INVALID", `The gzip data is invalid: ${reason}.`, {}, { cause: error });
};

/** Tells of what passed how long it is, and how many zeros it ends with. */
const watched = (source: AsyncIterable<Uint8Array>) => {
  const seen = { bytes: 0, zerosAtEnd: 0 };
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      const last = chunk.findLastIndex((byte) => byte !== 0);
      seen.zerosAtEnd = last < 0 ? seen.zerosAtEnd + chunk.byteLength : chunk.byteLength - 1 - last;
      seen.bytes += chunk.byteLength;
      yield chunk;
    }
  };
  return { seen, chunks: chunks() };
};

/** @throws MediabayError IMAGE_INVALID; errors of `source` pass as they are */
export async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const { seen, chunks } = watched(source);
  const engine = createGunzip({ chunkSize: 64 * 1024 });
  const input = Readable.from(chunks, { objectMode: false });
  // Its errors arrive below: the pipeline destroys the engine with them.
  pipeline(input, engine, () => undefined);
  try {
    for await (const chunk of engine.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
    // zlib ends at zeros that follow a member and takes nothing more, whatever comes behind them.
    input.unpipe(engine);
    for await (const _rest of input);
  } catch (error) {
    throw translate(error);
  } finally {
    input.destroy();
    engine.destroy();
  }
  if (engine.bytesWritten + seen.zerosAtEnd < seen.bytes)
    throw new MediabayError("IMAGE_INVALID", "The gzip data is invalid: other bytes follow its end.");
}
