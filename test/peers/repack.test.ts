// Drives that other programs made are given another form by ours, and read back by other programs: the same files.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeForm } from "../../src/configdrive/forms.ts";
import { loadTree, readImage } from "../../src/configdrive/image.ts";
import type { ImageFormat } from "../../src/core/vocabulary.ts";
import { lacksPeer } from "../tools/peers.ts";

const execute = promisify(execFile);
const run = (program: string, ...words: readonly string[]): Promise<unknown> => execute(program, words);

const files: Readonly<Record<string, string | Buffer>> = {
  "openstack/latest/meta_data.json": '{"uuid": "u"}',
  "openstack/latest/user_data": "#!/bin/sh\n",
  "openstack/2012-08-10/meta_data.json": '{"uuid": "u"}',
  "openstack/content/0000": Buffer.alloc(300_000, "content"),
  "ec2/latest/meta-data.json": "{}",
  "a very long name, as of a document that somebody put there.text": "x",
  "Größe/ünïcode.json": "ü",
  empty: "",
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mediabay-repack-"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, "tree", path)), { recursive: true });
    await writeFile(join(folder, "tree", path), content);
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const digests = async (root: string): Promise<Readonly<Record<string, string>>> => {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const found: Record<string, string> = {};
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    found[path.slice(root.length + 1).normalize()] = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
  }
  return found;
};

const makers: readonly (readonly [string, ImageFormat, (tree: string, image: string) => Promise<unknown>])[] = [
  [
    "genisoimage, as Ironic and Nova call it",
    "iso9660",
    (tree, image) => {
      const options = ["-ldots", "-allow-lowercase", "-allow-multidot", "-l", "-quiet", "-J", "-r", "-V", "config-2"];
      return run("genisoimage", "-o", image, ...options, "-input-charset", "utf-8", tree);
    },
  ],
  [
    "xorriso",
    "iso9660",
    (tree, image) => run("xorriso", "-as", "mkisofs", "-quiet", "-J", "-r", "-V", "config-2", "-o", image, tree),
  ],
  [
    "mkfs.vfat and mcopy, 64 MiB as Nova makes it",
    "fat",
    async (tree, image) => {
      await run("mkfs.vfat", "-n", "config-2", "-C", image, "65536");
      const names = (await readdir(tree)).map((name) => join(tree, name));
      await execute("mcopy", ["-s", "-Q", "-i", image, ...names, "::"], { env: { ...process.env, LC_ALL: "C.UTF-8" } });
    },
  ],
];

const extract = async (format: ImageFormat, image: string): Promise<Readonly<Record<string, string>>> => {
  const target = join(folder, `from-${format}`);
  await mkdir(target);
  if (format === "fat")
    await execute("mcopy", ["-s", "-Q", "-i", image, "::*", target], { env: { ...process.env, LC_ALL: "C.UTF-8" } });
  else await run("xorriso", "-osirrox", "on", "-indev", image, "-extract", "/", target);
  return digests(target);
};

describe.skipIf(lacksPeer("genisoimage", "xorriso", "mkfs.vfat", "mcopy", "blkid"))("a drive made by", () => {
  describe.each(makers)("%s", (_name, from, make) => {
    it.each<readonly [string, ImageFormat, number | undefined, 512 | 4096 | undefined]>([
      ["a floppy", "fat", 1_474_560, undefined],
      ["FAT with sectors of 4096 bytes", "fat", undefined, 4096],
      ["ISO 9660", "iso9660", undefined, undefined],
    ])("becomes %s with the same files and the label", async (_form, format, mostBytes = 64 << 20, sectorBytes) => {
      await make(join(folder, "tree"), join(folder, "made"));
      const image = await readFile(join(folder, "made"));
      const readAt = async (offset: number, length: number) => image.subarray(offset, offset + length);
      const found = await readImage(from, readAt, image.length);
      expect(found.warnings).toEqual([]);
      const { label } = found;
      const form = { format, mostBytes, ...(label !== undefined && { label }), ...(sectorBytes && { sectorBytes }) };
      const target = join(folder, "other");
      await writeFile(target, writeForm(await loadTree(found, readAt, 64 << 20), form));
      expect(await extract(format, target)).toEqual(await digests(join(folder, "tree")));
      const { stdout } = await execute("blkid", ["-p", "-o", "value", "-s", "LABEL", target]);
      expect(stdout.trim().toLowerCase()).toBe("config-2");
    });
  });
});
