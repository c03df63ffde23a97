// The programs that build config drives elsewhere: Ironic and Nova call them for every drive.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ImageFormat } from "../../../src/core/vocabulary.ts";

export interface Peer {
  readonly name: string;
  readonly format: ImageFormat;
  /** From a folder to an image file. @throws Error with what the program said */
  build(folder: string, image: string, sizeBytes: number): void;
}

const env = { ...process.env, SOURCE_DATE_EPOCH: "315532800", MTOOLS_SKIP_CHECK: "1" };

const run = (program: string, ...words: readonly string[]): void => {
  const { status, stderr, error } = spawnSync(program, words, { env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
};

/** The options that Ironic gives. */
const ironicOptions = ["-ldots", "-allow-lowercase", "-allow-multidot", "-l", "-quiet", "-J", "-r", "-V", "config-2"];

export const peers: readonly Peer[] = [
  {
    name: "genisoimage",
    format: "iso9660",
    build: (folder, image) => run("genisoimage", ...ironicOptions, "-o", image, folder),
  },
  {
    name: "xorriso",
    format: "iso9660",
    build: (folder, image) =>
      run("xorriso", "-as", "mkisofs", "-quiet", "-J", "-r", "-V", "config-2", "-o", image, folder),
  },
  {
    name: "mkfs.vfat + mcopy",
    format: "fat",
    build: (folder, image, sizeBytes) => {
      rmSync(image, { force: true });
      run("mkfs.vfat", "--invariant", "-n", "CONFIG-2", "-C", image, String(Math.ceil(sizeBytes / 1024)));
      run("mcopy", "-s", "-Q", "-i", image, ...readdirSync(folder).map((name) => join(folder, name)), "::");
    },
  },
];
