import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createGzip, gzipSync } from "node:zlib";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import { decode } from "../../src/images/decode.ts";
import { describe as describeBytes, recognise } from "../../src/images/formats/signatures.ts";
import { tinyFat, tinyIso } from "../tools/tiny-images.ts";

const mebibyte = 1024 ** 2;
const limit = { limitBytes: 4 * mebibyte, name: "images.limits.configdrive" };

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.byteLength; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.byteLength;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const decoded = async (bytes: Uint8Array, sizes: readonly number[] = [65_536], allowed = limit): Promise<Buffer> =>
  await buffer(decode(inChunks(bytes, sizes), allowed));

const base64 = (bytes: Uint8Array): Buffer => Buffer.from(Buffer.from(bytes).toString("base64"));
const lined = (bytes: Uint8Array): Buffer =>
  Buffer.from(`\n${Buffer.from(bytes).toString("base64").replaceAll(/.{76}/g, "$&\r\n")}\r\n \t`);

const wrappings: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
  ["raw", (bytes) => bytes],
  ["gzip", (bytes) => gzipSync(bytes)],
  ["base64", base64],
  ["base64 in lines", lined],
  ["base64 of gzip", (bytes) => base64(gzipSync(bytes))],
  ["base64 of gzip in lines", (bytes) => lined(gzipSync(bytes))],
  [
    "gzip of several members",
    (bytes) => Buffer.concat([gzipSync(bytes.subarray(0, 5000)), gzipSync(bytes.subarray(5000))]),
  ],
  ["gzip padded to whole sectors", (bytes) => Buffer.concat([gzipSync(bytes), Buffer.alloc(512)])],
  ["gzip padded with much", (bytes) => Buffer.concat([gzipSync(bytes), Buffer.alloc(300_000)])],
  ["base64 of gzip padded with zeros", (bytes) => base64(Buffer.concat([gzipSync(bytes), Buffer.alloc(100_000)]))],
];

const failureOf = (bytes: Uint8Array): Promise<unknown> => decoded(bytes).catch((error: unknown) => error);
const invalid = (words: string) => ({ code: "IMAGE_INVALID", message: expect.stringContaining(words) });

describe("decoding", () => {
  const images: readonly (readonly [string, () => Promise<Buffer>])[] = [
    ["a tiny ISO", async () => tinyIso()],
    ["a hybrid ISO", async () => tinyIso({ hybrid: true })],
    ["a tiny FAT", async () => tinyFat()],
    ["the sample ISO", () => readFile(join(import.meta.dirname, "../../fixtures/configdrive/config-2.iso"))],
    ["the sample VFAT", () => readFile(join(import.meta.dirname, "../../fixtures/configdrive/config-2.vfat"))],
  ];
  for (const [name, load] of images)
    it.each(wrappings)(`${name} as %s arrives as the same image`, async (_wrapping, wrap) => {
      const image = await load();
      expect(sha256(await decoded(wrap(image)))).toBe(sha256(image));
    });

  it("does not care where the chunks end", async () => {
    const image = tinyIso({ content: Buffer.from("payload") });
    const digest = sha256(image);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...wrappings),
        async (sizes, [, wrap]) => {
          expect(sha256(await decoded(wrap(image), sizes))).toBe(digest);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("takes one byte at a time", async () => {
    const image = tinyFat({ sectors: 40 });
    for (const [, wrap] of wrappings) expect(sha256(await decoded(wrap(image), [1]))).toBe(sha256(image));
  });

  it("carries any content through every wrapping", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4000 }), fc.constantFrom(...wrappings), async (content, [, wrap]) => {
        const image = tinyIso({ content: Buffer.from(content) });
        expect(sha256(await decoded(wrap(image)))).toBe(sha256(image));
      }),
      { numRuns: 60 },
    );
  });

  it("never accepts random bytes, and never hangs on them", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 40_000 }),
        fc.constantFrom([], [0x1f, 0x8b], [0x1f, 0x8b, 8, 0], [0xeb, 0x3c, 0x90]),
        async (tail, head) => {
          await expect(decoded(Buffer.from([...head, ...tail]))).rejects.toMatchObject({ code: "IMAGE_INVALID" });
        },
      ),
      { numRuns: 150 },
    );
  });

  it("never accepts random text, and never hangs on it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.base64String({ maxLength: 5000 }), fc.string(), async (text, more) => {
        for (const given of [text, `${text}${more}`, more])
          await expect(decoded(Buffer.from(given))).rejects.toMatchObject({ code: "IMAGE_INVALID" });
      }),
      { numRuns: 100 },
    );
  });
});

describe("what is no image is named", () => {
  const at = (offset: number, magic: string): Buffer => {
    const bytes = Buffer.alloc(40_000, 0x07);
    bytes.write(magic, offset, "latin1");
    return bytes;
  };
  it.each([
    ["empty", Buffer.alloc(0)],
    ["an HTML page", Buffer.from("\n<!DOCTYPE html><html><body>404</body></html>")],
    ["an HTML page", Buffer.from("<html lang=en>")],
    ["an XML document", Buffer.from('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>')],
    ["a JSON document", Buffer.from('{"error": "no"}')],
    ["cloud-init user data", Buffer.from("#cloud-config\nusers: []\n")],
    ["plain text", Buffer.from("404: not found, sorry.")],
    ["white space", Buffer.from(" \n \n")],
    ["zeros", Buffer.alloc(100_000)],
    ["a tar archive", at(257, "ustar")],
    ["a qcow2 disk image", at(0, "QFI\xfb")],
    ["a zip archive", at(0, "PK\x03\x04")],
    ["an xz archive", at(0, "\xfd7zXZ\0")],
    ["an ext2/3/4 file system", at(1080, "\x53\xef")],
    ["a UDF image", at(32_769, "BEA01")],
    ["GUID partition table", at(512, "EFI PART")],
    ["boot sector (MBR)", at(510, "\x55\xaa")],
    ["an NTFS volume", at(3, "NTFS    ")],
    ["of no known format", at(0, "\x01\x02")],
  ])("%s", async (words, bytes) => {
    expect(recognise(bytes)).toBeUndefined();
    expect(describeBytes(bytes)).toContain(words);
    expect(await failureOf(bytes)).toMatchObject(invalid(words));
    expect(await failureOf(gzipSync(bytes))).toMatchObject(invalid(words));
    expect(await failureOf(gzipSync(bytes))).toMatchObject(invalid("inside gzip data"));
    expect(await failureOf(base64(gzipSync(bytes)))).toMatchObject(invalid("inside gzip data inside base64 text"));
  });

  it("gzip of gzip, base64 of base64 and gzip of base64", async () => {
    const image = tinyIso();
    expect(await failureOf(gzipSync(gzipSync(image)))).toMatchObject(invalid("gzip data inside gzip data"));
    expect(await failureOf(base64(base64(image)))).toMatchObject(invalid("base64 text inside base64 text"));
    expect(await failureOf(gzipSync(base64(image)))).toMatchObject(invalid("base64 text inside gzip data"));
    expect(await failureOf(gzipSync(Buffer.alloc(0)))).toMatchObject(invalid("empty inside gzip data"));
  });

  it("gzip that is cut short, at any place", async () => {
    const packed = gzipSync(tinyIso({ content: Buffer.from("some content") }));
    for (let length = 2; length < packed.length; length += 7)
      expect(await failureOf(packed.subarray(0, length))).toMatchObject(invalid("truncated"));
    expect(await failureOf(packed.subarray(0, packed.length - 1))).toMatchObject(invalid("truncated"));
  });

  it("gzip with anything after its end", async () => {
    const packed = gzipSync(tinyIso());
    const zeros = Buffer.alloc(70_000);
    const tails = [
      [1],
      [0x1f],
      [0x1f, 0x8b],
      [1, 2, 3],
      [0, 1],
      [...zeros, 1],
      [...zeros, 1, ...zeros],
      [0, ...packed],
    ];
    for (const tail of tails) {
      const bytes = Buffer.concat([packed, Buffer.from(tail)]);
      for (const sizes of [[bytes.length], [packed.length, 1], [1000]])
        await expect(decoded(bytes, sizes)).rejects.toMatchObject({ code: "IMAGE_INVALID" });
    }
    expect(await failureOf(Buffer.concat([packed, Buffer.from([0, 1])]))).toMatchObject(
      invalid("other bytes follow its end"),
    );
  });

  it("gzip padded with zeros without end", async () => {
    const packed = gzipSync(tinyIso());
    let given = 0;
    const padded = async function* (): AsyncGenerator<Uint8Array> {
      yield packed;
      for (;;) {
        given += 1 << 16;
        yield Buffer.alloc(1 << 16);
      }
    };
    const all = async (): Promise<void> => {
      for await (const chunk of decode(padded(), limit)) expect(chunk.byteLength).toBeGreaterThan(0);
    };
    await expect(all()).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
    expect(given).toBeLessThan(3 * limit.limitBytes);
  });

  it("gzip whose checksum is wrong", async () => {
    const packed = gzipSync(tinyIso());
    packed.writeUInt32LE(0xdeadbeef, packed.length - 8);
    expect(await failureOf(packed)).toMatchObject(invalid("damaged"));
  });

  it("base64 that is not strict", async () => {
    const text = base64(tinyIso()).toString();
    expect(await failureOf(Buffer.from(text.slice(0, -1)))).toMatchObject(invalid("multiple of four"));
    expect(await failureOf(Buffer.from(`${text.slice(0, 50_000)}-${text.slice(50_001)}`))).toMatchObject(
      invalid("byte 50000 is not of its alphabet"),
    );
    expect(await failureOf(Buffer.from(`${text.slice(0, 50_000)}====${text.slice(50_004)}`))).toMatchObject(
      invalid("padding"),
    );
    expect(await failureOf(Buffer.from(`${text}\n${"QUJD".repeat(10)}=`))).toMatchObject(invalid(""));
    const padded = base64(Buffer.concat([tinyIso(), Buffer.alloc(1)])).toString();
    expect(padded.endsWith("==")).toBe(true);
    expect(await failureOf(Buffer.from(`${padded}QUJD`))).toMatchObject(invalid(""));
    expect(await failureOf(Buffer.from(`${padded}\n=`))).toMatchObject(invalid("after its padding"));
    for (const tail of ["QUJD", "Q", "=", "===="])
      await expect(decoded(Buffer.from(`${padded}${tail}`), [padded.length])).rejects.toMatchObject(
        invalid("after its padding"),
      );
  });
});

describe("the limits", () => {
  const tooLarge = (bytes: Uint8Array, allowed = limit) =>
    expect(decoded(bytes, [65_536], allowed)).rejects.toMatchObject({
      code: "IMAGE_TOO_LARGE",
      message: expect.stringContaining("4 MiB, the limit images.limits.configdrive"),
    });

  it.each(wrappings)("an image of exactly the limit passes as %s, one byte more does not", async (_name, wrap) => {
    const image = Buffer.concat([tinyIso(), Buffer.alloc(limit.limitBytes)]).subarray(0, limit.limitBytes);
    expect((await decoded(wrap(image))).length).toBe(limit.limitBytes);
    await tooLarge(wrap(Buffer.concat([image, Buffer.alloc(1)])));
  });

  it("ten gigabytes of zeros stop early and stay small", async () => {
    const total = 10 * 1024 ** 3;
    const block = Buffer.alloc(mebibyte);
    let produced = 0;
    const zeros = Readable.from(
      (async function* () {
        yield tinyIso();
        for (; produced < total; produced += block.length) yield block;
      })(),
      { objectMode: false, highWaterMark: 65_536 },
    ).pipe(createGzip({ level: 1 }));
    let peakBytes = 0;
    let received = 0;
    const before = process.memoryUsage().rss;
    const drain = async (): Promise<void> => {
      for await (const chunk of decode(zeros, { ...limit, limitBytes: 64 * mebibyte })) {
        received += chunk.byteLength;
        peakBytes = Math.max(peakBytes, process.memoryUsage().rss - before);
      }
    };
    await expect(drain()).rejects.toMatchObject({ code: "IMAGE_TOO_LARGE" });
    expect(received).toBeLessThanOrEqual(64 * mebibyte);
    expect(produced).toBeLessThan(1024 ** 3);
    expect(peakBytes).toBeLessThan(128 * mebibyte);
    zeros.destroy();
  });

  it("what never becomes an image is limited too: endless white space and empty gzip members", async () => {
    const endless = async function* (first: Buffer, block: Buffer): AsyncGenerator<Buffer> {
      yield first;
      for (;;) yield block;
    };
    const empties = Buffer.concat(Array.from({ length: 2000 }, () => gzipSync(Buffer.alloc(0))));
    for (const source of [endless(Buffer.from("QUJD"), Buffer.alloc(65_536, 0x20)), endless(empties, empties)])
      await expect(buffer(decode(source, { ...limit, limitBytes: mebibyte }))).rejects.toMatchObject({
        code: "IMAGE_TOO_LARGE",
      });
  });

  it("closes its source, however it ends", async () => {
    let open = 0;
    const source = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
      open += 1;
      try {
        yield* inChunks(bytes, [1000]);
      } finally {
        open -= 1;
      }
    };
    const big = Buffer.concat([tinyIso(), Buffer.alloc(5 * mebibyte)]);
    for (const bytes of [
      Buffer.from("no image"),
      gzipSync(gzipSync(tinyIso())),
      big,
      gzipSync(big),
      base64(gzipSync(big)),
    ])
      await expect(buffer(decode(source(bytes), limit))).rejects.toBeInstanceOf(MediabayError);
    for await (const chunk of decode(source(base64(gzipSync(tinyIso()))), limit)) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(open).toBe(0);
  });

  it("passes the source's own error on as it is", async () => {
    const failure = new Error("the origin is gone");
    const source = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
      yield bytes;
      throw failure;
    };
    const image = tinyIso();
    for (const bytes of [
      image,
      gzipSync(image).subarray(0, 100),
      base64(gzipSync(image)).subarray(0, 100),
      Buffer.of(0x1f),
    ])
      await expect(buffer(decode(source(bytes), limit))).rejects.toBe(failure);
  });
});
