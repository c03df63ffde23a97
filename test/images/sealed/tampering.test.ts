// Whoever can write to the disk can destroy an image, but cannot make us send one other byte than went in.
import { truncate, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MediabayError } from "../../../src/core/errors.ts";
import { headerBytes, sealedAt, shapeOf, parseHeader } from "../../../src/images/sealed/format.ts";
import { patternBytes } from "../../tools/image-plane.ts";
import {
  createSealedFolder,
  openSealed,
  readByLoans,
  type SealedFile,
  type SealedFolder,
} from "../../tools/sealed-file.ts";

const chunkBytes = 48;
const sealedChunk = chunkBytes + 16;
const plain = patternBytes(4 * chunkBytes + 20);

let folder: SealedFolder;
let file: SealedFile;

beforeAll(async () => {
  folder = await createSealedFolder();
  file = await folder.seal(plain, chunkBytes);
});

afterAll(() => folder[Symbol.asyncDispose]());

/** The right bytes, or "refused"; anything else fails the test here. */
const outcome = async (read: () => Promise<Buffer>, expected: Buffer): Promise<"right" | "refused"> => {
  try {
    expect((await read()).equals(expected)).toBe(true);
    return "right";
  } catch (error) {
    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE" });
    return "refused";
  }
};

interface Judged {
  readonly whole: "right" | "refused";
  /** Of each chunk alone. */
  readonly chunks: readonly ("right" | "refused")[];
}

const judge = async (bytes: Buffer, { key } = file, expected = plain): Promise<Judged> => {
  await writeFile(file.path, bytes);
  const reader = await openSealed(file.path, key);
  const count = Math.ceil(expected.length / chunkBytes);
  if (reader === undefined) return { whole: "refused", chunks: Array.from({ length: count }, () => "refused") };
  try {
    if (reader.sizeBytes !== expected.length) {
      // The store refuses these by their length; even if it did not, the whole would not open.
      const whole = reader.readAt(0, reader.sizeBytes).then(({ length }) => length);
      await expect(whole.catch((error: unknown) => error)).resolves.toSatisfy(
        (length) => length === 0 || (length instanceof MediabayError && length.code === "STORE_UNAVAILABLE"),
      );
      return { whole: "refused", chunks: [] };
    }
    const whole = await outcome(() => reader.readAt(0, expected.length), expected);
    const chunks: ("right" | "refused")[] = [];
    for (let from = 0; from < expected.length; from += chunkBytes) {
      const to = Math.min(expected.length, from + chunkBytes);
      chunks.push(await outcome(() => readByLoans(reader, from, to), expected.subarray(from, to)));
    }
    return { whole, chunks };
  } finally {
    await reader.close();
  }
};

const chunkOf = (bytes: Buffer, index: number): Buffer =>
  bytes.subarray(headerBytes + index * sealedChunk, headerBytes + (index + 1) * sealedChunk);

describe("a sealed file that was altered", () => {
  it("is read as long as it was not", async () => {
    expect(await judge(file.bytes)).toEqual({ whole: "right", chunks: Array.from({ length: 5 }, () => "right") });
  });

  it("is refused for any byte of the header, and otherwise only where it was altered", async () => {
    for (let at = 0; at < file.bytes.length; at += 1) {
      const changed = Buffer.from(file.bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
      const { whole, chunks } = await judge(changed);
      expect(whole, `byte ${at}`).toBe("refused");
      const hit = Math.floor((at - headerBytes) / sealedChunk);
      const expected = chunks.map((_, index) => (at < headerBytes || index === hit ? "refused" : "right"));
      expect(chunks, `byte ${at}`).toEqual(expected);
    }
  });

  it("is refused at any length but its own", async () => {
    for (let length = 0; length < file.bytes.length; length += 1) {
      const { whole } = await judge(file.bytes.subarray(0, length));
      expect(whole, `${length} bytes`).toBe("refused");
    }
    for (const more of [1, 16, 17, sealedChunk, 10 * sealedChunk]) {
      const { whole } = await judge(Buffer.concat([file.bytes, Buffer.alloc(more, 7)]));
      expect(whole, `${more} more`).toBe("refused");
    }
  });

  it("is refused when it ends with a chunk that was not its last", async () => {
    for (let count = 1; count < 5; count += 1) {
      await writeFile(file.path, file.bytes.subarray(0, headerBytes + count * sealedChunk));
      const reader = await openSealed(file.path, file.key);
      expect(reader?.sizeBytes).toBe(count * chunkBytes);
      const last = (count - 1) * chunkBytes;
      const read = reader && readByLoans(reader, last, last + 1);
      await expect(read).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await reader?.close();
    }
  });

  it("is refused where chunks changed places", async () => {
    const swapped = Buffer.from(file.bytes);
    chunkOf(file.bytes, 1).copy(swapped, headerBytes + 2 * sealedChunk);
    chunkOf(file.bytes, 2).copy(swapped, headerBytes + sealedChunk);
    expect((await judge(swapped)).chunks).toEqual(["right", "refused", "refused", "right", "right"]);
  });

  it("is refused where a chunk comes from another file, even one of the same key", async () => {
    const other = await folder.seal(patternBytes(plain.length, 9), chunkBytes);
    const mixed = Buffer.from(file.bytes);
    chunkOf(other.bytes, 1).copy(mixed, headerBytes + sealedChunk);
    expect((await judge(mixed)).chunks[1]).toBe("refused");
    expect((await judge(mixed, other)).chunks).toEqual(Array.from({ length: 5 }, () => "refused"));
    // Under the other's header its own chunks open, and none of ours does, whatever key there were.
    const headed = Buffer.concat([other.bytes.subarray(0, headerBytes), file.bytes.subarray(headerBytes)]);
    expect((await judge(headed)).whole).toBe("refused");
  });

  it("is refused with another key", async () => {
    const { key } = await folder.seal(plain, chunkBytes);
    const { whole, chunks } = await judge(file.bytes, { ...file, key });
    expect([whole, new Set(chunks)]).toEqual(["refused", new Set(["refused"])]);
  });

  it("is refused when it is cut under the reader", async () => {
    await writeFile(file.path, file.bytes);
    const reader = await openSealed(file.path, file.key);
    await truncate(file.path, headerBytes + sealedChunk + 3);
    if (reader === undefined) throw new Error("the file is whole");
    expect((await readByLoans(reader, 0, chunkBytes)).equals(plain.subarray(0, chunkBytes))).toBe(true);
    await expect(readByLoans(reader, chunkBytes, chunkBytes + 1)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(reader.readAt(chunkBytes, 1)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await reader.close();
  });

  it("cannot ask for more memory than a chunk may have", () => {
    const header = Buffer.from(file.bytes.subarray(0, headerBytes));
    for (const [claimed, isTaken] of [
      [0, false],
      [1 << 20, true],
      [(1 << 20) + 1, false],
      [0xffff_ffff, false],
    ] as const) {
      header.writeUInt32BE(claimed, 8);
      expect(parseHeader(header) !== undefined).toBe(isTaken);
    }
    const layout = parseHeader(file.bytes.subarray(0, headerBytes));
    if (layout === undefined) throw new Error("the header is ours");
    expect(shapeOf(layout, sealedAt(layout, 1))?.chunks).toBe(1);
  });
});
