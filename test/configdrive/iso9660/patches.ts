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
