// gzip (RFC 1952) as a stream, strictly: whole members with right checksums, and not one byte after the last.
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

/** @throws MediabayError IMAGE_INVALID; errors of `source` pass as they are */
export async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let fedBytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      fedBytes += chunk.byteLength;
      yield chunk;
    }
  };
  const engine = createGunzip({ chunkSize: 64 * 1024 });
  const input = Readable.from(counted(), { objectMode: false });
  // Its errors arrive below: the pipeline destroys the engine with them.
  pipeline(input, engine, () => undefined);
  try {
    for await (const chunk of engine) yield chunk as Buffer;
  } catch (error) {
    throw translate(error);
  } finally {
    input.destroy();
    engine.destroy();
  }
  // zlib passes over zeros that follow a member in silence.
  if (engine.bytesWritten < fedBytes)
    throw new MediabayError("IMAGE_INVALID", "The gzip data is invalid: other bytes follow its end.");
}
