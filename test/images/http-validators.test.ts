// What an http origin's bytes are known by, and when its 304 is believed.
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { createHttpSource } from "../../src/images/sources/http.ts";
import type { Transfer, Validator } from "../../src/images/sources/source.ts";
import { createAddressPolicy } from "../../src/wire/address-policy.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";
import { type Answer, broken, ranged, status, whole } from "../tools/image-origin.ts";
import { originOf } from "../tools/opened-origin.ts";

const bytes = Buffer.alloc(100_000, "image");
const etag = '"v1"';
const modified = { "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT", date: "Fri, 02 Jan 2026 00:00:00 GMT" };

const open = (uri: string) => {
  const clock = createHastyClock();
  const scheme = createHttpSource({
    clock,
    policy: createAddressPolicy({ allow: ["127.0.0.1"] }, () => []),
    settings: { folders: [], timeouts: { connectMs: 2000, responseMs: 2000, idleMs: 2000 } },
  });
  const transfer = scheme.open?.(uri, {
    signal: AbortSignal.timeout(15_000),
    admit: () => undefined,
    onProgress: () => undefined,
  });
  if (transfer === undefined) throw new Error("http opens nothing");
  return { clock, transfer };
};

const read = (transfer: Transfer): Promise<Buffer> => buffer(transfer.read());

const validatorAt = async (uri: string): Promise<Validator> => {
  const { transfer } = open(uri);
  await read(transfer);
  const validator = transfer.validator?.();
  if (validator === undefined) throw new Error("nothing to know it by");
  return validator;
};

const untilClosed: Answer = (_request, { socket }) => {
  socket?.write(`HTTP/1.1 200 OK\r\nETag: ${etag}\r\nConnection: close\r\n\r\n`);
  socket?.end(bytes);
};

describe("bytes that came whole", () => {
  it.each([
    ["a strong entity tag", { etag }, { "if-none-match": etag }],
    ["the tag before the date", { etag, ...modified }, { "if-none-match": etag }],
    ["an old date", modified, { "if-modified-since": modified["last-modified"] }],
  ])("are known by %s", async (_what, headers, condition) => {
    const origin = await originOf(whole(bytes, headers));
    expect(await validatorAt(origin.url)).toMatchObject({ condition });
  });

  it("are known by their tag when they come in chunks or without ranges", async () => {
    const chunked = await originOf((_request, response) => {
      response.writeHead(200, { etag }).write("first");
      response.end("last");
    });
    expect(await validatorAt(chunked.url)).toMatchObject({ condition: { "if-none-match": etag } });
    const rangeless = await originOf(whole(bytes, { etag, "accept-ranges": "none" }));
    expect(await validatorAt(rangeless.url)).toMatchObject({ condition: { "if-none-match": etag } });
  });

  it.each<[string, Answer]>([
    ["nothing", whole(bytes)],
    ["a weak entity tag, be the date old", whole(bytes, { etag: 'W/"v1"', ...modified })],
    ["a tag that would match anything", whole(bytes, { etag: "*" })],
    ["a date of that very second", whole(bytes, { ...modified, date: modified["last-modified"] })],
    ["a body that ends with its connection", untilClosed],
  ])("are not known by %s", async (_what, answer) => {
    const { transfer } = open((await originOf(answer)).url);
    await read(transfer);
    expect(transfer.validator?.()).toBeUndefined();
  });

  it("are known only then, and when they came in two parts of one place", async () => {
    const origin = await originOf(broken(bytes, 1000, { etag }), ranged(bytes, etag));
    const { transfer } = open(origin.url);
    const reading = transfer.read();
    await reading.next();
    expect(transfer.validator?.()).toBeUndefined();
    await buffer(reading);
    expect(transfer.validator?.()).toMatchObject({ condition: { "if-none-match": etag } });
  });

  it("are not known when their parts came from two places", async () => {
    const redirect = (location: string) => status(302, { location });
    const origin = await originOf(redirect("/a"), broken(bytes, 1000, { etag }), redirect("/b"), ranged(bytes, etag));
    const { transfer } = open(origin.url);
    await read(transfer);
    expect([transfer.validator?.(), origin.asked.map(({ path }) => path)]).toEqual([undefined, ["/", "/a", "/", "/b"]]);
  });
});

describe("an origin that is asked whether it changed", () => {
  it.each([
    ["its tag", { etag }],
    ["its date", modified],
  ])("is believed when its 304 repeats %s or says nothing of it", async (_what, headers) => {
    const origin = await originOf(whole(bytes, headers), status(304, headers), status(304));
    const known = await validatorAt(origin.url);
    expect(await open(origin.url).transfer.unchangedSince?.(known)).toBe(true);
    expect(await open(origin.url).transfer.unchangedSince?.(known)).toBe(true);
    expect(origin.asked.slice(1).map(({ headers: sent }) => sent)).toMatchObject([known.condition, known.condition]);
  });

  it.each([
    ["another tag", { etag }, { etag: '"v2"' }],
    ["a tag that became weak", { etag }, { etag: 'W/"v1"' }],
    ["another date", modified, { "last-modified": "Wed, 31 Dec 2025 00:00:00 GMT" }],
  ])("is not believed when its 304 names %s, and asked for the bytes at once", async (_what, headers, said) => {
    const origin = await originOf(whole(bytes, headers), status(304, said), whole(bytes, headers));
    const known = await validatorAt(origin.url);
    const { transfer, clock } = open(origin.url);
    expect(await transfer.unchangedSince?.(known)).toBe(false);
    expect((await read(transfer)).equals(bytes)).toBe(true);
    expect([origin.asked[2]?.headers["if-none-match"], origin.asked[2]?.headers["if-modified-since"]]).toEqual([
      undefined,
      undefined,
    ]);
    expect([origin.asked.length, clock.slept]).toEqual([3, []]);
  });

  it("is asked where it redirected to, and there alone", async () => {
    const there = status(302, { location: "/there?signature=hunter2" });
    const elsewhere = status(302, { location: "/elsewhere" });
    const origin = await originOf(there, whole(bytes, { etag }), there, status(304), elsewhere, whole(bytes, { etag }));
    const known = await validatorAt(origin.url);
    expect(JSON.stringify(known)).not.toContain("hunter2");
    expect(await open(origin.url).transfer.unchangedSince?.(known)).toBe(true);
    const { transfer } = open(origin.url);
    expect(await transfer.unchangedSince?.(known)).toBe(false);
    expect((await read(transfer)).equals(bytes)).toBe(true);
    expect(origin.asked.map(({ headers }) => headers["if-none-match"])).toEqual([
      undefined,
      undefined,
      undefined,
      etag,
      undefined,
      undefined,
    ]);
  });

  it("is asked again after a failure that may pass", async () => {
    const origin = await originOf(whole(bytes, { etag }), status(503), status(304));
    const known = await validatorAt(origin.url);
    expect(await open(origin.url).transfer.unchangedSince?.(known)).toBe(true);
    expect(origin.asked.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, etag, etag]);
  });
});
