import { randomBytes } from "node:crypto";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { buffer } from "node:stream/consumers";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { createHttpSource } from "../../src/images/sources/http.ts";
import { RestartTransfer, type SourceSettings, type TransferContext } from "../../src/images/sources/source.ts";
import { createAddressPolicy } from "../../src/wire/address-policy.ts";
import { makeCertificate } from "../tools/certificate.ts";
import { createHastyClock } from "../tools/hasty-clock.ts";
import { type Answer, broken, ranged, startImageOrigin, status, whole } from "../tools/image-origin.ts";
import { closedAfterwards, originOf } from "../tools/opened-origin.ts";

const bytes = randomBytes(300_000);
const etag = '"v1"';

const start = (uri: string, changes: Partial<TransferContext> = {}, settings: Partial<SourceSettings> = {}) => {
  const clock = createHastyClock();
  const scheme = createHttpSource({
    clock,
    policy: createAddressPolicy(
      { allow: ["127.0.0.1"] },
      () => [],
      () => [],
    ),
    settings: { folders: [], timeouts: { connectMs: 2000, responseMs: 300, idleMs: 300 }, ...settings },
  });
  const context = {
    signal: AbortSignal.timeout(15_000),
    admit: () => undefined,
    onProgress: () => undefined,
    ...changes,
  };
  const transfer = scheme.open?.(uri, context);
  if (transfer === undefined) throw new Error("http opens nothing");
  let restarts = 0;
  const readAll = async (): Promise<Buffer> => {
    try {
      return await buffer(transfer.read());
    } catch (error) {
      if (!(error instanceof RestartTransfer)) throw error;
      restarts += 1;
      return readAll();
    }
  };
  return { clock, readAll, restarts: () => restarts };
};

describe("an origin that stumbles", () => {
  it("is resumed where it broke, by its strong entity tag", async () => {
    const origin = await originOf(broken(bytes, 100_000, { etag }), ranged(bytes, etag));
    const { readAll, clock, restarts } = start(origin.url);
    expect((await readAll()).equals(bytes)).toBe(true);
    expect(origin.asked.map(({ headers }) => [headers.range, headers["if-range"]])).toEqual([
      [undefined, undefined],
      ["bytes=100000-", etag],
    ]);
    expect([clock.slept, restarts()]).toEqual([[1000], 0]);
  });

  it("is resumed by a date that is old enough to be trusted", async () => {
    const modified = { "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT", date: "Fri, 02 Jan 2026 00:00:00 GMT" };
    const origin = await originOf(broken(bytes, 1000, modified), ranged(bytes, modified["last-modified"]));
    const { readAll, restarts } = start(origin.url);
    expect((await readAll()).equals(bytes)).toBe(true);
    expect([origin.asked[1]?.headers["if-range"], restarts()]).toEqual([modified["last-modified"], 0]);
  });

  it.each([
    ["without a validator", {}],
    ["with a weak entity tag", { etag: 'W/"v1"' }],
    [
      "with a date of this very second",
      { "last-modified": "Fri, 02 Jan 2026 00:00:00 GMT", date: "Fri, 02 Jan 2026 00:00:00 GMT" },
    ],
    ["that says it gives no ranges", { etag, "accept-ranges": "none" }],
  ])("is begun again %s", async (_what, headers) => {
    const origin = await originOf(broken(bytes, 100_000, headers), whole(bytes));
    const { readAll, restarts } = start(origin.url);
    expect((await readAll()).equals(bytes)).toBe(true);
    expect([origin.asked.map((asked) => asked.headers.range), restarts()]).toEqual([[undefined, undefined], 1]);
  });

  it("is begun again with its new bytes when they changed meanwhile, without one more request", async () => {
    const changed = randomBytes(200_000);
    const origin = await originOf(broken(bytes, 100_000, { etag }), ranged(changed, '"v2"'));
    const { readAll, restarts } = start(origin.url);
    expect((await readAll()).equals(changed)).toBe(true);
    expect([origin.asked.length, restarts()]).toEqual([2, 1]);
  });

  const partial =
    (range: string, tag: string, sent: Uint8Array): Answer =>
    (_request, response) => {
      response.writeHead(206, { "content-range": range, etag: tag, "content-length": sent.byteLength }).end(sent);
    };
  it.each([
    ["another start", partial("bytes 50000-249999/300000", etag, bytes.subarray(50_000, 250_000))],
    ["another length", partial("bytes 100000-299999/400000", etag, bytes.subarray(100_000))],
    ["another entity tag", partial("bytes 100000-299999/300000", '"v2"', bytes.subarray(100_000))],
    ["no range", partial("", etag, bytes.subarray(100_000))],
    ["416", status(416)],
  ])("is begun again when it continues with %s", async (_what, wrong) => {
    const origin = await originOf(broken(bytes, 100_000, { etag }), wrong, whole(bytes, { etag }));
    const { readAll, restarts } = start(origin.url);
    expect((await readAll()).equals(bytes)).toBe(true);
    expect(restarts()).toBe(1);
  });

  it("is asked for the rest when it continues with less than the rest", async () => {
    const part = partial("bytes 100000-199999/300000", etag, bytes.subarray(100_000, 200_000));
    const origin = await originOf(broken(bytes, 100_000, { etag }), part, ranged(bytes, etag));
    const { readAll, restarts } = start(origin.url);
    expect((await readAll()).equals(bytes)).toBe(true);
    expect([origin.asked[2]?.headers.range, restarts()]).toEqual(["bytes=200000-", 0]);
  });

  it("is tried four times with growing pauses, and then named with what was missing", async () => {
    const origin = await originOf(broken(bytes, 100_000));
    const { readAll, clock } = start(origin.url);
    await expect(readAll()).rejects.toMatchObject({
      code: "SOURCE_UNREACHABLE",
      message: expect.stringContaining("broke off after 100000 of 300000 bytes"),
    });
    expect([origin.asked.length, clock.slept]).toEqual([4, [1000, 2000, 4000]]);
  });

  it("counts its attempts over breaks and refusals together", async () => {
    const origin = await originOf(broken(bytes, 10, { etag }), status(503), status(502), status(503));
    await expect(start(origin.url).readAll()).rejects.toMatchObject({
      code: "SOURCE_REFUSED",
      context: { status: 503 },
    });
    expect(origin.asked.length).toBe(4);
  });

  it.each([500, 502, 503, 504, 429])("%i is tried again", async (code) => {
    const origin = await originOf(status(code), status(code), whole(bytes));
    const { readAll, clock } = start(origin.url);
    expect((await readAll()).equals(bytes)).toBe(true);
    expect(clock.slept).toEqual([1000, 2000]);
  });

  it("is given the time that it asks for, as seconds or as a date", async () => {
    const date = new Date(Date.UTC(2026, 0, 1) + 7000 + 20_000).toUTCString();
    const origin = await originOf(
      status(429, { "retry-after": "7" }),
      status(503, { "retry-after": date }),
      whole(bytes),
    );
    const { readAll, clock } = start(origin.url);
    await readAll();
    expect(clock.slept).toEqual([7000, 20_000]);
  });

  it("is not waited for when it asks for an hour", async () => {
    const origin = await originOf(status(429, { "retry-after": "3600" }));
    await expect(start(origin.url).readAll()).rejects.toMatchObject({
      code: "SOURCE_REFUSED",
      context: { status: 429 },
    });
    expect(origin.asked.length).toBe(1);
  });

  it.each([400, 401, 403, 404, 410, 204, 206, 304])("%i is refused at once with its status", async (code) => {
    const origin = await originOf(status(code));
    const { readAll, clock } = start(`${origin.url}/x?token=hunter2`);
    const error: unknown = await readAll().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "SOURCE_REFUSED", context: { status: code } });
    expect(inspect(error, { depth: 12, showHidden: true })).not.toContain("hunter2");
    expect([origin.asked.length, clock.slept]).toEqual([1, []]);
  });

  it("that refuses connections is tried four times, and its error keeps no secret of the request", async () => {
    const origin = await startImageOrigin(whole(bytes));
    await origin.close();
    const { readAll, clock } = start(`http://us:hunter2@127.0.0.1:${origin.port}/?token=hunter2`);
    const error: unknown = await readAll().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "SOURCE_UNREACHABLE" });
    const everything = inspect(error, { depth: 12, showHidden: true });
    for (const secret of ["hunter2", Buffer.from("us:hunter2").toString("base64")])
      expect(everything).not.toContain(secret);
    expect(clock.slept).toEqual([1000, 2000, 4000]);
  });

  it("that falls silent in the middle is left and resumed", async () => {
    const origin = await originOf(
      (_request, response) => {
        response.writeHead(200, { "content-length": bytes.byteLength, etag }).write(bytes.subarray(0, 5000));
      },
      ranged(bytes, etag),
    );
    expect((await start(origin.url).readAll()).equals(bytes)).toBe(true);
    expect(origin.asked[1]?.headers.range).toBe("bytes=5000-");
  });

  it("without a length ends where it closes", async () => {
    const origin = await originOf((_request, response) => {
      response.writeHead(200, { connection: "close" }).end(bytes);
    });
    expect((await start(origin.url).readAll()).equals(bytes)).toBe(true);
  });

  it("whose chunked body is cut is not taken for whole", async () => {
    const origin = await originOf((_request, response) => {
      response.writeHead(200);
      response.write(bytes.subarray(0, 5000), () => setImmediate(() => response.destroy()));
    });
    await expect(start(origin.url).readAll()).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
    expect(origin.asked.length).toBe(4);
  });

  it("that sends no HTTP is named", async () => {
    const server = createServer((socket) => socket.resume().end("SSH-2.0-OpenSSH_9.2\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closedAfterwards({ close: () => new Promise((resolve) => server.close(resolve)) });
    const { port } = server.address() as AddressInfo;
    await expect(start(`http://127.0.0.1:${port}/`).readAll()).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
  });
});

describe("a download", () => {
  it("asks for the bytes as they are and does not unpack them", async () => {
    const origin = await originOf(whole(bytes, { "content-encoding": "gzip" }));
    expect((await start(origin.url).readAll()).equals(bytes)).toBe(true);
    expect(origin.asked[0]?.headers).toMatchObject({ "accept-encoding": "identity", "user-agent": "mediabay" });
  });

  it("ends the connection when it is aborted", async () => {
    const controller = new AbortController();
    const closed = Promise.withResolvers<void>();
    const origin = await originOf((_request, response) => {
      response.on("close", () => closed.resolve());
      response.writeHead(200, { "content-length": bytes.byteLength }).write(bytes.subarray(0, 5000));
    });
    const reason = new Error("no longer wanted");
    const { readAll } = start(origin.url, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(readAll()).rejects.toBe(reason);
    await closed.promise;
    expect(origin.asked.length).toBe(1);
  });

  it("ends the connection when its length is not admitted", async () => {
    const closed = Promise.withResolvers<void>();
    const origin = await originOf((_request, response) => {
      response.on("close", () => closed.resolve());
      response.writeHead(200, { "content-length": 10 ** 12 }).write("x");
    });
    const refusal = new Error("too long");
    const admit = (): never => {
      throw refusal;
    };
    await expect(start(origin.url, { admit }).readAll()).rejects.toBe(refusal);
    await closed.promise;
  });

  it("over TLS trusts what the settings name, and tells a wrong certificate at once", async () => {
    const { cert, key } = await makeCertificate(["127.0.0.1"]);
    let asked = 0;
    const server = createTlsServer({ cert, key }, (request, response) => {
      asked += 1;
      if (request.url === "/down") response.writeHead(302, { location: "http://127.0.0.1:9/" }).end();
      else whole(bytes)(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closedAfterwards({ close: () => new Promise((resolve) => server.close(resolve)) });
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await start(`https://${host}/`, {}, { ca: [cert] }).readAll()).equals(bytes)).toBe(true);
    const untrusting = start(`https://${host}/`);
    await expect(untrusting.readAll()).rejects.toMatchObject({
      code: "SOURCE_UNREACHABLE",
      message: expect.stringContaining("certificate is not trusted"),
      hint: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
    });
    expect([asked, untrusting.clock.slept]).toEqual([1, []]);
    await expect(start(`https://u:p@${host}/down`, {}, { ca: [cert] }).readAll()).rejects.toMatchObject({
      code: "SOURCE_FORBIDDEN",
      message: expect.stringContaining("from https to http"),
      hint: expect.stringContaining("stays with https"),
    });
  });
});
