// Origins that mean harm, one case a test, from the request to the store: each ends soon, under its name, and leaves nothing behind.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGzip, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import type { ImageCatalog, Images } from "../../src/core/ports.ts";
import { createImages } from "../../src/images/images.ts";
import { createImageStore } from "../../src/images/store.ts";
import type { LookupFunction } from "../../src/wire/guarded/agent.ts";
import { createHastyClock, type HastyClock } from "../tools/hasty-clock.ts";
import {
  type Answer,
  broken,
  type ImageOrigin,
  ranged,
  startImageOrigin,
  status,
  whole,
} from "../tools/image-origin.ts";
import { createMemoryImageCatalog } from "../tools/memory-image-catalog.ts";
import { createMemoryImageKeys } from "../tools/memory-image-keys.ts";
import { tinyIso } from "../tools/tiny-images.ts";
import { type RawHandler, startRawServer } from "../wire/raw-server.ts";

const mebibyte = 1024 ** 2;
const limitBytes = 4 * mebibyte;
const iso = tinyIso({ joliet: "config-2", content: Buffer.from("the config drive") });
/** Names of origins lead to loopback, where they are allowed. */
const loopback = [{ address: "127.0.0.1", family: 4 }];

const answering =
  (addressesOf: (name: string) => readonly { readonly address: string; readonly family: number }[]): LookupFunction =>
  (name, options, callback) => {
    const addresses = addressesOf(name);
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, addresses[0]?.address ?? "", addresses[0]?.family ?? 4);
  };

let folder: string;
let catalog: ImageCatalog;
let clock: HastyClock;
const opened: { close(): Promise<unknown> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mediabay-hostile-"));
  catalog = createMemoryImageCatalog();
  clock = createHastyClock();
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await rm(folder, { recursive: true, force: true });
});

const imagesOf = async (lookup: LookupFunction = answering(() => loopback)): Promise<Images> => {
  const keys = createMemoryImageKeys();
  const store = createImageStore({ folder, catalog, keys, clock, maxBytes: 2 ** 26, isPublished: () => false });
  await store.start();
  return createImages({
    store,
    catalog,
    clock,
    lookup,
    ownListeners: () => [{ address: "127.0.0.1", port: 9 }],
    settings: {
      limitsBytes: { configdrive: limitBytes, boot: limitBytes },
      sources: {
        allow: ["127.0.0.1"],
        folders: [],
        timeouts: { connectMs: 2000, responseMs: 250, idleMs: 250 },
      },
    },
  });
};
const ensure = async (uri: string, lookup?: LookupFunction) =>
  (await imagesOf(lookup)).ensure({
    source: { kind: "uri", uri },
    role: "configdrive",
    holder: "attachment",
    signal: AbortSignal.timeout(15_000),
  });

/** With what is left of it, which is to be nothing. */
const refusalOf = async (uri: string, lookup?: LookupFunction) => {
  const error: unknown = await ensure(uri, lookup).catch((thrown: unknown) => thrown);
  const left = [...(await readdir(folder)), ...(await catalog.allHolders())];
  return error instanceof MediabayError ? { code: error.code, message: error.message, left } : { error, left };
};

const originOf = async (...script: [Answer, ...Answer[]]): Promise<ImageOrigin> => {
  const origin = await startImageOrigin(...script);
  opened.push(origin);
  return origin;
};
const rawOrigin = async (handle: RawHandler): Promise<string> => {
  const server = await startRawServer(handle);
  opened.push(server);
  return server.url;
};
const redirect =
  (location: string): Answer =>
  (_request, response) => {
    response.writeHead(302, { location }).end();
  };

/** Sends what the stream gives until the other side leaves; says how much was made. */
const pouring = (make: () => Readable) => {
  let bytes = 0;
  const closed = Promise.withResolvers<void>();
  const answer: Answer = (_request, response) => {
    const source = make();
    source.on("data", (chunk: Buffer | string) => (bytes += chunk.length));
    source.on("error", () => response.destroy());
    response.on("close", () => {
      source.destroy();
      closed.resolve();
    });
    response.writeHead(200);
    source.pipe(response);
  };
  return { answer, bytes: () => bytes, closed: closed.promise };
};

const endless = function* (first: Buffer, block: Buffer): Generator<Buffer> {
  yield first;
  for (;;) yield block;
};
const poured = (first: Buffer, block: Buffer): Readable => Readable.from(endless(first, block), { objectMode: false });

describe("an origin that sends too much is left", () => {
  const zeros = Buffer.alloc(mebibyte);
  const baseOfZeros = Buffer.from(Buffer.alloc(48 * 1024).toString("base64"));
  const pack = (): Readable => poured(iso, zeros).pipe(createGzip({ level: 1 }));
  it.each([
    ["a gzip bomb", pack],
    ["a base64 bomb", () => poured(Buffer.from(Buffer.concat([iso, iso, iso]).toString("base64")), baseOfZeros)],
    ["base64 of a gzip bomb", () => pack().setEncoding("base64")],
    ["an endless image without a length", () => poured(iso, zeros)],
    ["endless white space in base64", () => poured(Buffer.from("QUJD"), Buffer.alloc(65_536, " "))],
  ])("when it is %s", async (_what, make) => {
    const pour = pouring(make);
    const origin = await originOf(pour.answer);
    expect(await refusalOf(origin.url)).toMatchObject({
      left: [],
      code: "IMAGE_TOO_LARGE",
      message: expect.stringContaining("4 MiB"),
    });
    await pour.closed;
    // What lay in the buffers of both ends comes on top.
    expect(pour.bytes()).toBeLessThan(2 * limitBytes + 16 * mebibyte);
    expect(origin.asked.length).toBe(1);
  });

  it("when its chunks are of one byte each, long before the limit", async () => {
    const closed = Promise.withResolvers<void>();
    let sent = 0;
    const url = await rawOrigin((_request, socket) => {
      const bytes = Buffer.from("1\r\n\0\r\n".repeat(10_000));
      socket.on("close", () => closed.resolve());
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${iso.length.toString(16)}\r\n`);
      socket.write(Buffer.concat([iso, Buffer.from("\r\n")]));
      const pour = (): void => {
        do sent += 10_000;
        while (socket.write(bytes));
      };
      socket.on("drain", pour);
      pour();
    });
    const asked = ensure(url).catch((error: unknown) => error);
    expect(await asked).toMatchObject({
      code: "SOURCE_REFUSED",
      message: expect.stringMatching(/in pieces of less than \d+ bytes/),
      context: { hint: expect.stringContaining("larger") },
    });
    await closed.promise;
    expect(await readdir(folder)).toEqual([]);
    // What lay in the buffers of both ends comes on top.
    expect(sent).toBeLessThan(limitBytes / 2);
  });

  it("but not when a small image comes by the byte", async () => {
    const byByte = 15_000;
    const url = await rawOrigin((_request, socket) => {
      const chunks = [...iso.subarray(0, byByte)].map((byte) => Buffer.from([0x31, 0x0d, 0x0a, byte, 0x0d, 0x0a]));
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      socket.write(Buffer.concat([...chunks, Buffer.from(`${(iso.length - byByte).toString(16)}\r\n`)]));
      socket.write(Buffer.concat([iso.subarray(byByte), Buffer.from("\r\n0\r\n\r\n")]));
    });
    expect((await ensure(url)).sizeBytes).toBe(iso.length);
  });

  it("when a bomb is packed in a bomb", async () => {
    const origin = await originOf(whole(gzipSync(gzipSync(Buffer.alloc(limitBytes)))));
    expect(await refusalOf(origin.url)).toMatchObject({ left: [], code: "IMAGE_INVALID" });
  });
});

describe("an origin that lies about its length is not believed", () => {
  it("when it declares more than there may be, which is refused before it comes", async () => {
    const origin = await originOf((_request, response) => {
      response.writeHead(200, { "content-length": 10 ** 15 });
      response.flushHeaders();
    });
    expect(await refusalOf(origin.url)).toMatchObject({ left: [], code: "IMAGE_TOO_LARGE" });
  });

  it("when it declares more than it sends", async () => {
    const url = await rawOrigin((_request, socket) => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${iso.length + 1}\r\n\r\n${iso.toString("latin1")}`, "latin1");
    });
    expect(await refusalOf(url)).toMatchObject({ left: [], code: "SOURCE_UNREACHABLE" });
  });

  it.each([
    ["another answer", iso.length, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\njunk!"],
    ["a byte", iso.length, "x"],
    ["the end of the image", iso.length - 1, ""],
  ])("when it declares less than it sends: %s behind it is no part of the image", async (_what, length, junk) => {
    const url = await rawOrigin((_request, socket) => {
      const bytes = iso.toString("latin1");
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${bytes}${junk}`, "latin1");
    });
    // Whether the connection breaks before the declared bytes are through is the network's to say.
    const outcome = await ensure(url).then(
      ({ sizeBytes }) => (sizeBytes === iso.length && length === iso.length ? "whole" : "wrong"),
      (error: unknown) => (error instanceof MediabayError ? error.code : "unknown"),
    );
    expect(outcome).toMatch(/^(whole|SOURCE_UNREACHABLE|IMAGE_INVALID)$/);
  });

  it.each([
    ["a negative length", "Content-Length: -1"],
    ["a length that is no number", "Content-Length: 0x10"],
    ["two lengths", "Content-Length: 5\r\nContent-Length: 6"],
    ["a length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked"],
    ["a length beyond numbers", `Content-Length: ${"9".repeat(40)}`],
  ])("when it gives %s", async (_what, fields) => {
    const url = await rawOrigin((_request, socket) => socket.end(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\nhello`));
    expect(await refusalOf(url)).toMatchObject({ left: [], code: "SOURCE_UNREACHABLE" });
  });
});

describe("an origin that drips is left", () => {
  /** Each byte comes ten seconds after the last, by the gateway's clock. */
  const dripping =
    (headers: Readonly<Record<string, string | number>> = {}): Answer =>
    (_request, response) => {
      response.writeHead(200, { "content-length": iso.length, ...headers });
      const drip = setInterval(() => {
        void clock.sleep(10_000);
        response.write("x");
      }, 2);
      response.on("close", () => clearInterval(drip));
    };

  it("when its body comes by the byte, though it never falls silent", async () => {
    const origin = await originOf(dripping());
    expect(await refusalOf(origin.url)).toMatchObject({
      left: [],
      code: "SOURCE_UNREACHABLE",
      message: expect.stringContaining(`of ${iso.length} bytes`),
    });
    expect(origin.asked.length).toBe(4);
  });

  it("and resumed, when it comes to its senses", async () => {
    const first: Answer = (_request, response) => {
      response.writeHead(200, { "content-length": iso.length, etag: '"v1"' }).write(iso.subarray(0, 1000));
      const drip = setInterval(() => {
        void clock.sleep(200_000);
        response.write(iso.subarray(1000, 1001));
      }, 50);
      response.on("close", () => clearInterval(drip));
    };
    const origin = await originOf(first, ranged(iso, '"v1"'));
    expect((await ensure(origin.url)).sizeBytes).toBe(iso.length);
    expect(origin.asked.length).toBe(2);
  });

  it.each([
    ["its header comes by the byte", "X"],
    ["it only ever promises an answer", "HTTP/1.1 103 Early Hints\r\n\r\n"],
  ])("when %s", async (_what, piece) => {
    const url = await rawOrigin((_request, socket) => {
      if (piece === "X") socket.write("HTTP/1.1 200 OK\r\nX-Endless: ");
      const drip = setInterval(() => socket.write(piece), 10);
      socket.on("close", () => clearInterval(drip));
    });
    expect(await refusalOf(url)).toMatchObject({ left: [], code: "SOURCE_UNREACHABLE" });
  });

  it("when its header never ends", async () => {
    const url = await rawOrigin((_request, socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${`X: ${"x".repeat(1000)}\r\n`.repeat(1000)}`);
    });
    expect(await refusalOf(url)).toMatchObject({ left: [], code: "SOURCE_UNREACHABLE" });
  });

  it("when it accepts the request and says nothing", async () => {
    expect(await refusalOf(await rawOrigin(() => undefined))).toMatchObject({ left: [], code: "SOURCE_UNREACHABLE" });
    expect(clock.slept).toEqual([1000, 2000, 4000]);
  });
});

describe("an origin that redirects is followed only where it may lead", () => {
  it("not in circles", async () => {
    const origin = await originOf(redirect("/b"), redirect("/a"), redirect("/b"), redirect("/a"));
    expect(await refusalOf(`${origin.url}/a`)).toMatchObject({
      left: [],
      code: "SOURCE_REFUSED",
      message: expect.stringContaining("more than 5 times"),
    });
    expect(origin.asked.length).toBe(6);
  });

  it.each([
    ["a cloud's metadata", "http://169.254.169.254/latest/user-data"],
    ["the same in other clothes", "http://[::ffff:a9fe:a9fe]/"],
    ["the same as a number", "http://2852039166/"],
    ["another loopback address", "http://127.0.0.2/"],
    ["loopback in IPv6", "http://[::1]/"],
    ["a link-local address", "http://[fe80::1]/"],
    ["nowhere in particular", "http://0.0.0.0/"],
    ["our own listener by name", "http://localhost:9/"],
    ["our own listener", "http://127.0.0.1:9/v1/machines"],
    ["a name that means one of these", "http://inner.test/"],
    ["a file", "file:///etc/passwd"],
    ["data", "data:;base64,QUJD"],
    ["another protocol", "gopher://127.0.0.1:25/_MAIL"],
  ])("not to %s", async (_what, location) => {
    const origin = await originOf(redirect(location));
    const lookup = answering((name) => (name === "inner.test" ? [{ address: "::1", family: 6 }] : loopback));
    expect(await refusalOf(origin.url, lookup)).toMatchObject({ left: [], code: "SOURCE_FORBIDDEN" });
    expect(origin.asked.length).toBe(1);
  });

  it("not without a place to go, nor to one that is no URI", async () => {
    for (const answer of [status(302), redirect("http://[")]) {
      const origin = await originOf(answer);
      expect(await refusalOf(origin.url)).toMatchObject({
        left: [],
        code: "SOURCE_REFUSED",
        message: expect.stringContaining("to nowhere"),
      });
    }
  });
});

describe("a name that changes its mind", () => {
  /** The n-th question is answered by the n-th address, the last one stays. */
  const changing = (...addresses: readonly string[]) => {
    let asked = 0;
    const lookup = answering(() => {
      const address = addresses[Math.min(asked, addresses.length - 1)] ?? "127.0.0.1";
      asked += 1;
      return [{ address, family: address.includes(":") ? 6 : 4 }];
    });
    return { lookup, asked: () => asked };
  };

  it("between the check and the connection is judged by what is connected to", async () => {
    const origin = await originOf(whole(iso));
    const { lookup, asked } = changing("169.254.169.254");
    const images = await imagesOf(lookup);
    // The check knows only the name, and asks nobody.
    images.check({ kind: "uri", uri: `http://rebind.test:${origin.port}/` });
    expect(asked()).toBe(0);
    expect(await refusalOf(`http://rebind.test:${origin.port}/`, lookup)).toMatchObject({
      left: [],
      code: "SOURCE_FORBIDDEN",
    });
    // One answer, judged and used: there is no second for the connection.
    expect([asked(), origin.connections()]).toEqual([1, 0]);
  });

  it("between a break and its resumption is judged anew", async () => {
    const origin = await originOf(broken(iso, 1000, { etag: '"v1"' }), ranged(iso, '"v1"'));
    const { lookup, asked } = changing("127.0.0.1", "::ffff:169.254.169.254");
    expect(await refusalOf(`http://rebind.test:${origin.port}/`, lookup)).toMatchObject({
      left: [],
      code: "SOURCE_FORBIDDEN",
    });
    expect([asked(), origin.asked.length]).toEqual([2, 1]);
  });

  it("between a redirect and its target is judged anew, though the name is the same", async () => {
    const origin = await originOf(redirect("/elsewhere"), whole(iso));
    const { lookup } = changing("127.0.0.1", "::1");
    expect(await refusalOf(`http://rebind.test:${origin.port}/`, lookup)).toMatchObject({
      left: [],
      code: "SOURCE_FORBIDDEN",
    });
    expect(origin.asked.length).toBe(1);
  });

  it("and means two things at once is not trusted at all", async () => {
    const origin = await originOf(whole(iso));
    const both = answering(() => [...loopback, { address: "fd00:ec2::254", family: 6 }]);
    expect(await refusalOf(`http://both.test:${origin.port}/`, both)).toMatchObject({
      left: [],
      code: "SOURCE_FORBIDDEN",
    });
    expect(origin.connections()).toBe(0);
  });
});
