import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { MediabayError } from "../../src/core/errors.ts";
import { isReplyLost } from "../../src/wire/errors.ts";
import type { HttpClient, HttpExchange } from "../../src/wire/http.ts";
import { createHttpPool, type HttpPool } from "../../src/wire/pool.ts";
import { answer, type RawHandler, type RawServer, startRawServer } from "./raw-server.ts";

const tls = { mode: "verify", level: "modern" } as const;
const open: { pool?: HttpPool; server?: RawServer } = {};

afterEach(async () => {
  open.pool?.close();
  await open.server?.close();
});

const start = async (handle: RawHandler): Promise<{ client: HttpClient; server: RawServer }> => {
  open.server = await startRawServer(handle);
  open.pool = createHttpPool();
  return { server: open.server, client: open.pool.lease({ address: open.server.url, tls }).client };
};

const failure = async (promise: Promise<unknown>): Promise<MediabayError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof MediabayError) return error;
  throw new Error("it did not fail as it should", { cause: error });
};

const get = { method: "GET", path: "/x" } as const;
const post = { method: "POST", path: "/x", body: "{}" } as const;

test("many requests at once share one connection, in order", async () => {
  const { client, server } = await start((request, socket) => socket.write(answer(200, request.line)));
  const replies = await Promise.all(
    [1, 2, 3, 4, 5].map((n) => client.request({ method: "GET", path: `/${n}?$expand=*($levels=1)` })),
  );
  expect(replies.map(({ body }) => body.toString())).toEqual(
    [1, 2, 3, 4, 5].map((n) => `GET /${n}?$expand=*($levels=1)`),
  );
  expect(server.connections()).toBe(1);
  expect(client.connections).toBe(1);
});

test("a profile may allow more requests at once, and as many connections", async () => {
  const held: (() => void)[] = [];
  const { client, server } = await start((_request, socket) => {
    held.push(() => socket.write(answer(200)));
    if (held.length === 2) for (const release of held.splice(0)) release();
  });
  client.tune({ maxInFlight: 2 });
  await Promise.all([client.request(get), client.request(get), client.request(get), client.request(get)]);
  expect(server.connections()).toBe(2);
});

test("identity is asked for, and a POST without a body has length 0", async () => {
  const { client, server } = await start((_request, socket) => socket.write(answer(204)));
  await client.request({ method: "POST", path: "/x" });
  await client.request(get);
  expect(server.requests[0]?.headers).toMatchObject({ "content-length": "0", "accept-encoding": "identity" });
  expect(server.requests[1]?.headers["content-length"]).toBeUndefined();
});

test("errors and redirects are answers, and nothing is followed", async () => {
  const { client, server } = await start((request, socket) =>
    socket.write(
      request.line.endsWith("/x") ? answer(302, "", { Location: "http://127.0.0.1:1/" }) : answer(500, "no"),
    ),
  );
  expect((await client.request(get)).status).toBe(302);
  expect(await client.request({ method: "GET", path: "/y" })).toMatchObject({ status: 500, body: Buffer.from("no") });
  expect(server.requests).toHaveLength(2);
});

test("a link that is no path is never requested, and a doubled slash stays on the BMC", async () => {
  const { client, server } = await start((_request, socket) => socket.write(answer(200)));
  expect((await failure(client.request({ method: "GET", path: "http://192.0.2.1/" }))).code).toBe("BMC_MALFORMED");
  await client.request({ method: "GET", path: "//192.0.2.1/" });
  expect(server.requests.map(({ line }) => line)).toEqual(["GET //192.0.2.1/"]);
});

test("each exchange is told without headers or body", async () => {
  const { client } = await start((_request, socket) => socket.write(answer(201, "secret")));
  const told: HttpExchange[] = [];
  await client.request({
    ...post,
    headers: { authorization: "Basic x" },
    onExchange: (exchange) => told.push(exchange),
  });
  expect(told).toEqual([{ method: "POST", path: "/x", status: 201, durationMs: expect.any(Number) }]);
});

describe("a reused connection that breaks", () => {
  const breaking = (how: (socket: Parameters<RawHandler>[1]) => void): RawHandler => {
    return (request, socket) =>
      request.connection === 1 && request.line !== "GET /first" ? how(socket) : socket.write(answer(200, "ok"));
  };
  const first = { method: "GET", path: "/first" } as const;

  test.each([
    ["is reset", (socket: Parameters<RawHandler>[1]) => socket.resetAndDestroy()],
    ["is closed", (socket: Parameters<RawHandler>[1]) => socket.end()],
    ["answers garbage", (socket: Parameters<RawHandler>[1]) => socket.write("0\r\n\r\n")],
    [
      "ends within the answer",
      (socket: Parameters<RawHandler>[1]) => socket.end(answer(200, "cut", { "Content-Length": "9" })),
    ],
  ])("and %s is replaced for a GET, once", async (_name, how) => {
    const { client, server } = await start(breaking(how));
    const told: HttpExchange[] = [];
    await client.request(first);
    const reply = await client.request({ ...get, onExchange: (exchange) => told.push(exchange) });
    expect(reply.body.toString()).toBe("ok");
    expect(server.connections()).toBe(2);
    expect(told.map(({ status, error }) => status ?? error)).toEqual([expect.stringMatching(/^BMC_/), 200]);
  });

  test("takes the other idle ones with it: they are as old", async () => {
    const waiting: (() => void)[] = [];
    const { client, server } = await start((request, socket) => {
      if (request.line === "GET /first") {
        waiting.push(() => socket.write(answer(200)));
        if (waiting.length === 2) for (const release of waiting) release();
      } else if (request.connection <= 2) socket.resetAndDestroy();
      else socket.write(answer(200, "ok"));
    });
    client.tune({ maxInFlight: 2 });
    await Promise.all([client.request(first), client.request(first)]);
    expect((await client.request(get)).body.toString()).toBe("ok");
    expect(server.connections()).toBe(3);
  });

  test("is not replaced twice", async () => {
    const { client, server } = await start((request, socket) => {
      if (request.line === "GET /first") socket.write(answer(200));
      else socket.resetAndDestroy();
    });
    await client.request(first);
    expect((await failure(client.request(get))).code).toBe("BMC_UNREACHABLE");
    expect(server.requests).toHaveLength(3);
  });

  test.each(["POST", "PATCH", "PUT", "DELETE"] as const)(
    "is not replaced for a %s, whose reply is lost",
    async (method) => {
      const { client, server } = await start(breaking((socket) => socket.resetAndDestroy()));
      await client.request(first);
      const error = await failure(client.request({ method, path: "/x" }));
      expect(error.code).toBe("BMC_UNREACHABLE");
      expect(isReplyLost(error)).toBe(true);
      expect(server.requests).toHaveLength(2);
      expect((await client.request(get)).status).toBe(200);
    },
  );
});

test("a GET that fails on a new connection is not repeated and has lost nothing", async () => {
  const { client, server } = await start((_request, socket) => socket.resetAndDestroy());
  const error = await failure(client.request(get));
  expect(error.code).toBe("BMC_UNREACHABLE");
  expect(isReplyLost(error)).toBe(false);
  expect(server.requests).toHaveLength(1);
});

test("stray bytes behind a 204 spoil neither its answer nor the next", async () => {
  const poison = "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  const { client } = await start((request, socket) =>
    socket.write(request.line.startsWith("POST") ? poison : answer(200, "ok")),
  );
  await client.request(get);
  expect((await client.request(post)).status).toBe(204);
  expect((await client.request(get)).body.toString()).toBe("ok");
  expect((await client.request(post)).status).toBe(204);
  expect((await client.request(post)).status).toBe(204);
});

describe("limits", () => {
  test("a body beyond its limit is cut off while it streams", async () => {
    const { client, server } = await start((_request, socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const flood = setInterval(() => socket.write(`1000\r\n${"x".repeat(4096)}\r\n`), 1);
      socket.on("close", () => clearInterval(flood));
    });
    const error = await failure(client.request({ ...get, maxBodyBytes: 20_000 }));
    expect(error.code).toBe("BMC_MALFORMED");
    expect(error.message).toContain("20000 bytes");
    expect(server.connections()).toBe(1);
  });

  test("a body of the limit is taken", async () => {
    const { client } = await start((_request, socket) => socket.write(answer(200, "x".repeat(1000))));
    expect((await client.request({ ...get, maxBodyBytes: 1000 })).body).toHaveLength(1000);
  });

  test("no answer in time is BMC_TIMEOUT, and a POST's reply is lost", async () => {
    const { client } = await start(() => undefined);
    expect((await failure(client.request({ ...get, responseTimeoutMs: 30 }))).code).toBe("BMC_TIMEOUT");
    const error = await failure(client.request({ ...post, responseTimeoutMs: 30 }));
    expect([error.code, isReplyLost(error)]).toEqual(["BMC_TIMEOUT", true]);
  });

  test("an answer that begins but drips is BMC_TIMEOUT", async () => {
    const { client } = await start((_request, socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
      const drip = setInterval(() => socket.write("x"), 5);
      socket.on("close", () => clearInterval(drip));
    });
    expect((await failure(client.request({ ...get, responseTimeoutMs: 60 }))).code).toBe("BMC_TIMEOUT");
  });

  test("a time-out does not count the wait for one's turn", async () => {
    const { client } = await start((_request, socket) => setTimeout(() => socket.write(answer(200)), 60));
    const replies = await Promise.all([1, 2, 3, 4].map(() => client.request({ ...get, responseTimeoutMs: 200 })));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });
});

describe("giving up", () => {
  test("an aborted request fails with the signal's own reason, and the next has its turn", async () => {
    const { client } = await start((request, socket) => request.line === "GET /next" && socket.write(answer(200)));
    const stop = new AbortController();
    const under = failure(client.request({ ...get, signal: stop.signal }));
    const waiting = failure(client.request({ ...get, signal: stop.signal }));
    const reason = new MediabayError("DEADLINE_EXCEEDED", "too late");
    setTimeout(() => stop.abort(reason), 20);
    expect(await under).toBe(reason);
    expect(await waiting).toBe(reason);
    expect((await client.request({ method: "GET", path: "/next" })).status).toBe(200);
  });

  test("a reason of another kind becomes CANCELLED", async () => {
    const { client } = await start(() => undefined);
    expect((await failure(client.request({ ...get, signal: AbortSignal.abort() }))).code).toBe("CANCELLED");
  });
});

describe("what is no HTTP service", () => {
  test("a refused connection is BMC_UNREACHABLE, and a POST has lost nothing", async () => {
    const { client, server } = await start(() => undefined);
    await server.close();
    const error = await failure(client.request(post));
    expect([error.code, isReplyLost(error)]).toEqual(["BMC_UNREACHABLE", false]);
    expect(error.cause).toBeDefined();
  });

  test("garbage is BMC_MALFORMED", async () => {
    const { client } = await start((_request, socket) => socket.write("SSH-2.0-dropbear\r\n\r\n"));
    expect((await failure(client.request(get))).code).toBe("BMC_MALFORMED");
  });

  test("a handshake that never ends is BMC_TIMEOUT", async () => {
    const mute = createServer((socket) => socket.on("error", () => socket.destroy()));
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    const address = mute.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    open.pool = createHttpPool();
    const { client } = open.pool.lease({ address: `https://127.0.0.1:${address.port}`, tls });
    client.tune({ connectTimeoutMs: 40 });
    expect((await failure(client.request(get))).code).toBe("BMC_TIMEOUT");
    mute.close();
  });
});
