// `file://` URIs (RFC 8089), only under the configured folders: judged by where the path really leads, so that no symbolic link leads out.
import { constants, type BigIntStats } from "node:fs";
import { type FileHandle, open as openFile, realpath, stat } from "node:fs/promises";
import { sep } from "node:path";
import { fileURLToPath } from "node:url";
import { MediabayError } from "../../core/errors.ts";
import type { SourceDeps, SourceScheme, TransferContext } from "./source.ts";

const chunkBytes = 64 * 1024;

const forbidden = (path: string, why: string): MediabayError =>
  new MediabayError("SOURCE_FORBIDDEN", `The file ${path} is refused: ${why}.`, {
    hint: "Name its folder in the settings (images.fileRoots).",
  });

const hint = "Check the path on the host that Mediabay runs on, and that it may read the file there.";

const isUnder = (path: string, folder: string): boolean =>
  path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);

/** The path, with dot segments resolved by the URL parser. @throws MediabayError INVALID_REQUEST */
const pathOf = (uri: string): string => {
  try {
    const url = new URL(uri);
    if (url.search === "" && url.hash === "") return fileURLToPath(url);
  } catch (error) {
    // Both throw TypeErrors for what a caller may write: no URI, another host, an encoded slash, a NUL.
    if (!(error instanceof TypeError)) throw error;
  }
  throw new MediabayError("INVALID_REQUEST", "A file source is `file:///absolute/path` without query or fragment.", {
    field: "source.uri",
  });
};

const translate = (error: unknown, path: string): unknown => {
  if (!(error instanceof Error) || error instanceof MediabayError) return error;
  if (!("code" in error) || typeof error.code !== "string") return error;
  const { code } = error;
  const gone = code === "ENOENT" || code === "ENOTDIR";
  const refused = gone || ["EACCES", "EPERM", "ELOOP", "EISDIR", "ENXIO", "ENAMETOOLONG"].includes(code);
  const message = gone ? `The file ${path} does not exist.` : `The file ${path} cannot be read (${code}).`;
  return new MediabayError(refused ? "SOURCE_REFUSED" : "SOURCE_UNREACHABLE", message, { hint }, { cause: error });
};

const sameFile = (one: BigIntStats, other: BigIntStats): boolean => one.dev === other.dev && one.ino === other.ino;

/** Opens what the path leads to, and makes sure that exactly this lies under a folder, whatever is renamed meanwhile. */
const openUnder = async (path: string, folders: readonly string[]): Promise<FileHandle> => {
  const real = await realpath(path);
  const roots = await Promise.all(folders.map((folder) => realpath(folder)));
  if (!roots.some((root) => isUnder(real, root))) throw forbidden(path, "it leads out of the configured folders");
  // Without O_NONBLOCK a named pipe would hold us until somebody writes to it.
  const handle = await openFile(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const opened = await handle.stat({ bigint: true });
    if (!opened.isFile()) throw new MediabayError("SOURCE_REFUSED", `${path} is not a regular file.`, { hint });
    const again = await realpath(real);
    if (again !== real || !sameFile(opened, await stat(real, { bigint: true })))
      throw forbidden(path, "it was replaced while it was opened");
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
};

async function* readFile(handle: FileHandle, path: string, context: TransferContext): AsyncGenerator<Uint8Array> {
  const { size } = await handle.stat();
  context.admit(size);
  let received = 0;
  for (;;) {
    context.signal.throwIfAborted();
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, received);
    if (bytesRead === 0) break;
    received += bytesRead;
    context.onProgress(received, size);
    yield buffer.subarray(0, bytesRead);
  }
  if (received !== size) throw new MediabayError("SOURCE_UNREACHABLE", `The file ${path} changed while it was read.`);
}

export const createFileSource = ({ settings: { folders } }: SourceDeps): SourceScheme => {
  const check = (uri: string): string => {
    const path = pathOf(uri);
    if (folders.length === 0) throw forbidden(path, "no folder is configured for file sources");
    if (!folders.some((folder) => isUnder(path, folder))) throw forbidden(path, "it is not under a configured folder");
    return path;
  };
  return {
    kind: "uri",
    schemes: ["file"],
    check: (uri) => void check(uri),
    key: (uri) => `file:${pathOf(uri)}`,
    open: (uri, context) => ({
      async *read() {
        const path = check(uri);
        try {
          await using handle = await openUnder(path, folders);
          yield* readFile(handle, path, context);
        } catch (error) {
          throw translate(error, path);
        }
      },
    }),
  };
};
