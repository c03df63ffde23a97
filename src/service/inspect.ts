// A look into an image without a server, on the word of whoever may read the file or ask the origin anyway.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { readImage } from "../configdrive/image.ts";
import { inspect } from "../configdrive/look/inspect.ts";
import type { ReadAt } from "../configdrive/tree.ts";
import type { ImageInspection, InspectSource } from "../core/configdrive.ts";
import { MediabayError } from "../core/errors.ts";
import { type DecodeLimit, decode, encodedAllowance, tooLarge } from "../images/decode.ts";
import { prefixBytes, recognise } from "../images/formats/signatures.ts";
import { identify } from "../images/identify.ts";
import { createSources } from "../images/sources/registry.ts";
import { RestartTransfer, type Transfer } from "../images/sources/source.ts";
import type { Settings } from "../settings/schema.ts";
import { createAddressPolicy } from "../wire/address-policy.ts";
import { systemClock } from "../wire/clock.ts";
import { pipeBytes, unreadable } from "./pipe-bytes.ts";

const pieceBytes = 1 << 20;
/** Somebody waits for the answer. */
const timeouts = { connectMs: 15_000, responseMs: 30_000, idleMs: 30_000 };

const limitOf = ({ images }: Settings): DecodeLimit => ({
  name: "images.limits.configdriveBytes",
  limitBytes: images.limits.configdriveBytes,
});

const inspected = async (readAt: ReadAt, sizeBytes: number, { limitBytes }: DecodeLimit): Promise<ImageInspection> => {
  const { format } = await identify(readAt, sizeBytes);
  const found = await readImage(format, readAt, sizeBytes);
  const hash = createHash("sha256");
  for (let at = 0; at < sizeBytes; at += pieceBytes) hash.update(await readAt(at, pieceBytes));
  return { ...(await inspect(found, readAt, sizeBytes, limitBytes)), digest: hash.digest("hex") };
};

const inMemory = async (bytes: AsyncIterable<Uint8Array>, limit: DecodeLimit): Promise<ImageInspection> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of decode(bytes, limit)) pieces.push(piece);
  const image = Buffer.concat(pieces);
  return inspected(async (offset, length) => image.subarray(offset, offset + length), image.length, limit);
};

const schemes = ["data", "file", "http", "https"] as const;

/**
 * No credential is at hand, and no store: so not everything that a gateway takes can be looked into.
 * @throws MediabayError SOURCE_UNSUPPORTED
 */
const checkScheme = (uri: string): void => {
  const name = /^\s*([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
  if (schemes.some((scheme) => scheme === name)) return;
  const subject = name === undefined ? "What is no URI" : `A URI of the scheme ${name}`;
  const hint =
    name === "swift" || name === "s3"
      ? "Give a pre-signed https:// URL of the object, or a copy of it as a file: no credential is taken here."
      : "A file whose name looks like a URI is written ./NAME or @NAME.";
  const message = `${subject} cannot be looked into here; ${schemes.slice(0, -1).join(", ")} and ${schemes.at(-1)} can.`;
  throw new MediabayError("SOURCE_UNSUPPORTED", message, { hint });
};

/** Forbids no address that the caller names; but where an origin redirects is not the caller's word. */
const openSource = (uri: string, { sources: { allow } }: Settings, limit: DecodeLimit): Transfer => {
  checkScheme(uri);
  const policy = createAddressPolicy({ allow: ["0.0.0.0/0", "::/0"], allowOwn: true }, () => []);
  const elsewhere = createAddressPolicy({ allow }, () => []);
  const deps = { settings: { folders: ["/"], timeouts }, policy, elsewhere, clock: systemClock };
  const { scheme, reference } = createSources(deps).locate({ kind: "uri", uri });
  if (scheme.open === undefined) throw new TypeError(`${scheme.kind} cannot be opened`);
  return scheme.open(reference, {
    signal: new AbortController().signal,
    admit: (totalBytes) => {
      if (totalBytes > encodedAllowance(limit.limitBytes)) throw tooLarge(limit);
    },
    onProgress: () => undefined,
  });
};

const fromUri = async (uri: string, settings: Settings): Promise<ImageInspection> => {
  const limit = limitOf(settings);
  const transfer = openSource(uri, settings, limit);
  try {
    for (;;) {
      try {
        return await inMemory(transfer.read(), limit);
      } catch (error) {
        if (!(error instanceof RestartTransfer)) throw error;
      }
    }
  } finally {
    transfer.close?.();
  }
};

const readerOf =
  (handle: FileHandle): ReadAt =>
  async (offset, length) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  };

/** A plain image is read where it lies, whatever its size: a boot ISO need not fit into memory. */
const fromFile = async (path: string, settings: Settings): Promise<ImageInspection> => {
  const limit = limitOf(settings);
  const kind = await stat(path).catch(unreadable(path));
  if (kind.isFIFO()) return await inMemory(pipeBytes(path), limit);
  if (!kind.isFile()) throw new MediabayError("SOURCE_REFUSED", `${path} is neither a file nor a pipe.`);
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(unreadable(path));
  const { size } = await file.stat();
  const readAt = readerOf(file);
  const content = recognise(await readAt(0, prefixBytes));
  if (content === "iso9660" || content === "fat") return await inspected(readAt, size, limit);
  return await fromUri(pathToFileURL(resolve(path)).href, settings);
};

async function* buffers(bytes: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) yield Buffer.from(piece);
}

/** @throws MediabayError IMAGE_INVALID, IMAGE_TOO_LARGE, SOURCE_REFUSED, SOURCE_UNREACHABLE, SOURCE_UNSUPPORTED */
export const inspectImage = async (settings: Settings, source: InspectSource): Promise<ImageInspection> => {
  if (source.kind === "file") return fromFile(source.path, settings);
  return source.kind === "uri" ? fromUri(source.uri, settings) : inMemory(buffers(source.bytes), limitOf(settings));
};
