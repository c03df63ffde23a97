// Sealed images on the image plane: right bytes or none, also for many readers at once with hardly any memory, and none left behind.
import { open } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createContents } from "../../src/images/plane/contents.ts";
import {
  createTestImages,
  patternBytes,
  rawClient,
  rawRequest,
  startTestPlane,
  type TestImages,
  type TestPlane,
} from "../tools/image-plane.ts";

const chunkBytes = 65_536;
const large = patternBytes((9 << 20) + 777, 3);

let images: TestImages;
let plane: TestPlane;

beforeEach(async () => {
  images = await createTestImages(2 * chunkBytes);
  plane = await startTestPlane({ images });
});

afterEach(async () => {
  await plane.close();
  await images.close();
});

const publish = async (bytes: Buffer): Promise<{ readonly digest: string; readonly path: string }> => {
  const digest = await images.add(bytes);
  return { digest, path: new URL((await plane.publish(digest)).url).pathname };
};

const get = (path: string, from: number, to: number) =>
  rawRequest(plane.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nRange: bytes=${from}-${to - 1}`);

/** One bit in the sealed bytes of this chunk. */
const alter = async (digest: string, chunk: number): Promise<void> => {
  await using handle = await open(join(images.folder, digest), "r+");
  const place = 32 + chunk * (chunkBytes + 16) + 100;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, place);
  buffer.writeUInt8(buffer.readUInt8(0) ^ 1);
  await handle.write(buffer, 0, 1, place);
};

describe("a published image in a sealed file", () => {
  it("is right for many readers at once, each at its place, with room for two chunks only", async () => {
    const { path } = await publish(large);
    const reader = async (seed: number): Promise<void> => {
      const client = await rawClient(plane.port);
      for (let turn = 0; turn < 12; turn += 1) {
        const from = (seed * 7_654_321 + turn * 777_777) % large.length;
        const to = Math.min(large.length, from + 1 + ((seed * 99_991 + turn * 31_337) % 300_000));
        client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nRange: bytes=${from}-${to - 1}\r\n\r\n`);
        const { status, body } = await client.answer();
        expect([status, body.equals(large.subarray(from, to))]).toEqual([206, true]);
      }
      client.close();
    };
    await Promise.all(Array.from({ length: 16 }, (_, seed) => reader(seed + 1)));
  });

  it("is right for a reader that takes nothing for a while, whatever others read meanwhile", async () => {
    const { path } = await publish(large);
    const slow = await rawClient(plane.port);
    slow.socket.pause();
    slow.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    for (let at = 0; at + 5000 < large.length; at += 600_001) {
      expect((await get(path, at, at + 5000)).body.equals(large.subarray(at, at + 5000))).toBe(true);
    }
    slow.socket.resume();
    expect((await slow.answer()).body.equals(large)).toBe(true);
    slow.close();
  });

  it("that was altered is refused or cut, and right wherever it was not altered", async () => {
    const { digest, path } = await publish(large);
    await alter(digest, 20);
    expect((await get(path, 0, 5000)).body.equals(large.subarray(0, 5000))).toBe(true);
    expect((await get(path, 20 * chunkBytes + 9, 20 * chunkBytes + 10)).status).toBe(500);
    const client = await rawClient(plane.port);
    client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const sent = await client.rest();
    const body = sent.subarray(sent.indexOf("\r\n\r\n") + 4);
    expect(body.equals(large.subarray(0, 20 * chunkBytes))).toBe(true);
    client.close();
  });

  it("that was altered is not published when it is to be kept in memory", async () => {
    const digest = await images.add(patternBytes(200_000));
    await alter(digest, 1);
    await expect(plane.publish(digest)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
});

describe("what is lent to a connection", () => {
  it("is given back once, however the connection ends", async () => {
    let [lent, out] = [0, 0];
    const open: TestImages["open"] = async (digest) => {
      const reader = await images.open(digest);
      const counted: typeof reader.lend = (position, most, done) =>
        reader.lend(position, most, (loan) => {
          if (loan instanceof Error) return done(loan);
          [lent, out] = [lent + 1, out + 1];
          const giveBack = (): void => {
            out -= 1;
            loan.giveBack();
          };
          done({ parts: loan.parts, sizeBytes: loan.sizeBytes, giveBack });
        });
      return {
        sizeBytes: reader.sizeBytes,
        readAt: reader.readAt,
        lend: counted,
        close: () => reader.close(),
      };
    };
    const watched = await startTestPlane({ images: { ...images, open } });
    const path = new URL((await watched.publish(await images.add(large))).url).pathname;
    const request = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const whole = await rawClient(watched.port);
    whole.write(request);
    expect((await whole.answer()).body.equals(large)).toBe(true);
    whole.close();
    // One step of many, and one that is the whole answer.
    const oneStep = `GET ${path} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-${chunkBytes - 1}\r\n\r\n`;
    for (const [text, end] of [
      [request, "destroy"],
      [request, "resetAndDestroy"],
      [oneStep, "destroy"],
      [oneStep, "resetAndDestroy"],
    ] as const) {
      const { socket, write } = await rawClient(watched.port);
      socket.pause();
      // A request does not wait for the acknowledgement of the one before.
      socket.setNoDelay(true);
      // More than all buffers on the way hold; what is lent then stays out.
      for (let idle = 0, before = -1, asked = -1; idle < 2000; idle = lent > before ? 0 : idle + 1) {
        before = lent;
        if (out === 0 && lent > asked) {
          asked = lent;
          write(text);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(out).toBe(1);
      socket[end]();
      await expect.poll(() => out).toBe(0);
    }
    await watched.close();
    expect(out).toBe(0);
  });
});

describe("the memory of an image that leaves", () => {
  it("is overwritten once nobody reads it", async () => {
    const contents = createContents(images);
    const digest = await images.add(patternBytes(5000));
    const { memory } = await contents.acquire(digest);
    await contents.forget(digest);
    expect(memory?.equals(patternBytes(5000))).toBe(true);
    contents.release(digest);
    expect(memory?.equals(Buffer.alloc(5000))).toBe(true);
    await contents.close();
  });
});
