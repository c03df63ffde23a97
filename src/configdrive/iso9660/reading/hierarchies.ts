// Which hierarchy of an image is read: Rock Ridge before Joliet before the plain names, as Linux chooses; and what a record is in it.
import { type Bounds, invalid } from "./bounds.ts";
import { jolietName, plainName, rockRidgeName } from "./names.ts";
import type { DirectoryRecord } from "./records.ts";
import { createSystemUse, type LeftOut, readRockRidge, skipOfRockRidge } from "./rock-ridge.ts";
import { readSelf, type Volume } from "./volume.ts";

export interface Described {
  readonly name: string;
  readonly leftOut?: LeftOut;
  /** Of a symbolic link: where it leads. */
  readonly target?: string;
  /** Of a directory that lies elsewhere. */
  readonly childBlock?: number;
  /** It is shown where it belongs instead. */
  readonly relocated?: boolean;
  readonly damaged?: boolean;
}

export interface Hierarchy {
  readonly root: DirectoryRecord;
  readonly describe: (record: DirectoryRecord) => Described | Promise<Described>;
}

const withRockRidge = (root: DirectoryRecord, skip: number, bounds: Bounds, blockBytes: number): Hierarchy => {
  const systemUse = createSystemUse(bounds);
  return {
    root,
    describe: async ({ identifier, systemUse: area }) => {
      const { name, target, ...rest } = await readRockRidge(area.subarray(skip), blockBytes, systemUse);
      return {
        ...rest,
        name: name === undefined ? plainName(identifier) : rockRidgeName(name),
        ...(target !== undefined && { target: rockRidgeName(target) }),
      };
    },
  };
};

/** @throws MediabayError IMAGE_INVALID */
export const chooseHierarchy = async (bounds: Bounds, volume: Volume): Promise<Hierarchy> => {
  const { primaryRoot, jolietRoot, blockBytes } = volume;
  const self = await readSelf(bounds, primaryRoot.block * blockBytes);
  const skip = self === undefined ? undefined : skipOfRockRidge(self.systemUse);
  if (skip !== undefined) return withRockRidge(primaryRoot, skip, bounds, blockBytes);
  if (jolietRoot !== undefined && (await readSelf(bounds, jolietRoot.block * blockBytes)) !== undefined)
    return { root: jolietRoot, describe: ({ identifier }) => ({ name: jolietName(identifier) }) };
  if (self === undefined) throw invalid("The ISO 9660 image has no root directory.");
  return { root: primaryRoot, describe: ({ identifier }) => ({ name: plainName(identifier) }) };
};
