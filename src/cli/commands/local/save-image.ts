// Where a built image is written: a new file, in a file's place, or onto a block device. Nothing else is ever replaced.
import { randomUUID } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { lstat, open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { usage } from "../../failure.ts";

type Kinds = Pick<
  Stats,
  "isFile" | "isBlockDevice" | "isCharacterDevice" | "isDirectory" | "isFIFO" | "isSocket" | "isSymbolicLink"
>;

/** What a path leads to. */
export type StatOf = (file: string) => Promise<Kinds>;

const codeOf = (error: unknown): string => {
  if (error instanceof Error && "code" in error) return String(error.code);
  throw error;
};

const unwritable = (file: string, error: unknown): Error =>
  usage(`The file ${file} cannot be written (${codeOf(error)}).`);

const exists = (file: string): Error => usage(`The file ${file} exists.`, "--force overwrites it.");

const nameOf = (kinds: Kinds): string => {
  if (kinds.isSymbolicLink()) return "a symbolic link that leads nowhere";
  if (kinds.isDirectory()) return "a folder";
  if (kinds.isCharacterDevice()) return "a character device";
  if (kinds.isFIFO()) return "a named pipe";
  return kinds.isSocket() ? "a socket" : "no file";
};

/** Of a symbolic link that leads nowhere, the link's own; undefined where there is nothing. */
const kindsOf = async (file: string, statOf: StatOf): Promise<Kinds | undefined> => {
  for (const look of [statOf, lstat])
    try {
      return await look(file);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw unwritable(file, error);
    }
  return undefined;
};

/** Readable by its owner alone from its first byte: user data and passwords are in it. */
const create = async (file: string, bytes: Uint8Array): Promise<void> => {
  try {
    await writeFile(file, bytes, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw exists(file);
    await rm(file, { force: true });
    throw unwritable(file, error);
  }
};

/** At once or not at all; a symbolic link goes on leading to it. */
const replace = async (file: string, bytes: Uint8Array): Promise<void> => {
  const place = await realpath(file).catch((error: unknown) => {
    throw unwritable(file, error);
  });
  const made = join(dirname(place), `.mediabay-${randomUUID()}`);
  try {
    await writeFile(made, bytes, { mode: 0o600, flag: "wx" });
    await rename(made, place);
  } catch (error) {
    await rm(made, { force: true });
    throw unwritable(file, error);
  }
};

/** O_EXCL: Linux opens no device so that is mounted. That its last byte can be read is the size that every system tells the same way. */
const overwrite = async (device: string, bytes: Uint8Array): Promise<void> => {
  try {
    await using handle = await open(device, constants.O_RDWR | constants.O_EXCL);
    const { bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, bytes.length - 1);
    if (bytesRead === 0) throw usage(`The device ${device} has no room for ${bytes.length} bytes.`);
    await handle.writeFile(bytes);
    await handle.sync();
  } catch (error) {
    throw error instanceof Error && "code" in error ? unwritable(device, error) : error;
  }
};

/** @throws Failure `usage`, naming what is there, where it is not to be overwritten or cannot be */
export const saveImage = async (
  file: string,
  bytes: Uint8Array,
  { force, statOf = stat }: { readonly force: boolean; readonly statOf?: StatOf },
): Promise<void> => {
  const kinds = await kindsOf(file, statOf);
  if (kinds === undefined) return create(file, bytes);
  const isDevice = kinds.isBlockDevice();
  if (!kinds.isFile() && !isDevice)
    throw usage(`${file} is ${nameOf(kinds)}: an image is written to a file or a block device.`);
  if (!force) throw isDevice ? usage(`${file} is a block device.`, "--force overwrites what it holds.") : exists(file);
  return isDevice ? overwrite(file, bytes) : replace(file, bytes);
};
