// A small FAT image of ours, and the places in it that tests damage.
import { readFat } from "../../../src/configdrive/fat/reader.ts";
import { writeFat } from "../../../src/configdrive/fat/writer.ts";
import { reading } from "./trees.ts";

export interface Places {
  readonly table: number;
  readonly root: number;
  readonly data: number;
  readonly clusterBytes: number;
}

export const placesOf = (image: Buffer): Places => {
  const sectorBytes = image.readUInt16LE(11);
  const clusterBytes = image.readUInt8(13) * sectorBytes;
  const table = image.readUInt16LE(14) * sectorBytes;
  const tableSectors = image.readUInt16LE(22) || image.readUInt32LE(36);
  const root = table + image.readUInt8(16) * tableSectors * sectorBytes;
  const data = root + image.readUInt16LE(17) * 32;
  return { table, root, data, clusterBytes };
};

/** Of a FAT12 table. */
export const chainTo = (image: Buffer, cluster: number, value: number): void => {
  const at = placesOf(image).table + cluster + (cluster >> 1);
  const pair = image.readUInt16LE(at);
  image.writeUInt16LE((cluster & 1) === 1 ? (pair & 0xf) | (value << 4) : (pair & 0xf000) | value, at);
};

/** Where the record with this alias begins: 11 characters. */
export const recordOf = (image: Buffer, alias: string): number => {
  const at = image.indexOf(alias, 0, "latin1");
  if (at < 0) throw new Error(`no record ${alias}`);
  return at;
};

export const firstClusterOf = (image: Buffer, alias: string): number => image.readUInt16LE(recordOf(image, alias) + 26);

/** `D` holds `INNER`; all names are their own aliases. */
export const sample = (): Buffer =>
  writeFat([
    { kind: "file", path: "A.TXT", bytes: Buffer.alloc(1500, "a") },
    { kind: "file", path: "B.TXT", bytes: Buffer.alloc(700, "b") },
    { kind: "file", path: "D/INNER", bytes: Buffer.from("inner") },
  ]);
export const aliases = { a: "A       TXT", b: "B       TXT", d: "D          ", inner: "INNER      " } as const;

export const read = (image: Buffer, limits?: Parameters<typeof readFat>[2]) =>
  readFat(reading(image), image.length, limits);
export const damaged = (change: (image: Buffer) => void) => {
  const image = sample();
  change(image);
  return read(image);
};
export const pathsOf = ({ entries }: Awaited<ReturnType<typeof readFat>>): readonly string[] =>
  entries.map(({ path }) => path);
