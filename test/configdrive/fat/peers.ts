// The FAT programs of others: what they say about an image, what they get out of one, and images that they make.
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Tree } from "../../../src/configdrive/tree.ts";
import { type Content, digestOf, ordered } from "./trees.ts";

export const fatPeers = ["fsck.vfat", "mkfs.vfat", "blkid", "mcopy", "mformat", "7z"] as const;

const environment = { ...process.env, LC_ALL: "C.UTF-8", PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
const execute = promisify(execFile);

/** @throws Error unless it exits with 0 */
const run = async (command: string, ...words: readonly string[]): Promise<string> => {
  const running = execute(command, words, { env: environment, maxBuffer: 64 << 20 });
  // mcopy would wait for an answer where it asks something.
  running.child.stdin?.end();
  const { stdout, stderr } = await running;
  return stdout + stderr;
};

/** What it complains about: nothing but its name and its count is said of a sound image. */
export const fsckComplaints = async (file: string): Promise<readonly string[]> => {
  const lines = (await run("fsck.vfat", "-n", file)).split("\n");
  return lines.filter((line) => line !== "" && !/^fsck\.fat [\d.]+ |: \d+ files, \d+\/\d+ clusters$/.test(line));
};

export const blkidTags = async (file: string): Promise<Readonly<Record<string, string>>> => {
  const lines = (await run("blkid", "-p", "-o", "export", file)).split("\n");
  return Object.fromEntries(lines.filter((line) => line.includes("=")).map((line) => line.split("=", 2)));
};

const contentOfFolder = async (folder: string): Promise<Content> => {
  const content = new Map<string, string>();
  const walk = async (path: string): Promise<void> => {
    for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
      const inside = path === "" ? entry.name : `${path}/${entry.name}`;
      content.set(inside, entry.isDirectory() ? "folder" : digestOf(await readFile(join(folder, inside))));
      if (entry.isDirectory()) await walk(inside);
    }
  };
  await walk("");
  return ordered(content);
};

export const mtoolsContent = async (file: string, folder: string): Promise<Content> => {
  await mkdir(folder);
  await run("mcopy", "-s", "-n", "-i", file, "::", folder);
  return contentOfFolder(folder);
};

export const sevenZipContent = async (file: string, folder: string): Promise<Content> => {
  await run("7z", "x", "-y", `-o${folder}`, file);
  await mkdir(folder, { recursive: true });
  return contentOfFolder(folder);
};

const writeFolder = async (tree: Tree, folder: string): Promise<readonly string[]> => {
  await mkdir(folder);
  for (const entry of tree) {
    const path = join(folder, entry.path);
    await mkdir(entry.kind === "file" ? dirname(path) : path, { recursive: true });
    if (entry.kind === "file") await writeFile(path, entry.bytes);
  }
  return (await readdir(folder)).map((name) => join(folder, name));
};

/** @param make the formatter and its words, without the image's name behind them */
export const imageOf = async (
  tree: Tree,
  folder: string,
  sizeBytes: number,
  make: readonly string[],
): Promise<string> => {
  await mkdir(folder);
  const file = join(folder, "image");
  const tops = await writeFolder(tree, join(folder, "tree"));
  await writeFile(file, "");
  await truncate(file, sizeBytes);
  const [command = "", ...words] = make;
  await run(command, ...words, file);
  if (tops.length > 0) await run("mcopy", "-s", "-i", file, ...tops, "::");
  return file;
};
