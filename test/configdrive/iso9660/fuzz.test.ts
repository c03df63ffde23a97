// Images changed at random: reading them ends, within a bound, inside the image, with a tree that can be trusted or with IMAGE_INVALID.
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readIso9660 } from "../../../src/configdrive/iso9660/reader.ts";
import { writeIso9660 } from "../../../src/configdrive/iso9660/writer.ts";
import { type FoundTree, type ReadAt, type ReadLimits, type Tree } from "../../../src/configdrive/tree.ts";
import { MediabayError } from "../../../src/core/errors.ts";
import { lacksPeer } from "../../tools/peers.ts";
import { createMutator } from "./mutation.ts";
import { withCrowdedContinuation } from "./patches.ts";
import { createWorkshop, run, storeTree } from "./third-party.ts";
import { directory, file } from "./trees.ts";

const tree: Tree = [
  file("openstack/latest/meta_data.json", "{}"),
  file("openstack/latest/user_data", "#!/bin/sh\n"),
  file(`long/${"n".repeat(220)}`, "long"),
  file(`long/${"ö".repeat(60)}`, "long"),
  file("1/2/3/4/5/6/7/8/9/deep", "deep"),
  directory("void"),
];

const sectorBytes = 2048;
/** The two descriptors that are needed at most, the others, and the first sectors of two roots. */
const fixedReads = 34;

const allLimits: readonly ReadLimits[] = [
  { entries: 50_000, depth: 64, directoryBytes: 64 << 20 },
  { entries: 30, depth: 4, directoryBytes: 1 << 16 },
];

const isSafe = (path: string): boolean =>
  path.split("/").every((name) => name !== "" && name !== "." && name !== ".." && !name.includes("\0"));

const check = (found: FoundTree, sizeBytes: number, limits: ReadLimits): void => {
  const folders = new Set([""]);
  const paths = new Set<string>();
  for (const { kind, path, sizeBytes: length, extents } of found.entries) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (!isSafe(path) || paths.has(path) || !folders.has(parent)) throw new Error(`${JSON.stringify(path)} is no path`);
    paths.add(path);
    if (kind === "directory") folders.add(path);
    if (extents.some(({ from, to }) => from < 0 || from >= to || to > sizeBytes))
      throw new Error("an extent is outside");
    if (extents.reduce((sum, { from, to }) => sum + to - from, 0) !== length) throw new Error("a length is wrong");
  }
  if (found.entries.length > limits.entries || found.warnings.length > 101) throw new Error("there is too much");
};

const readMutant = async (image: Buffer, limits: ReadLimits): Promise<"read" | "refused"> => {
  let [reads, bytes] = [0, 0];
  const readAt: ReadAt = async (offset, length) => {
    if (offset < 0 || length < 0 || offset + length > image.length) throw new Error("a read is outside of the image");
    reads += 1;
    bytes += length;
    if (bytes > limits.directoryBytes + fixedReads * sectorBytes) throw new Error("too many bytes are read");
    if (reads > 2 * limits.entries + limits.directoryBytes / sectorBytes + fixedReads)
      throw new Error("it reads too often");
    return image.subarray(offset, offset + length);
  };
  try {
    check(await readIso9660(readAt, image.length, limits), image.length, limits);
    return "read";
  } catch (error) {
    if (error instanceof MediabayError && error.code === "IMAGE_INVALID") return "refused";
    throw error;
  }
};

const runs = 8_500;

const outcomesOf = async (pristine: Buffer): Promise<{ readonly read: number; readonly refused: number }> => {
  const mutator = createMutator(pristine);
  const outcomes = { read: 0, refused: 0 };
  for (let seed = 0; seed < runs; seed += 1)
    for (const limits of allLimits.slice(seed % 2, (seed % 2) + 1))
      try {
        outcomes[await readMutant(mutator.mutant(seed), limits)] += 1;
      } catch (error) {
        throw new Error(`The image of seed ${seed} is not withstood.`, { cause: error });
      }
  return outcomes;
};

const withoutRockRidge = (image: Buffer): Buffer => {
  image.write("NO", image.indexOf("SP\u0007\u0001", 0, "latin1"));
  return image;
};

const written = (...command: readonly [string, ...string[]]): Buffer => {
  using workshop = createWorkshop();
  const folder = workshop.path();
  storeTree(tree, folder);
  symlinkSync("../elsewhere", join(folder, "long/link"));
  symlinkSync("latest", join(folder, "openstack/newest"));
  symlinkSync("../openstack/newest/user_data", join(folder, "long/other"));
  const image = workshop.path();
  run(...command, "-o", image, folder);
  return readFileSync(image);
};

const xorriso = ["xorriso", "-as", "mkisofs", "-quiet", "-no-pad"] as const;
const genisoimage = ["genisoimage", "-quiet", "-no-pad"] as const;

describe.skipIf(lacksPeer("genisoimage", "xorriso"))("reading 60,000 damaged ISO 9660 images ends well", () => {
  it.each([
    ["Rock Ridge of ours", () => writeIso9660(tree)],
    ["Rock Ridge that leads to itself", () => withCrowdedContinuation(writeIso9660(tree), "itself")],
    ["Joliet of ours", () => withoutRockRidge(writeIso9660(tree))],
    ["Rock Ridge and relocated folders of genisoimage", () => written(...genisoimage, "-R", "-J")],
    ["plain names of genisoimage", () => written(...genisoimage, "-D", "-iso-level", "4")],
    ["Rock Ridge of xorriso", () => written(...xorriso, "-r")],
    ["Joliet of xorriso", () => written(...xorriso, "--norock", "-J")],
  ])("with %s", { timeout: 120_000 }, async (_what, make) => {
    const { read, refused } = await outcomesOf(make());
    // Were all refused, or none, it would prove little.
    expect(read).toBeGreaterThan(runs / 10);
    expect(refused).toBeGreaterThan(runs / 100);
  });
});
