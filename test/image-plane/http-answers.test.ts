// The server contract, part one: what an answer says and brings: heads, ranges, conditions. Over raw sockets.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rawRequest } from "../tools/image-plane.ts";
import { type PublishedPair, publishPair, withoutDate } from "../tools/published-pair.ts";

const smallBytes = 300_000;

let pair: PublishedPair;

beforeAll(async () => {
  pair = await publishPair();
});

afterAll(() => pair.close());

describe("an answer's head", () => {
  it("is the same for HEAD as for GET", async () => {
    const head = await rawRequest(pair.running.port, `HEAD ${pair.path} HTTP/1.1\r\nHost: x`);
    const answer = await pair.get();
    expect(head.status).toBe(200);
    expect(withoutDate(head.headers)).toEqual(withoutDate(answer.headers));
    expect(answer.body.equals(pair.small)).toBe(true);
  });

  it("has the exact length, and says so in exactly these letters", async () => {
    const { headers } = await pair.get();
    expect(headers).toContainEqual(["Content-Length", String(smallBytes)]);
    expect(headers).toContainEqual(["Accept-Ranges", "bytes"]);
  });

  it("is never chunked, compressed, redirected, varied or a cookie, whatever the client accepts", async () => {
    const { status, headers } = await pair.get(
      "\r\nAccept-Encoding: gzip, br, zstd, identity;q=0\r\nTE: trailers, gzip",
    );
    expect(status).toBe(200);
    const names = headers.map(([name]) => name.toLowerCase());
    for (const absent of ["transfer-encoding", "content-encoding", "location", "set-cookie", "vary", "trailer"]) {
      expect(names).not.toContain(absent);
    }
  });

  it("does not say what serves it, nor what the image is called in our store", async () => {
    const { headers } = await pair.get();
    const text = headers.flat().join("\n").toLowerCase();
    expect(text).not.toMatch(/server|powered|node|mediabay/);
    expect(text).not.toContain((pair.running.book.find("attachment-1")?.digest ?? "").slice(0, 16));
  });

  it("has a strong ETag of moderate length and a Last-Modified, both stable", async () => {
    const [first, second] = [await pair.get(), await pair.get()];
    expect(first.header("etag")).toMatch(/^"[0-9a-f]{32}"$/);
    expect(second.header("etag")).toBe(first.header("etag"));
    expect(second.header("last-modified")).toBe(first.header("last-modified"));
    expect(Date.parse(first.header("last-modified") ?? "")).toBeLessThanOrEqual(Date.now());
  });
});

describe("a range", () => {
  it.each([
    ["bytes=0-0", 0, 1],
    ["bytes=2048-4095", 2048, 4096],
    ["bytes=299999-", 299_999, 300_000],
    ["bytes=100-", 100, 300_000],
    ["bytes=-7", 299_993, 300_000],
    ["bytes=-999999999", 0, 300_000],
    ["bytes=299000-999999999", 299_000, 300_000],
  ])("%s is answered with 206, its place and its bytes", async (range, from, to) => {
    const answer = await pair.get(`\r\nRange: ${range}`);
    expect(answer.status).toBe(206);
    expect(answer.header("content-range")).toBe(`bytes ${from}-${to - 1}/${smallBytes}`);
    expect(answer.header("content-length")).toBe(String(to - from));
    expect(answer.header("accept-ranges")).toBe("bytes");
    expect(answer.header("etag")).toBeDefined();
    expect(answer.body.equals(pair.small.subarray(from, to))).toBe(true);
  });

  it.each([["bytes=300000-"], ["bytes=300000-300001"], ["bytes=-0"]])(
    "%s is answered with 416 and the size",
    async (range) => {
      const answer = await pair.get(`\r\nRange: ${range}`);
      expect(answer.status).toBe(416);
      expect(answer.header("content-range")).toBe(`bytes */${smallBytes}`);
    },
  );

  it.each([["bytes=5-4"], ["bytes=x-y"], ["lines=1-2"], ["bytes"]])(
    "%s makes no sense and is ignored",
    async (range) => {
      const answer = await pair.get(`\r\nRange: ${range}`);
      expect([answer.status, answer.body.length]).toEqual([200, smallBytes]);
    },
  );

  it("list is answered with its first satisfiable range as a plain 206", async () => {
    const answer = await pair.get("\r\nRange: bytes=400000-,1000-1999,5000-5999");
    expect(answer.status).toBe(206);
    expect(answer.header("content-type")).toBe("application/octet-stream");
    expect(answer.header("content-range")).toBe(`bytes 1000-1999/${smallBytes}`);
    expect(answer.body.equals(pair.small.subarray(1000, 2000))).toBe(true);
  });

  it("does not apply to HEAD", async () => {
    const answer = await rawRequest(pair.running.port, `HEAD ${pair.path} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0`);
    expect([answer.status, answer.header("content-length")]).toEqual([200, String(smallBytes)]);
  });

  it("of a large image is read from the file, across its buffers", async () => {
    const [from, to] = [65_000, 4_500_001];
    const answer = await pair.get(`\r\nRange: bytes=${from}-${to - 1}`, pair.largePath);
    expect(answer.status).toBe(206);
    expect(answer.body.equals(pair.large.subarray(from, to))).toBe(true);
    expect((await pair.get("", pair.largePath)).body.equals(pair.large)).toBe(true);
  });
});

describe("a condition", () => {
  const validators = async () => {
    const answer = await pair.get();
    return { etag: answer.header("etag") ?? "", modified: answer.header("last-modified") ?? "" };
  };
  const earlier = "Thu, 01 Jan 2015 00:00:00 GMT";
  const later = "Fri, 01 Jan 2100 00:00:00 GMT";

  it("If-Range lets the range count only for exactly this image", async () => {
    const { etag, modified } = await validators();
    const statusOf = async (value: string) => (await pair.get(`\r\nRange: bytes=0-9\r\nIf-Range: ${value}`)).status;
    expect(await statusOf(etag)).toBe(206);
    expect(await statusOf(modified)).toBe(206);
    expect(await statusOf('"other"')).toBe(200);
    expect(await statusOf(`W/${etag}`)).toBe(200);
    expect(await statusOf(earlier)).toBe(200);
    expect(await statusOf(later)).toBe(200);
    expect(await statusOf("nonsense")).toBe(200);
  });

  it("If-None-Match and If-Modified-Since answer 304 without a body", async () => {
    const { etag, modified } = await validators();
    for (const header of [`If-None-Match: ${etag}`, `If-None-Match: "a", W/${etag}`, "If-None-Match: *"]) {
      const answer = await pair.get(`\r\n${header}`);
      expect([answer.status, answer.body.length, answer.header("etag")]).toEqual([304, 0, etag]);
    }
    expect((await pair.get(`\r\nIf-Modified-Since: ${modified}`)).status).toBe(304);
    expect((await pair.get(`\r\nIf-Modified-Since: ${earlier}`)).status).toBe(200);
    expect((await pair.get('\r\nIf-None-Match: "other"')).status).toBe(200);
    expect((await pair.get(`\r\nIf-None-Match: "other"\r\nIf-Modified-Since: ${later}`)).status).toBe(200);
  });

  it("If-Match and If-Unmodified-Since answer 412 for another image", async () => {
    const { etag, modified } = await validators();
    expect((await pair.get(`\r\nIf-Match: ${etag}`)).status).toBe(200);
    expect((await pair.get("\r\nIf-Match: *")).status).toBe(200);
    expect((await pair.get('\r\nIf-Match: "other"')).status).toBe(412);
    expect((await pair.get(`\r\nIf-Match: W/${etag}`)).status).toBe(412);
    expect((await pair.get(`\r\nIf-Unmodified-Since: ${modified}`)).status).toBe(200);
    expect((await pair.get(`\r\nIf-Unmodified-Since: ${earlier}`)).status).toBe(412);
  });

  it("that is no date is ignored", async () => {
    expect((await pair.get("\r\nIf-Modified-Since: yesterday")).status).toBe(200);
    expect((await pair.get("\r\nIf-Unmodified-Since: 0")).status).not.toBe(500);
  });
});
