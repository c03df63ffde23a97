// Readers and writers of ISO 9660 that we did not write, run on files in a folder that is removed again.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Tree } from "../../../src/configdrive/tree.ts";
import { type Shape, shapeOf } from "./trees.ts";

/** Answers the standard output. @throws Error when it fails, with all that it said */
export const run = (command: string, ...words: readonly string[]): Buffer => {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    maxBuffer: 1 << 28,
    timeout: 60_000,
    env: { ...process.env, LC_ALL: "C.UTF-8", PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stdout.toString()}\n${stderr.toString()}`);
  return stdout;
};

export interface Workshop {
  readonly folder: string;
  /** A new path in it. */
  path(): string;
  [Symbol.dispose](): void;
}

export const createWorkshop = (): Workshop => {
  const folder = mkdtempSync(join(tmpdir(), "mediabay-iso-"));
  let count = 0;
  return {
    folder,
    path: () => {
      count += 1;
      return join(folder, String(count));
    },
    [Symbol.dispose]() {
      // What was unpacked keeps the modes that the image gives it, which forbid removing.
      run("chmod", "-R", "u+rwX", folder);
      rmSync(folder, { recursive: true });
    },
  };
};

export const storeTree = (tree: Tree, folder: string): void => {
  mkdirSync(folder, { recursive: true });
  for (const entry of tree) {
    const path = join(folder, entry.path);
    mkdirSync(entry.kind === "directory" ? path : dirname(path), { recursive: true });
    if (entry.kind === "file") writeFileSync(path, entry.bytes);
  }
};

export const shapeOfFolder = (folder: string): Shape => {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return { path: path.slice(folder.length + 1), bytes: entry.isFile() ? readFileSync(path) : undefined };
  });
  return shapeOf(found);
};

export type Unpack = (image: string, folder: string) => void;

/** Each with the hierarchy that it reads. */
export const rockRidgeReaders = {
  xorriso: (image: string, folder: string) =>
    run("xorriso", "-osirrox", "on", "-indev", image, "-extract", "/", folder),
  bsdtar: (image: string, folder: string) => run("bsdtar", "-xf", image, "-C", folder),
};

export const jolietReaders = {
  "7z": (image: string, folder: string) => run("7z", "x", "-y", `-o${folder}`, image),
  bsdtar: (image: string, folder: string) =>
    run("bsdtar", "--options", "iso9660:!rockridge", "-xf", image, "-C", folder),
};

export const unpackedBy = (unpack: Unpack, image: string, folder: string): Shape => {
  mkdirSync(folder);
  unpack(image, folder);
  return shapeOfFolder(folder);
};

const lines = (text: string): readonly string[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.slice(1))
    .toSorted();

export const listedByIsoinfo = (image: string): readonly string[] =>
  lines(run("isoinfo", "-R", "-f", "-i", image).toString("utf8"));

/** It shows Joliet names in one alphabet of 256 letters, and a line for each other. */
export const listedByIsoinfoInJoliet = (image: string): readonly string[] =>
  lines(run("isoinfo", "-J", "-j", "iso8859-1", "-f", "-i", image).toString("latin1"));

export const asIsoinfoShowsJoliet = (path: string): string => path.replaceAll(/[^\0-\xff]/g, "_");

export const listedByXorriso = (image: string): readonly string[] =>
  lines(run("xorriso", "-indev", image, "-find", "/", "-exec", "echo", "--").toString("utf8"))
    .map((line) => line.slice(0, -1).replace(/^\//, ""))
    .filter((path) => path !== "")
    .toSorted();

/** @param hierarchy `-R` Rock Ridge, `-J` Joliet; by plain names otherwise */
export const contentByIsoinfo = (image: string, path: string, ...hierarchy: readonly ("-R" | "-J")[]): Buffer =>
  run("isoinfo", ...hierarchy, "-i", image, "-x", `/${path}`);
