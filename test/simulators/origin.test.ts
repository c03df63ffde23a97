// The origin of images: what it serves, and how it fails.
import { describe, expect, onTestFinished, test } from "vitest";
import { type Origin, type OriginFault, type OriginOptions, startOrigin } from "../../src/simulators/origin.ts";
import { makeCertificate } from "../tools/certificate.ts";

const body = Buffer.from("0123456789".repeat(1000));

const serve = async (options: OriginOptions = {}): Promise<Origin> => {
  const origin = await startOrigin({ files: { "a.iso": body }, ...options });
  onTestFinished(() => origin.close());
  return origin;
};

const get = async (origin: Origin, headers: Record<string, string> = {}, path = "a.iso") => {
  const response = await fetch(origin.urlOf(path), { headers, redirect: "manual" });
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
};

describe("serving", () => {
  test("a file comes whole, with its length, a strong ETag and Accept-Ranges", async () => {
    const origin = await serve();
    const { response, bytes } = await get(origin);
    expect([response.status, bytes.equals(body)]).toEqual([200, true]);
    expect(response.headers.get("content-length")).toBe("10000");
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    expect(response.headers.get("etag")).toMatch(/^"[0-9a-f]+"$/u);
    expect(origin.requests()).toMatchObject([
      { method: "GET", path: "/a.iso", status: 200, bytesSent: 10_000, connection: 1 },
    ]);
  });

  test.each([
    ["bytes=0-9", 206, "bytes 0-9/10000", 10],
    ["bytes=9990-", 206, "bytes 9990-9999/10000", 10],
    ["bytes=-4", 206, "bytes 9996-9999/10000", 4],
    ["bytes=9998-20000", 206, "bytes 9998-9999/10000", 2],
    ["bytes=10000-", 416, "bytes */10000", 0],
    ["bytes=0-1,4-5", 200, null, 10_000],
  ])("the range %s is answered %d", async (range, status, contentRange, length) => {
    const { response, bytes } = await get(await serve(), { Range: range });
    expect([response.status, response.headers.get("content-range"), bytes.byteLength]).toEqual([
      status,
      contentRange,
      length,
    ]);
  });

  test("If-Range with another ETag gives the whole, with the right one the range", async () => {
    const origin = await serve();
    const etag = (await get(origin)).response.headers.get("etag") ?? "";
    expect((await get(origin, { Range: "bytes=0-1", "If-Range": etag })).response.status).toBe(206);
    origin.setFile("a.iso", Buffer.from("other"));
    expect((await get(origin, { Range: "bytes=0-1", "If-Range": etag })).response.status).toBe(200);
  });

  test("If-None-Match with its ETag, among others or weak, gives 304 without a body or a length", async () => {
    const origin = await serve();
    const etag = (await get(origin)).response.headers.get("etag") ?? "";
    for (const condition of [etag, `"other", W/${etag}`, "*"]) {
      const { response, bytes } = await get(origin, { "If-None-Match": condition });
      expect([response.status, response.headers.get("etag"), bytes.byteLength]).toEqual([304, etag, 0]);
      expect(response.headers.has("content-length")).toBe(false);
    }
    origin.setFile("a.iso", Buffer.from("other"));
    expect((await get(origin, { "If-None-Match": etag })).response.status).toBe(200);
    expect((await get(await serve({ etags: false }), { "If-None-Match": "*" })).response.status).toBe(200);
  });

  test("ranges and ETags can be switched off", async () => {
    const { response } = await get(await serve({ ranges: false, etags: false }), { Range: "bytes=0-1" });
    expect([response.status, response.headers.get("accept-ranges"), response.headers.get("etag")]).toEqual([
      200,
      null,
      null,
    ]);
  });

  test("Basic credentials are demanded where they are set, and never recorded", async () => {
    const origin = await serve({ credentials: { username: "u", password: "secret" } });
    expect((await get(origin)).response.status).toBe(401);
    const token = Buffer.from("u:secret").toString("base64");
    expect((await get(origin, { Authorization: `Basic ${token}` })).response.status).toBe(200);
    expect(origin.requests().map(({ authorized }) => authorized)).toEqual([false, true]);
    expect(JSON.stringify(origin.requests())).not.toContain(token);
  });

  test("what is not there is 404, what is not reading is 405", async () => {
    const origin = await serve();
    expect((await get(origin, {}, "b.iso")).response.status).toBe(404);
    expect((await fetch(origin.urlOf("a.iso"), { method: "PUT", body: "x" })).status).toBe(405);
    expect((await fetch(origin.urlOf("a.iso"), { method: "HEAD" })).headers.get("content-length")).toBe("10000");
  });

  test("it serves https", async () => {
    const origin = await serve({ tls: await makeCertificate(["127.0.0.1"]) });
    await expect(fetch(origin.urlOf("a.iso"))).rejects.toThrow("fetch failed");
    expect(origin.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/u);
  });
});

describe("failing", () => {
  const failing = async (fault: OriginFault): Promise<Origin> => {
    const origin = await serve();
    origin.setFault(fault);
    return origin;
  };

  test("any status, and a redirect to anywhere", async () => {
    expect((await get(await failing({ kind: "status", status: 403 }))).response.status).toBe(403);
    const { response } = await get(await failing({ kind: "redirect", to: "http://169.254.169.254/", status: 307 }));
    expect([response.status, response.headers.get("location")]).toEqual([307, "http://169.254.169.254/"]);
  });

  test.each(["truncate", "reset"] as const)("a body under %s says its whole length and ends before", async (kind) => {
    const origin = await failing({ kind, afterBytes: 1000 });
    await expect(get(origin)).rejects.toThrow("terminated");
    expect(origin.requests()).toMatchObject([{ status: 200, bytesSent: 1000 }]);
  });

  test("a dripping body arrives whole, and stops when its reader goes", async () => {
    const origin = await failing({ kind: "drip", chunkBytes: 2500, intervalMs: 1 });
    expect((await get(origin)).bytes.equals(body)).toBe(true);
    origin.clearFaults();
    origin.setFault({ kind: "drip", chunkBytes: 1, intervalMs: 50 });
    const stop = new AbortController();
    const response = await fetch(origin.urlOf("a.iso"), { signal: stop.signal });
    stop.abort();
    await expect(response.arrayBuffer()).rejects.toThrow("aborted");
    expect(origin.requests().at(-1)?.bytesSent).toBeLessThan(10);
  });

  test("a body without a length", async () => {
    const { response, bytes } = await get(await failing({ kind: "chunked" }));
    expect([response.headers.get("content-length"), bytes.equals(body)]).toEqual([null, true]);
  });

  test("refused connections, and then none refused", async () => {
    const origin = await serve();
    origin.refuseConnections();
    await expect(get(origin)).rejects.toThrow("fetch failed");
    await origin.acceptConnections();
    expect((await get(origin)).response.status).toBe(200);
  });

  test("a fault hits its path, its method and its count only", async () => {
    const origin = await failing({ kind: "status", status: 500, path: "a.iso", method: "GET", count: 1 });
    origin.setFile("b.iso", body);
    expect((await get(origin, {}, "b.iso")).response.status).toBe(200);
    expect((await fetch(origin.urlOf("a.iso"), { method: "HEAD" })).status).toBe(200);
    expect((await get(origin)).response.status).toBe(500);
    expect((await get(origin)).response.status).toBe(200);
  });
});
