import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readFat } from "../../src/configdrive/fat/reader.ts";
import { identify } from "../../src/images/identify.ts";
import { tinyFat, tinyIso } from "../tools/tiny-images.ts";

const run = promisify(execFile);

const identified = (image: Buffer) =>
  identify(async (offset, length) => image.subarray(offset, offset + length), image.length);

const fixture = (name: string): Promise<Buffer> =>
  readFile(join(import.meta.dirname, "../../fixtures/configdrive", name));

describe("identifying", () => {
  it("knows the sample config drives", async () => {
    const [iso, vfat] = await Promise.all([fixture("config-2.iso"), fixture("config-2.vfat")]);
    expect(await identified(iso)).toEqual({ format: "iso9660", label: "config-2", sizeBytes: iso.length });
    expect(await identified(vfat)).toEqual({ format: "fat", label: "CONFIG-2", sizeBytes: vfat.length });
  });

  it.each([
    [{ label: "CONFIG-2" }, "CONFIG-2"],
    [{ label: "CONFIG-2", joliet: "config-2" }, "config-2"],
    [{ label: "", joliet: "config-2" }, "config-2"],
    [{ label: "A_LABEL_LONGER_THAN_SIXTEEN", joliet: "A_LABEL_LONGER_T" }, "A_LABEL_LONGER_THAN_SIXTEEN"],
    [{ label: "PRIMARY", joliet: "other" }, "other"],
    [{ label: "" }, undefined],
  ])("the label of an ISO with %o is %s", async (given, label) => {
    expect((await identified(tinyIso(given))).label).toBe(label);
  });

  it.each([
    [{ rootLabel: "CONFIG-2", bootLabel: "OTHER" }, "CONFIG-2"],
    [{ rootLabel: "", bootLabel: "BOOT" }, undefined],
    [{ rootLabel: "", bootLabel: "NO NAME" }, undefined],
  ])("the label of a FAT with %o is %s", async (given, label) => {
    expect((await identified(tinyFat(given))).label).toBe(label);
  });

  it("a FAT volume begins with a jump to wherever", async () => {
    const image = tinyFat();
    image.write("\xeb\x58\x3c", 0, "latin1");
    expect(await identified(image)).toMatchObject({ format: "fat", label: "config-2" });
  });

  it.each([
    ["a folder that has the label's attribute too", (record: Buffer) => record.writeUInt8(0x18, 11)],
    ["a label with clusters", (record: Buffer) => record.writeUInt16LE(2, 26)],
    ["a deleted label", (record: Buffer) => record.writeUInt8(0xe5, 0)],
  ])("%s is no label, for us as for the reader and for Linux", async (_, change) => {
    const image = tinyFat();
    change(image.subarray(3 * 512 + 32, 3 * 512 + 64));
    expect((await identified(image)).label).toBeUndefined();
    expect((await readFat(async (offset, length) => image.subarray(offset, offset + length), image.length)).label).toBe(
      undefined,
    );
  });

  it("a FAT32 of 100 GiB takes a few small reads", async () => {
    const sizeBytes = 100 * 1024 ** 3;
    const { readAt, reads } = largeFat32(sizeBytes);
    expect(await identify(readAt, sizeBytes)).toEqual({ format: "fat", label: "CONFIG-2", sizeBytes });
    expect(reads.length).toBeLessThan(10);
    expect(reads.reduce((sum, length) => sum + length)).toBeLessThan(256 << 10);
  });

  it("a volume that is longer than its file was cut short", async () => {
    for (const image of [
      tinyIso({ sectors: 24, claimedSectors: 25 }),
      tinyIso({ claimedSectors: 0 }),
      tinyFat({ sectors: 64, claimedSectors: 65 }),
    ])
      await expect(identified(image)).rejects.toMatchObject({
        code: "IMAGE_INVALID",
        message: expect.stringContaining("truncated"),
      });
  });

  it("bytes behind the volume do no harm", async () => {
    for (const image of [tinyIso(), tinyFat()])
      expect((await identified(Buffer.concat([image, Buffer.alloc(4096)]))).sizeBytes).toBe(image.length + 4096);
  });

  it("an ISO that has only lost its primary descriptor is refused", async () => {
    const image = tinyIso({ joliet: "x" });
    image[32_768] = 2;
    await expect(identified(image)).rejects.toMatchObject({
      code: "IMAGE_INVALID",
      message: expect.stringContaining("primary volume descriptor"),
    });
  });

  it("fails only by name, whatever is broken inside", async () => {
    const corrupt = fc.array(fc.tuple(fc.nat(50_000), fc.nat(255)), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(corrupt, fc.boolean(), async (changes, iso) => {
        const image = iso ? tinyIso({ joliet: "config-2" }) : tinyFat();
        for (const [offset, value] of changes) image[offset % image.length] = value;
        const outcome = await identified(image).catch((error: unknown) => error);
        expect(outcome).toSatisfy(
          (found: { readonly code?: string; readonly format?: string }) =>
            found.code === "IMAGE_INVALID" || found.format === "iso9660" || found.format === "fat",
        );
      }),
      { numRuns: 300 },
    );
  });
});

/** A FAT32 volume of which only a few sectors are there, with one sector a cluster; its label is in the root's second cluster. */
const largeFat32 = (sizeBytes: number) => {
  const [reserved, tableSectors, second] = [32, 1_700_000, 1_000_000];
  const sectors = new Map<number, Buffer>();
  const sector = (index: number): Buffer => {
    const found = sectors.get(index) ?? Buffer.alloc(512);
    sectors.set(index, found);
    return found;
  };
  const boot = sector(0);
  boot.write("\xeb\x58\x90", 0, "latin1");
  boot.set([0, 2, 1, reserved, 0, 2], 11);
  boot.writeUInt8(0xf8, 21);
  boot.writeUInt32LE(sizeBytes / 512, 32);
  boot.writeUInt32LE(tableSectors, 36);
  boot.writeUInt32LE(2, 44);
  boot.writeUInt16LE(0xaa55, 510);
  const link = (cluster: number, next: number): unknown =>
    sector(reserved + Math.floor(cluster / 128)).writeUInt32LE(next, (cluster % 128) * 4);
  link(2, second);
  link(second, 0x0fffffff);
  sector(reserved + 2 * tableSectors).fill(0xe5);
  sector(reserved + 2 * tableSectors + second - 2).write("CONFIG-2   \x08", 0, "latin1");
  const reads: number[] = [];
  const readAt = async (offset: number, length: number): Promise<Buffer> => {
    reads.push(length);
    const bytes = Buffer.alloc(length);
    for (const [index, found] of sectors) {
      const at = index * 512 - offset;
      if (at >= 0 && at < length) found.copy(bytes, at);
    }
    return bytes;
  };
  return { readAt, reads };
};

describe("identifying what other software made", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mediabay-identify-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const fatOf = async (bits: string, bytes: number, label: string): Promise<Buffer> => {
    const path = join(folder, "volume.vfat");
    await writeFile(path, "");
    await truncate(path, bytes);
    await run("mkfs.vfat", ["--invariant", "-F", bits, "-n", label, path], {
      env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
    });
    return readFile(path);
  };

  it.each([
    ["12", 2],
    ["16", 16],
    ["32", 64],
  ])("a FAT%s of %i MiB from mkfs.vfat", async (bits, mebibytes) => {
    const image = await fatOf(bits, mebibytes * 1024 ** 2, "CONFIG-2");
    expect(await identified(image)).toEqual({ format: "fat", label: "CONFIG-2", sizeBytes: image.length });
    await expect(identified(image.subarray(0, image.length - 512))).rejects.toMatchObject({ code: "IMAGE_INVALID" });
  });

  it.each([
    ["genisoimage", ["-quiet", "-J", "-r", "-V", "config-2"], "config-2"],
    ["genisoimage", ["-quiet", "-r", "-V", "CONFIG-2"], "CONFIG-2"],
    ["xorriso", ["-as", "mkisofs", "-quiet", "-J", "-r", "-V", "config-2"], "config-2"],
  ])("an ISO from %s %j", async (tool, options, label) => {
    await writeFile(join(folder, "meta_data.json"), "{}");
    const path = join(folder, "volume.iso");
    await run(tool, [...options, "-o", path, join(folder, "meta_data.json")]);
    const image = await readFile(path);
    expect(await identified(image)).toEqual({ format: "iso9660", label, sizeBytes: image.length });
  });
});
