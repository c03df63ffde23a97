// Withdrawing and recording reads: what the gateway takes for evidence.
import { describe, expect, it } from "vitest";
import type { ReadNews } from "../../src/images/reads/read-log.ts";
import { patternBytes, rawClient, rawRequest } from "../tools/image-plane.ts";
import { pathOf, useScene } from "../tools/published-scene.ts";

const large = patternBytes(24 << 20, 3);

const scene = useScene();

const read = (port: number, url: string, range = "bytes=0-2047") =>
  rawRequest(port, `GET ${pathOf(url)} HTTP/1.1\r\nRange: ${range}`);

describe("a withdrawn publication", () => {
  it("is 404 at once, gone from the scene.catalog, and keeps its reads", async () => {
    const plane = await scene.start();
    const { url } = await plane.publish(scene.digest);
    await read(plane.port, url);
    await plane.book.withdraw("attachment-1");
    expect((await read(plane.port, url)).status).toBe(404);
    expect([plane.book.find("attachment-1"), plane.book.list(), await scene.catalog.live()]).toEqual([
      undefined,
      [],
      [],
    ]);
    expect(await plane.book.reads("attachment-1")).toMatchObject({
      requests: 1,
      bytesSent: 2048,
      remotes: ["127.0.0.1"],
    });
  });

  it("may be withdrawn again, and before it was ever published", async () => {
    const plane = await scene.start();
    await plane.book.withdraw("attachment-1");
    await plane.publish(scene.digest);
    await Promise.all([plane.book.withdraw("attachment-1"), plane.book.withdraw("attachment-1")]);
    await plane.book.withdraw("attachment-1");
    expect(scene.catalog.calls).toEqual(["put", "withdraw"]);
  });

  it("stays 404 when the scene.catalog fails, and the next withdrawal does the rest", async () => {
    const plane = await scene.start();
    const { url } = await plane.publish(scene.digest);
    scene.catalog.failWith = new Error("disk full");
    await expect(plane.book.withdraw("attachment-1")).rejects.toThrow("disk full");
    expect((await read(plane.port, url)).status).toBe(404);
    scene.catalog.failWith = undefined;
    await plane.book.withdraw("attachment-1");
    expect(await scene.catalog.live()).toEqual([]);
  });

  it("cuts its running transfers, and them only, and records what they got", async () => {
    const plane = await scene.start();
    const [cut, kept] = [
      await plane.publish(await scene.images.add(large)),
      await plane.publish(await scene.images.add(large), { attachmentId: "attachment-2" }),
    ];
    const clients = await Promise.all([rawClient(plane.port), rawClient(plane.port)]);
    for (const [index, { url }] of [cut, kept].entries()) {
      clients[index]?.socket.pause();
      clients[index]?.write(`GET ${pathOf(url)} HTTP/1.1\r\n\r\n`);
    }
    await expect.poll(() => clients.every(({ socket }) => socket.bytesRead > 0)).toBe(true);
    await scene.clock.settle(200);
    await plane.book.withdraw("attachment-1");
    for (const client of clients) client.socket.resume();
    expect((await clients[0]?.rest())?.length).toBeLessThan(large.length);
    expect((await clients[1]?.answer())?.body.equals(large)).toBe(true);
    const { bytesSent, coverage } = await plane.book.reads("attachment-1");
    expect(bytesSent).toBeGreaterThan(0);
    expect(bytesSent).toBeLessThan(large.length);
    expect(coverage).toEqual([{ from: 0, to: bytesSent }]);
    for (const client of clients) client.close();
  });

  it("gives its image's memory and descriptor back", async () => {
    const plane = await scene.start();
    await plane.publish(scene.digest);
    await plane.publish(await scene.images.add(large), { attachmentId: "attachment-2" });
    await plane.publish(scene.digest, { attachmentId: "attachment-3" });
    const { contents } = plane.book;
    expect([contents.residentBytes, contents.openDescriptors]).toEqual([scene.bytes.length, 1]);
    await plane.book.withdraw("attachment-1");
    expect(contents.residentBytes).toBe(scene.bytes.length);
    await plane.book.withdraw("attachment-2");
    await plane.book.withdraw("attachment-3");
    expect([contents.residentBytes, contents.openDescriptors]).toEqual([0, 0]);
  });
});

describe("reads", () => {
  it("are known at once and written once a second, joined", async () => {
    const plane = await scene.start();
    const { url } = await plane.publish(scene.digest);
    await rawRequest(plane.port, `HEAD ${pathOf(url)} HTTP/1.1`);
    for (const from of [0, 2048, 4096]) await read(plane.port, url, `bytes=${from}-${from + 2047}`);
    await scene.clock.settle();
    const summary = await plane.book.reads("attachment-1");
    expect(summary).toMatchObject({
      requests: 4,
      bytesSent: 6144,
      coveredBytes: 6144,
      coverage: [{ from: 0, to: 6144 }],
    });
    expect(scene.catalog.calls).toEqual(["put"]);
    await scene.clock.advance(1000);
    expect(scene.catalog.calls).toEqual(["put", "addReads"]);
    expect(await scene.catalog.reads("attachment-1")).toMatchObject([
      { remote: "127.0.0.1", method: "GET", from: 0, to: 6144, requests: 3 },
      { remote: "127.0.0.1", method: "HEAD", from: 0, to: 0, requests: 1 },
    ]);
    await scene.clock.advance(5000);
    expect(scene.catalog.calls).toHaveLength(2);
  });

  describe("of a host", () => {
    const fileAt = (path: string, from: number) => ({
      path: `openstack/latest/${path}`,
      sizeBytes: 4096,
      extents: [{ from, to: from + 4096 }],
    });
    const files = [fileAt("meta_data.json", 40_960), fileAt("user_data", 49_152)];
    const writes = (): number => scene.catalog.calls.filter((call) => call === "addReads").length;
    const begin = async (news: ReadNews[] = []) => {
      const plane = await scene.start({
        filesOf: () => Promise.resolve(files),
        onNews: (_published, told) => void news.push(told),
      });
      const { url } = await plane.publish(scene.digest);
      await plane.book.settled("attachment-1");
      const readAt = async (...offsets: readonly number[]): Promise<number> => {
        for (const from of offsets) await read(plane.port, url, `bytes=${from}-${from + 2047}`);
        await scene.clock.settle();
        return writes();
      };
      return { plane, readAt, before: writes() };
    };

    it("are written at once when a file is complete, and by no other read", async () => {
      const news: ReadNews[] = [];
      const { readAt, before } = await begin(news);
      expect(await readAt(32_768, 34_816, 40_960)).toBe(before);
      expect(await readAt(43_008)).toBe(before + 1);
      expect(await readAt(43_008, 49_152, 60_000, 62_048, 64_096, 66_144)).toBe(before + 1);
      expect(await readAt(51_200)).toBe(before + 2);
      expect(news).toEqual([]);
      await scene.clock.advance(1000);
      expect(news.flatMap((told) => told.files.map(({ path }) => path))).toEqual(files.map(({ path }) => path));
      expect(await readAt(51_200, 49_152)).toBe(before + 2);
    });

    it("are kept through a crash right behind the one that completed a file", async () => {
      const { plane, readAt } = await begin();
      await readAt(32_768, 40_960, 43_008, 49_152, 51_200);
      const { files: seen } = await plane.book.reads("attachment-1");
      expect(seen?.map(({ completeAt }) => completeAt)).toEqual([expect.any(Number), expect.any(Number)]);
      const restarted = await scene.start({ filesOf: () => Promise.resolve(files) });
      expect(await restarted.book.reads("attachment-1")).toMatchObject({ pattern: "pieces", files: seen });
    });

    it("who gets the whole image in order are written at once when that is complete, and not before", async () => {
      const { plane, readAt, before } = await begin();
      const offsets = Array.from({ length: 25 }, (_, index) => index * 2048);
      expect(await readAt(...offsets)).toBe(before);
      expect(await readAt(51_200)).toBe(before + 1);
      expect(await plane.book.reads("attachment-1")).toMatchObject({ pattern: "download" });
    });

    it("that complete a file while the store fails are written later", async () => {
      const news: ReadNews[] = [];
      const { readAt, before } = await begin(news);
      scene.catalog.failWith = new Error("disk full");
      expect(await readAt(40_960, 43_008)).toBe(before);
      expect(news).toEqual([]);
      scene.catalog.failWith = undefined;
      await scene.clock.advance(1000);
      expect([writes(), news.length]).toEqual([before + 1, 1]);
    });
  });

  it("that could not be written are written later", async () => {
    const plane = await scene.start();
    const { url } = await plane.publish(scene.digest);
    await read(plane.port, url);
    scene.catalog.failWith = new Error("disk full");
    await scene.clock.settle();
    await scene.clock.advance(1000);
    expect(await scene.catalog.reads("attachment-1")).toEqual([]);
    scene.catalog.failWith = undefined;
    await scene.clock.advance(1000);
    expect(await scene.catalog.reads("attachment-1")).toMatchObject([{ from: 0, to: 2048, requests: 1 }]);
  });

  it("are written when the image plane closes", async () => {
    const plane = await scene.start();
    const { url } = await plane.publish(scene.digest);
    await read(plane.port, url);
    await scene.stop(plane);
    expect(await scene.catalog.reads("attachment-1")).toMatchObject([{ from: 0, to: 2048 }]);
  });

  it("are not made by answers without scene.bytes of the image", async () => {
    const plane = await scene.start();
    const { url } = await plane.publish(scene.digest);
    await read(plane.port, url, "bytes=999999-");
    await rawRequest(plane.port, `GET ${pathOf(url)} HTTP/1.1\r\nIf-None-Match: *`);
    await rawRequest(plane.port, `GET ${pathOf(url)} HTTP/1.1\r\nIf-Match: "x"`);
    expect(await plane.book.reads("attachment-1")).toMatchObject({ requests: 0, bytesSent: 0, coverage: [] });
  });

  it("count only what was really sent when the client goes away", async () => {
    const plane = await scene.start();
    const { url } = await plane.publish(await scene.images.add(large));
    const client = await rawClient(plane.port);
    client.socket.pause();
    client.write(`GET ${pathOf(url)} HTTP/1.1\r\n\r\n`);
    await scene.clock.settle(200);
    client.close();
    await expect.poll(async () => (await plane.book.reads("attachment-1")).requests).toBe(1);
    const { bytesSent, coverage } = await plane.book.reads("attachment-1");
    expect(bytesSent).toBeGreaterThan(0);
    expect(bytesSent).toBeLessThan(large.length);
    expect(coverage).toEqual([{ from: 0, to: bytesSent }]);
  });

  it("are told as they happen, the first as such, and every answer is counted", async () => {
    const told: [string, boolean][] = [];
    const answers: { status: number; bytes: number }[] = [];
    const plane = await scene.start({
      onRead: ({ attachmentId }, first) => told.push([attachmentId, first]),
      observer: { onRequest: (answer) => answers.push(answer) },
    });
    const { url } = await plane.publish(scene.digest);
    await rawRequest(plane.port, `HEAD ${pathOf(url)} HTTP/1.1`);
    await read(plane.port, url);
    await read(plane.port, url);
    await rawRequest(plane.port, "GET /nothing HTTP/1.1");
    await scene.clock.settle();
    expect(told).toEqual([
      ["attachment-1", true],
      ["attachment-1", false],
    ]);
    expect(answers.map(({ status, bytes: sent }) => [status, sent])).toEqual([
      [200, 0],
      [206, 2048],
      [206, 2048],
      [404, 0],
    ]);
  });
});
