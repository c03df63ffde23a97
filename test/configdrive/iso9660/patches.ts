// Images of ours with one thing changed in them, as an attacker or a broken disc would.
import { writeIso9660 } from "../../../src/configdrive/iso9660/writer.ts";
import type { Tree } from "../../../src/configdrive/tree.ts";

export const sectorBytes = 2048;

export interface Patched {
  readonly image: Buffer;
  /** Where the directory record of this identifier starts, in the plain hierarchy. */
  record(identifier: string): number;
  block(identifier: string): number;
  setBlock(identifier: string, block: number): void;
  setSize(identifier: string, sizeBytes: number): void;
  setFlags(identifier: string, flags: number): void;
  /** Where the first field of this signature starts in a record's system use area. */
  field(identifier: string, signature: string): number;
}

const primary = 16 * sectorBytes;

export const rootBlock = (image: Buffer): number => image.readUInt32LE(primary + 158);

export const patchable = (tree: Tree): Patched => {
  const image = writeIso9660(tree);
  const start = rootBlock(image) * sectorBytes;
  const record = (identifier: string): number => {
    const length = String.fromCharCode(identifier.length);
    const at = image.indexOf(length + identifier, start, "latin1");
    if (at < 0) throw new Error(`there is no record ${identifier}`);
    return at - 32;
  };
  return {
    image,
    record,
    block: (identifier) => image.readUInt32LE(record(identifier) + 2),
    setBlock: (identifier, block) => void image.writeUInt32LE(block, record(identifier) + 2),
    setSize: (identifier, sizeBytes) => void image.writeUInt32LE(sizeBytes, record(identifier) + 10),
    setFlags: (identifier, flags) => void image.writeUInt8(flags, record(identifier) + 25),
    field: (identifier, signature) => image.indexOf(signature, record(identifier) + 33 + identifier.length, "latin1"),
  };
};

const continuation = "CE\u001c\u0001";
const fieldBytes = { continuation: 28, empty: 4 };

/** All continuations lead to one sector more at the end, full of the shortest fields, with a continuation that leads on as `next` says. */
export const withCrowdedContinuation = (pristine: Buffer, next: "itself" | "into itself"): Buffer => {
  const sector = Buffer.alloc(sectorBytes);
  const block = pristine.length / sectorBytes;
  for (let at = 0; at < sectorBytes - fieldBytes.continuation; at += fieldBytes.empty)
    sector.write("XX\u0004\u0001", at, "latin1");
  const lead = (image: Buffer, at: number, offset: number): void => {
    image.write(continuation, at, "latin1");
    image.writeUInt32LE(block, at + 4);
    image.writeUInt32LE(offset, at + 12);
    image.writeUInt32LE(sectorBytes - offset, at + 20);
  };
  lead(sector, sectorBytes - fieldBytes.continuation, next === "itself" ? 0 : fieldBytes.empty);
  const image = Buffer.concat([pristine, sector]);
  const end = pristine.length;
  for (let at = image.indexOf(continuation); at >= 0 && at < end; at = image.indexOf(continuation, at + 1))
    lead(image, at, 0);
  return image;
};
