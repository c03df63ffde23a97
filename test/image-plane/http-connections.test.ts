// The server contract, part two: connections, methods other than GET and HEAD, paths that are none. Over raw sockets.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rawClient, rawRequest } from "../tools/image-plane.ts";
import { type PublishedPair, publishPair, withoutDate } from "../tools/published-pair.ts";

const smallBytes = 300_000;

let pair: PublishedPair;

beforeAll(async () => {
  pair = await publishPair();
});

afterAll(() => pair.close());

describe("a connection", () => {
  it("of HTTP/1.0 is closed after the answer", async () => {
    const client = await rawClient(pair.running.port);
    client.write(`GET ${pair.path} HTTP/1.0\r\nRange: bytes=0-9\r\n\r\n`);
    const answer = await client.answer();
    expect([answer.status, answer.body.length]).toEqual([206, 10]);
    expect(answer.header("transfer-encoding")).toBeUndefined();
    expect(await client.rest()).toHaveLength(0);
    client.close();
  });

  it("of HTTP/1.0 with keep-alive stays, and says so", async () => {
    const client = await rawClient(pair.running.port);
    for (let round = 0; round < 3; round += 1) {
      client.write(`GET ${pair.path} HTTP/1.0\r\nConnection: keep-alive\r\nRange: bytes=0-9\r\n\r\n`);
      const answer = await client.answer();
      expect(answer.header("connection")?.toLowerCase()).toBe("keep-alive");
      expect(answer.body).toHaveLength(10);
    }
    client.close();
  });

  it("of HTTP/1.1 stays, and closes when asked to", async () => {
    const client = await rawClient(pair.running.port);
    client.write(`HEAD ${pair.path} HTTP/1.1\r\n\r\n`);
    expect((await client.answer(true)).status).toBe(200);
    client.write(`GET ${pair.path} HTTP/1.1\r\nConnection: close\r\n\r\n`);
    expect((await client.answer()).body).toHaveLength(smallBytes);
    expect(await client.rest()).toHaveLength(0);
    client.close();
  });

  it("answers pipelined requests in their order", async () => {
    const client = await rawClient(pair.running.port);
    const requests = Array.from({ length: 100 }, (_, index) => ({
      from: index * 1000,
      target: index % 2 ? pair.path : pair.largePath,
    }));
    client.write(
      requests.map(({ from, target }) => `GET ${target} HTTP/1.1\r\nRange: bytes=${from}-${from + 9}\r\n\r\n`).join(""),
    );
    for (const { from, target } of requests) {
      const { body } = await client.answer();
      expect(body.equals((target === pair.path ? pair.small : pair.large).subarray(from, from + 10))).toBe(true);
    }
    client.close();
  });

  it("needs no Host header, and takes any", async () => {
    expect((await rawRequest(pair.running.port, `GET ${pair.path} HTTP/1.1`)).status).toBe(200);
    expect((await rawRequest(pair.running.port, `GET ${pair.path} HTTP/1.1\r\nHost: [weird]:99999`)).status).toBe(200);
  });

  it("takes absolute-form request lines", async () => {
    for (const target of [`http://x${pair.path}`, `HTTP://192.0.2.1:99${pair.path}`, `https://x${pair.path}`]) {
      expect((await pair.get("", target)).status).toBe(200);
    }
    expect((await pair.get("", "http://x")).status).toBe(404);
  });

  it.each([["small"], ["large"]])("half-closed by its client still brings all bytes of a %s image", async (which) => {
    const [target, bytes] = which === "small" ? [pair.path, pair.small] : [pair.largePath, pair.large];
    const client = await rawClient(pair.running.port);
    client.write(`GET ${target} HTTP/1.1\r\n\r\n`);
    client.socket.end();
    expect((await client.answer()).body.equals(bytes)).toBe(true);
    expect(await client.rest()).toHaveLength(0);
    client.close();
  });

  it("with a broken request gets 400 and is closed", async () => {
    const client = await rawClient(pair.running.port);
    client.write("GET / NONSENSE/9\r\n\r\n");
    expect((await client.answer()).status).toBe(400);
    expect(await client.rest()).toHaveLength(0);
    client.close();
  });
});

describe("another method", () => {
  it.each([["PUT"], ["POST"], ["DELETE"], ["OPTIONS"], ["PATCH"], ["PROPFIND"], ["TRACE"], ["BREW"]])(
    "%s is answered with 405 and what is allowed",
    async (method) => {
      const answer = await rawRequest(
        pair.running.port,
        `${method} ${pair.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0`,
      );
      expect([answer.status, answer.header("allow")]).toEqual([405, "GET, HEAD"]);
    },
  );

  it("CONNECT is answered with 405 and closed", async () => {
    const answer = await rawRequest(pair.running.port, "CONNECT x:80 HTTP/1.1\r\nHost: x");
    expect([answer.status, answer.header("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("that waits for 100-continue is refused without it", async () => {
    const client = await rawClient(pair.running.port);
    client.write(`PUT ${pair.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n`);
    expect((await client.answer()).status).toBe(405);
    expect(await client.rest()).toHaveLength(0);
    client.close();
  });

  it("with a small body is refused and leaves the connection usable", async () => {
    const client = await rawClient(pair.running.port);
    client.write(`PUT ${pair.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2048\r\n\r\n${"x".repeat(2048)}`);
    expect((await client.answer()).status).toBe(405);
    client.write(`GET ${pair.path} HTTP/1.1\r\nRange: bytes=0-9\r\n\r\n`);
    expect((await client.answer()).status).toBe(206);
    client.close();
  });

  it("with an endless body is cut off", async () => {
    const client = await rawClient(pair.running.port);
    client.write(`PUT ${pair.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n`);
    expect((await client.answer()).status).toBe(405);
    client.write("x".repeat(4 << 20));
    await client.rest();
    client.close();
  });
});

describe("an unknown path", () => {
  it("is 404 with a tiny body, the same whatever is asked", async () => {
    const token = new URL("http://x" + pair.path).pathname.split("/")[2] ?? "";
    const targets = [
      "/",
      "/m/",
      "/m/unknown/media.iso",
      `/m/${token}/other.iso`,
      `${pair.path}?a=b`,
      `${pair.path}/`,
      `/${pair.path}`,
      "*",
    ];
    const answers = await Promise.all(
      [...targets, pair.path.replace("media", "m%65dia"), pair.path.toUpperCase()].map((target) =>
        pair.get("", target),
      ),
    );
    for (const { status, body, header } of answers) {
      expect([status, body.toString(), header("content-length")]).toEqual([404, "Not found\n", "10"]);
    }
  });

  it("is the same for a withdrawn publication, with the same head", async () => {
    const digest = pair.running.book.find("attachment-1")?.digest ?? "";
    const { url } = await pair.running.publish(digest, { attachmentId: "attachment-3" });
    expect((await pair.get("", new URL(url).pathname)).status).toBe(200);
    await pair.running.book.withdraw("attachment-3");
    const [withdrawn, unknown] = [
      await pair.get("", new URL(url).pathname),
      await pair.get("", "/m/unknown/media.iso"),
    ];
    expect(withoutDate(withdrawn.headers)).toEqual(withoutDate(unknown.headers));
    expect([withdrawn.status, withdrawn.body]).toEqual([404, unknown.body]);
  });

  it("gives HEAD the head of GET and no body", async () => {
    const client = await rawClient(pair.running.port);
    client.write("HEAD /nothing HTTP/1.1\r\nConnection: close\r\n\r\n");
    expect((await client.answer(true)).header("content-length")).toBe("10");
    expect(await client.rest()).toHaveLength(0);
    client.close();
  });
});
