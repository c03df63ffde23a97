// What real readers of a real config drive prove: nbdkit hands through the blocks that a host asks for, so that the file it read is told
// from those it did not; QEMU's read-ahead and curl's download are not mistaken for a host that reads.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readImage } from "../../src/configdrive/image.ts";
import { lookInto } from "../../src/configdrive/look/look.ts";
import type { ImageFile } from "../../src/core/configdrive.ts";
import { createTestImages, startTestPlane, type TestImages, type TestPlane } from "../tools/image-plane.ts";
import { lacksPeer } from "../tools/peers.ts";

const documents = {
  "openstack/latest/meta_data.json": '{"uuid": "1", "name": "node"}',
  "openstack/latest/network_data.json": '{"links": [], "networks": [], "services": []}',
  "openstack/latest/user_data": `#cloud-config\n${"# much to say\n".repeat(300)}`,
  "openstack/latest/vendor_data2.json": "{}",
} as const;
const userData = "openstack/latest/user_data";

let folder: string;
let images: TestImages;
let plane: TestPlane;
let url: string;
let files: readonly ImageFile[];

const run = async (command: string, ...words: readonly string[]): Promise<string> =>
  (await promisify(execFile)(command, words, { timeout: 60_000 })).stdout;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mediabay-proof-"));
  for (const [path, text] of Object.entries(documents)) {
    await mkdir(dirname(join(folder, "tree", path)), { recursive: true });
    await writeFile(join(folder, "tree", path), text);
  }
  const iso = join(folder, "drive.iso");
  await run("genisoimage", "-quiet", "-J", "-r", "-V", "config-2", "-o", iso, join(folder, "tree"));
  const bytes = await readFile(iso);
  const readAt = async (offset: number, length: number) => bytes.subarray(offset, offset + length);
  const found = await readImage("iso9660", readAt, bytes.length);
  ({ files } = await lookInto(found, readAt, bytes.length, 64 << 20));
  images = await createTestImages();
  plane = await startTestPlane({ images, filesOf: () => Promise.resolve(files) });
  ({ url } = await plane.publish(await images.add(bytes)));
});

afterEach(async () => {
  await plane.close();
  await images.close();
  await rm(folder, { recursive: true, force: true });
});

const extentOf = (path: string) => {
  const [extent] = files.find((file) => file.path === path)?.extents ?? [];
  if (!extent) throw new Error(`${path} is not in the image`);
  return extent;
};
/** Paths of the files whose bytes were all sent. */
const completeFiles = async (): Promise<readonly string[]> =>
  ((await plane.book.reads("attachment-1")).files ?? [])
    .filter(({ readBytes, sizeBytes }) => readBytes === sizeBytes)
    .map(({ path }) => path);
const pattern = async () => (await plane.book.reads("attachment-1")).pattern;

describe.skipIf(lacksPeer("genisoimage", "nbdkit", "nbdcopy"))("a host behind nbdkit", () => {
  /** As a block of the device that the BMC shows its host. */
  const readBlocks = async (from: number, bytes: number): Promise<Buffer> => {
    const target = join(folder, "blocks");
    const source = ["-U", "-", "-r", "--filter=offset", "curl", `url=${url}`, `offset=${from}`, `range=${bytes}`];
    await run("nbdkit", ...source, "--run", `nbdcopy "$uri" '${target}'`);
    return readFile(target);
  };

  it("whose BMC looked at the medium first, and whose drive is small, has read all that it read", async () => {
    // Its first block has bytes of all files, its last one comes out of order.
    await run("curl", "-sSf", "--range", "0-65535", "-o", join(folder, "probe"), url);
    await run("curl", "-sSf", "--range", "-65536", "-o", join(folder, "probe"), url);
    await plane.book.settled("attachment-1");
    expect([await pattern(), await completeFiles()]).toEqual(["none", []]);
    for (const path of [userData, ...Object.keys(documents).filter((other) => other !== userData)]) {
      await readBlocks(32_768, 2048);
      await readBlocks(
        Math.floor(extentOf(path).from / 2048) * 2048,
        Math.ceil(documents[path as keyof typeof documents].length / 2048) * 2048,
      );
    }
    expect([await pattern(), (await completeFiles()).toSorted()]).toEqual(["pieces", Object.keys(documents)]);
  });

  it("that mounts the drive and reads one file has read that file, and no other", async () => {
    expect((await readBlocks(32_768, 2048)).toString("latin1", 1, 6)).toBe("CD001");
    expect([await pattern(), await completeFiles()]).toEqual(["pieces", []]);
    const { from, to } = extentOf(userData);
    const blocks = await readBlocks(from, Math.ceil((to - from) / 2048) * 2048);
    expect(blocks.toString("utf8", 0, to - from)).toBe(documents[userData]);
    expect([await pattern(), await completeFiles()]).toEqual(["pieces", [userData]]);
  });

  it("that copies the whole drive has read each file, and it is said that this tells nothing", async () => {
    await run("nbdkit", "-U", "-", "-r", "curl", `url=${url}`, "--run", `nbdcopy "$uri" '${join(folder, "copy")}'`);
    expect((await completeFiles()).toSorted()).toEqual(Object.keys(documents));
    expect(await pattern()).toBe("download");
  });
});

describe.skipIf(lacksPeer("genisoimage", "qemu-io"))("a host behind QEMU's read-ahead", () => {
  it("that reads one block is not said to have read the files that came with it", async () => {
    const source = `json:${JSON.stringify({ driver: "raw", file: { driver: "http", url } })}`;
    await run("qemu-io", "-r", "-c", "read 32768 2048", source);
    expect((await completeFiles()).toSorted()).toEqual(Object.keys(documents));
    expect(await pattern()).toBe("download");
  });
});

describe.skipIf(lacksPeer("genisoimage", "curl"))("a BMC that downloads with curl", () => {
  it.each([
    ["at once", [[]]],
    [
      "in pieces, in order",
      [
        ["--range", "0-65535"],
        ["--range", "65536-"],
      ],
    ],
  ])("%s has all, and nothing is said of its host", async (_how, parts) => {
    for (const part of parts) await run("curl", "-sSf", ...part, "-o", join(folder, "copy"), url);
    expect((await completeFiles()).toSorted()).toEqual(Object.keys(documents));
    expect(await pattern()).toBe("download");
  });
});
