// What `--output` may name, and what becomes of what is there. The block device is a file that is said to be one.
import { execFileSync } from "node:child_process";
import { lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type StatOf, saveImage } from "../../src/cli/commands/local/save-image.ts";
import { temporaryFolder } from "./run.ts";

const bytes = Buffer.alloc(70_000, "image");

const saidToBe =
  (kind: "isBlockDevice" | "isCharacterDevice"): StatOf =>
  async (file) => {
    const stats = await stat(file);
    stats.isFile = () => false;
    stats[kind] = () => true;
    return stats;
  };

const problem = (detail: RegExp, hint?: string): unknown =>
  expect.objectContaining({
    exit: "usage",
    problem: expect.objectContaining({ detail: expect.stringMatching(detail), ...(hint !== undefined && { hint }) }),
  });

describe("an image", () => {
  test("goes through symbolic links to the file that they lead to, and beside no other", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "there"));
    await writeFile(join(folder, "there", "drive.iso"), "old", { mode: 0o644 });
    await symlink("there/drive.iso", join(folder, "one"));
    await symlink(join(folder, "one"), join(folder, "two"));
    await expect(saveImage(join(folder, "two"), bytes, { force: false })).rejects.toEqual(
      problem(/two exists/, "--force overwrites it."),
    );
    expect(await readFile(join(folder, "there", "drive.iso"), "utf8")).toBe("old");
    await saveImage(join(folder, "two"), bytes, { force: true });
    expect(await readlink(join(folder, "two"))).toBe(join(folder, "one"));
    expect(await readlink(join(folder, "one"))).toBe("there/drive.iso");
    expect((await readFile(join(folder, "there", "drive.iso"))).equals(bytes)).toBe(true);
    expect((await stat(join(folder, "there", "drive.iso"))).mode & 0o777).toBe(0o600);
    expect([await readdir(join(folder, "there")), (await readdir(folder)).toSorted()]).toEqual([
      ["drive.iso"],
      ["one", "there", "two"],
    ]);
  });

  test("makes the file that is not there, with --force as well", async () => {
    const file = join(await temporaryFolder(), "drive.iso");
    await saveImage(file, bytes, { force: true });
    expect((await readFile(file)).equals(bytes)).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test("takes no place of what is neither a file nor a block device, with --force or without", async () => {
    const folder = await temporaryFolder();
    const at = (name: string): string => join(folder, name);
    execFileSync("mkfifo", [at("fifo")]);
    await mkdir(at("folder"));
    await symlink("nowhere", at("dangling"));
    await symlink("fifo", at("link"));
    await writeFile(at("character"), "kept");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at("socket"), resolve));
    onTestFinished(() => void server.close());
    const names: Readonly<Record<string, RegExp>> = {
      fifo: /is a named pipe: an image is written to a file or a block device/,
      link: /is a named pipe/,
      folder: /is a folder/,
      dangling: /is a symbolic link that leads nowhere/,
      socket: /is a socket/,
      character: /is a character device/,
    };
    const before = await Promise.all(Object.keys(names).map(async (name) => (await lstat(at(name))).ino));
    for (const [name, detail] of Object.entries(names))
      for (const force of [false, true]) {
        const more = name === "character" ? { statOf: saidToBe("isCharacterDevice") } : {};
        await expect(saveImage(at(name), bytes, { force, ...more })).rejects.toEqual(problem(detail));
      }
    expect(await Promise.all(Object.keys(names).map(async (name) => (await lstat(at(name))).ino))).toEqual(before);
    expect((await readdir(folder)).toSorted()).toEqual(Object.keys(names).toSorted());
    expect(await readFile(at("character"), "utf8")).toBe("kept");
  });

  test("is refused by name where its folder is none, or a link leads round", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "file"), "");
    await symlink("round", join(folder, "round"));
    for (const [name, code] of Object.entries({ "file/x": "ENOTDIR", "nowhere/x": "ENOENT", round: "ELOOP" }))
      await expect(saveImage(join(folder, name), bytes, { force: true })).rejects.toEqual(
        problem(new RegExp(`cannot be written \\(${code}\\)`)),
      );
  });
});

describe("a block device", () => {
  const device = async (sizeBytes: number) => {
    const folder = await temporaryFolder();
    const file = join(folder, "device");
    await writeFile(file, Buffer.alloc(sizeBytes, "d"));
    const { ino, mode } = await stat(file);
    const save = (force: boolean) => saveImage(file, bytes, { force, statOf: saidToBe("isBlockDevice") });
    const unreplaced = async (): Promise<Buffer> => {
      expect(await stat(file)).toMatchObject({ ino, mode });
      expect(await readdir(folder)).toEqual(["device"]);
      return readFile(file);
    };
    return { save, unreplaced };
  };

  test.each([bytes.length, 100_000])("of %i bytes is written in place, with --force only", async (sizeBytes) => {
    const { save, unreplaced } = await device(sizeBytes);
    await expect(save(false)).rejects.toEqual(problem(/is a block device/, "--force overwrites what it holds."));
    expect((await unreplaced()).equals(Buffer.alloc(sizeBytes, "d"))).toBe(true);
    await save(true);
    const rest = Buffer.alloc(sizeBytes - bytes.length, "d");
    expect((await unreplaced()).equals(Buffer.concat([bytes, rest]))).toBe(true);
  });

  test("that is too small stays as it is", async () => {
    const { save, unreplaced } = await device(bytes.length - 1);
    await expect(save(true)).rejects.toEqual(problem(/has no room for 70000 bytes/));
    expect((await unreplaced()).equals(Buffer.alloc(bytes.length - 1, "d"))).toBe(true);
  });
});
