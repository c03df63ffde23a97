// Slow, idle and numerous connections are bounded; time is the manual clock's.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Log } from "../../src/core/ports.ts";
import type { ConnectionLimits } from "../../src/images/plane/connection.ts";
import { LongestIdle } from "../../src/images/plane/places.ts";
import { makeCertificate } from "../tools/certificate.ts";
import {
  createTestImages,
  patternBytes,
  type RawAnswer,
  type RawClient,
  rawClient,
  silentLog,
  startTestPlane,
  type TestImages,
  type TestPlane,
  type TestPlaneOptions,
} from "../tools/image-plane.ts";
import { ManualClock } from "../tools/manual-clock.ts";

const limits: Partial<ConnectionLimits> = { headersMs: 10_000, keepAliveMs: 100_000, idleMs: 60_000 };
const large = patternBytes(24 << 20, 3);

let images: TestImages;
let clock: ManualClock;
let running: TestPlane;
const clients: RawClient[] = [];

const start = async (options: Partial<TestPlaneOptions> = {}): Promise<void> => {
  running = await startTestPlane({ images, clock, ...options, limits: { ...limits, ...options.limits } });
};
const connect = async (options: Parameters<typeof rawClient>[1] = {}): Promise<RawClient> => {
  const client = await rawClient(running.port, options);
  clients.push(client);
  return client;
};
const publish = async (bytes: Buffer): Promise<string> =>
  new URL((await running.publish(await images.add(bytes))).url).pathname;
/** Waits for sockets, then lets the sweep look. */
const pass = async (ms: number): Promise<void> => {
  await clock.settle(100);
  await clock.advance(ms);
  await clock.settle(100);
};

beforeEach(async () => {
  images = await createTestImages();
  clock = new ManualClock();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await running.close();
  expect(clock.sleeping).toBe(0);
  await images.close();
});

describe("a connection", () => {
  it("that sends no request is cut after the time for headers", async () => {
    await start();
    const client = await connect();
    await pass(9000);
    expect(running.plane.activeConnections).toBe(1);
    await pass(3000);
    expect(running.plane.activeConnections).toBe(0);
    expect(await client.rest()).toHaveLength(0);
  });

  it("that sends its headers drop by drop is cut all the same, also for a later request", async () => {
    await start();
    const path = await publish(patternBytes(100));
    const client = await connect();
    client.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    await client.answer();
    for (let second = 0; second < 13; second += 1) {
      expect(running.plane.activeConnections).toBe(second < 12 ? 1 : 0);
      client.write("GET / HTTP/1.1"[second] ?? "");
      await pass(1000);
    }
    expect(running.plane.activeConnections).toBe(0);
  });

  it("between two requests may be idle for long, but not for ever", async () => {
    await start();
    const path = await publish(patternBytes(100));
    const client = await connect();
    client.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    await client.answer();
    await pass(95_000);
    client.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    expect((await client.answer()).status).toBe(200);
    await pass(98_000);
    expect(running.plane.activeConnections).toBe(1);
    await pass(5000);
    expect(running.plane.activeConnections).toBe(0);
  });

  it("whose reader takes nothing is cut, and holds little memory until then", async () => {
    await start();
    const path = await publish(large);
    const client = await connect();
    client.socket.pause();
    client.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    await clock.settle(300);
    expect(running.plane.activeConnections).toBe(1);
    await pass(58_000);
    expect(running.plane.activeConnections).toBe(1);
    await clock.advanceUntil(() => running.plane.activeConnections === 0, 1000);
    client.socket.resume();
    expect((await client.rest()).length).toBeLessThan(large.length);
  });

  it("whose reader is slow but moves on is not cut", async () => {
    await start();
    const path = await publish(large);
    const client = await connect();
    client.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    for (let minute = 0; minute < 4; minute += 1) {
      client.socket.pause();
      await pass(50_000);
      expect(running.plane.activeConnections).toBe(1);
      const before = client.socket.bytesRead;
      client.socket.resume();
      while (client.socket.bytesRead < before + (4 << 20) && client.socket.bytesRead < large.length)
        await clock.settle(5);
    }
    expect((await client.answer()).body.equals(large)).toBe(true);
  });

  it("that sends too many requests ahead is cut", async () => {
    await start({ limits: { pipelined: 8 } });
    const path = await publish(large);
    const client = await connect();
    client.socket.pause();
    client.write(`GET ${path} HTTP/1.1\r\n\r\n`.repeat(20));
    await clock.settle(300);
    expect(running.plane.activeConnections).toBe(0);
  });

  it("with oversized headers is refused", async () => {
    await start();
    const client = await connect();
    client.write(`GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}\r\n\r\n`);
    expect((await client.answer()).status).toBe(400);
    expect(await client.rest()).toHaveLength(0);
  });
});

/** Read once, and kept for the next read. */
const idleConnection = async (path: string, options?: Parameters<typeof rawClient>[1]): Promise<RawClient> => {
  const client = await connect(options);
  client.write(`GET ${path} HTTP/1.1\r\n\r\n`);
  expect((await client.answer()).status).toBe(200);
  return client;
};

/** Its requests came all at once; it takes nothing of the last answer, which is larger than what the operating system holds. */
const busyConnection = async (paths: readonly string[]): Promise<RawClient> => {
  const client = await connect();
  client.socket.pause();
  client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\n\r\n`).join(""));
  await clock.settle(300);
  return client;
};

const recordingLog = (): { log: Log; warned: (readonly [object, string])[] } => {
  const warned: (readonly [object, string])[] = [];
  return { log: { ...silentLog, warn: (fields, message) => void warned.push([fields, message]) }, warned };
};

describe("a new connection of an address that has as many as it may", () => {
  it("takes the place of the one that has been idle for longest", async () => {
    await start({ limits: { connectionsPerAddress: 2, connections: 2 } });
    const path = await publish(patternBytes(100));
    const first = await idleConnection(path);
    await pass(1000);
    const second = await idleConnection(path);
    await pass(1000);
    first.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    expect((await first.answer()).status).toBe(200);
    await pass(1000);
    const third = await idleConnection(path);
    expect(await second.rest()).toHaveLength(0);
    for (const client of [first, third]) {
      client.write(`GET ${path} HTTP/1.1\r\n\r\n`);
      expect((await client.answer()).status).toBe(200);
    }
    expect(running.plane.activeConnections).toBe(2);
  });

  it("never takes that of a transfer, nor of a request that is coming in, nor of one that has asked for nothing yet", async () => {
    await start({ limits: { connectionsPerAddress: 4 } });
    const path = await publish(large);
    const small = patternBytes(100);
    const { url } = await running.publish(await images.add(small), { attachmentId: "attachment-2" });
    const { pathname } = new URL(url);
    const busy = await busyConnection([pathname, path]);
    await connect();
    const coming = await idleConnection(pathname);
    await pass(1000);
    coming.write("GET / HT");
    const idle = await idleConnection(pathname);
    await pass(1000);
    await connect();
    expect(await idle.rest()).toHaveLength(0);
    await connect();
    expect(await (await connect()).rest()).toHaveLength(0);
    expect(running.plane.activeConnections).toBe(5);
    coming.write("TP/1.1\r\n\r\n");
    expect((await coming.answer()).status).toBe(404);
    busy.socket.resume();
    expect((await busy.answer()).body.equals(small)).toBe(true);
    expect((await busy.answer()).body.equals(large)).toBe(true);
  });

  it("takes a place each where several come at once", async () => {
    await start({ limits: { connectionsPerAddress: 2 } });
    const path = await publish(patternBytes(100));
    const idle = [await idleConnection(path), await idleConnection(path)];
    await pass(1000);
    const coming = await Promise.all([connect(), connect(), connect(), connect()]);
    for (const client of idle) expect(await client.rest()).toHaveLength(0);
    expect(await Promise.race(coming.map((client) => client.rest()))).toHaveLength(0);
    await clock.settle(100);
    expect(running.plane.activeConnections).toBe(3);
  });

  it("lets the idle one have its answer where its request came at the same moment", async () => {
    await start({ limits: { connectionsPerAddress: 1 } });
    const path = await publish(patternBytes(100));
    const idle = await idleConnection(path);
    await pass(1000);
    const coming = connect();
    process.nextTick(() => idle.write(`GET ${path} HTTP/1.1\r\n\r\n`));
    expect((await idle.answer()).status).toBe(200);
    await coming;
    await clock.settle(100);
    expect(running.plane.activeConnections).toBe(1);
  });

  it("never takes that of another address", async () => {
    await start({ http: { host: "::", port: 0 }, limits: { connectionsPerAddress: 1 } });
    const path = await publish(patternBytes(100));
    const idle = await idleConnection(path);
    await pass(1000);
    for (let index = 0; index < 2; index += 1) await connect({ host: "::1" });
    expect(await (await connect({ host: "::1" })).rest()).toHaveLength(0);
    idle.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    expect((await idle.answer()).header("connection")).not.toBe("close");
    expect(running.plane.activeConnections).toBe(3);
  });

  // With TLS one that is refused does not get so far as to read.
  it.each([
    ["http", ""],
    ["https", "ECONNRESET"],
  ])("comes where many came before and stay idle, over %s", async (scheme, refusal) => {
    const { cert, key } = await makeCertificate(["127.0.0.1"]);
    const https = scheme === "https" && { https: { host: "127.0.0.1", port: 0, cert, key } };
    await start({ ...https, limits: { connectionsPerAddress: 4 } });
    const path = await publish(patternBytes(100));
    const ca = https ? { ca: cert } : {};
    for (let index = 0; index < 40; index += 1) {
      await idleConnection(path, ca);
      await clock.advance(1000);
    }
    await clock.settle(100);
    expect(running.plane.activeConnections).toBe(4);
    for (let index = 0; index < 5; index += 1) await connect(ca);
    const last = await connect(ca).then(
      async (client) => (await client.rest()).toString(),
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(last).toBe(refusal);
    await clock.settle(100);
    expect(running.plane.activeConnections).toBe(5);
  });

  it("is told in the log, once a minute for an address, and so is one that is refused", async () => {
    const { log, warned } = recordingLog();
    await start({ log, limits: { connectionsPerAddress: 1 } });
    const path = await publish(patternBytes(100));
    for (let index = 0; index < 4; index += 1) {
      await idleConnection(path);
      await clock.advance(1000);
    }
    const remote = "127.0.0.1";
    const message = "an address has more connections than it may: its longest idle one was closed";
    expect(warned).toEqual([[{ remote, limit: 1, times: 1 }, message]]);
    await pass(61_000);
    await idleConnection(path);
    expect(warned.slice(1)).toEqual([[{ remote, limit: 1, times: 3 }, message]]);
    await pass(1000);
    for (let index = 0; index < 2; index += 1) await connect();
    for (let index = 0; index < 3; index += 1) expect(await (await connect()).rest()).toHaveLength(0);
    const line = (text: string) => [
      { remote, limit: 1, times: 1 },
      `an address has more connections than it may, all in use: ${text}`,
    ];
    expect(warned.slice(2)).toEqual([
      line("they take turns, each closed after an answer"),
      line("a new one was refused"),
    ]);
  });
});

describe("an address that has more connections than it may, none of them idle for long", () => {
  const get = (path: string, version = "1.1"): string =>
    `GET ${path} HTTP/${version}\r\nConnection: keep-alive\r\n\r\n`;
  const says = (answers: readonly RawAnswer[]) => answers.map(({ header }) => header("connection"));
  /** As many as may stay, and one more. */
  const crowd = async (path: string, most: number): Promise<[RawClient, ...RawClient[]]> => {
    const first = await idleConnection(path);
    const others: RawClient[] = [];
    for (let index = 1; index < most; index += 1) others.push(await idleConnection(path));
    return [first, ...others, await connect()];
  };

  it("has as many closed as are too many, each after an answer that says so", async () => {
    await start({ limits: { connectionsPerAddress: 4 } });
    const path = await publish(patternBytes(100));
    const five = await crowd(path, 4);
    for (let round = 0; round < 2; round += 1) {
      const [first, ...others] = five;
      first.write(get(path));
      expect(says([await first.answer()])).toEqual(["close"]);
      expect(await first.rest()).toHaveLength(0);
      for (const client of others) client.write(get(path));
      expect(says(await Promise.all(others.map((client) => client.answer())))).toEqual(others.map(() => "keep-alive"));
      five.splice(0, 1, await connect());
    }
    expect(running.plane.activeConnections).toBe(5);
  });

  it("has no more closed than are too many where all ask at once", async () => {
    await start({ limits: { connectionsPerAddress: 4 } });
    const path = await publish(large);
    const five = await crowd(path, 4);
    for (const client of five) client.write(get(path));
    const answers = await Promise.all(five.map((client) => client.answer()));
    expect(says(answers).filter((word) => word === "close")).toHaveLength(1);
    expect(answers.every(({ body }) => body.equals(large))).toBe(true);
  });

  it("has them closed over HTTP/1.0 too, which is told that it is not kept", async () => {
    await start({ limits: { connectionsPerAddress: 1 } });
    const path = await publish(patternBytes(100));
    const [client] = await crowd(path, 1);
    client.write(get(path, "1.0"));
    const answer = await client.answer();
    expect([answer.body.length, answer.header("connection")]).toEqual([100, "close"]);
    expect(await client.rest()).toHaveLength(0);
  });

  it("gets all answers to requests that were sent together, the last of which closes", async () => {
    await start({ limits: { connectionsPerAddress: 1 } });
    const path = await publish(patternBytes(100));
    const [client] = await crowd(path, 1);
    client.write(get(path).repeat(3));
    const answers = [await client.answer(), await client.answer(), await client.answer()];
    expect(says(answers)).toEqual(["keep-alive", "keep-alive", "close"]);
    expect(await client.rest()).toHaveLength(0);
  });

  it("gets no answer behind the one that closes, nor counts as having asked", async () => {
    const guesses: string[] = [];
    await start({
      limits: { connectionsPerAddress: 1 },
      observer: { onGuess: ({ remote }) => void guesses.push(remote) },
    });
    const path = await publish(large);
    const [client] = await crowd(path, 1);
    client.socket.pause();
    client.write(get(path));
    await clock.settle(100);
    client.write(get("/nowhere"));
    await clock.settle(100);
    client.socket.resume();
    const answer = await client.answer();
    expect([answer.body.equals(large), answer.header("connection")]).toEqual([true, "close"]);
    expect(await client.rest()).toHaveLength(0);
    expect(guesses).toEqual([]);
  });

  it("may go on sending a body that is refused", async () => {
    await start({ limits: { connectionsPerAddress: 1 } });
    const path = await publish(patternBytes(100));
    const [client] = await crowd(path, 1);
    client.write(`PUT ${path} HTTP/1.1\r\nContent-Length: 2048\r\n\r\n`);
    const answer = await client.answer();
    expect([answer.status, answer.header("connection")]).toEqual([405, "keep-alive"]);
    client.write("x".repeat(2048) + get(path));
    expect((await client.answer()).status).toBe(200);
  });
});

describe("a new connection where all addresses together have as many as they may", () => {
  it("takes the place of the one that has been idle for longest, also of a proxy, which the log tells", async () => {
    const { log, warned } = recordingLog();
    const proxied = { http: { host: "::", port: 0 }, proxies: ["127.0.0.1"], addressPolicy: "off" } as const;
    await start({ log, ...proxied, limits: { connections: 3 } });
    const path = await publish(patternBytes(100));
    const idle: RawClient[] = [];
    for (const host of ["::1", "127.0.0.1", "::1"]) {
      idle.push(await idleConnection(path, { host }));
      await pass(1000);
    }
    idle[0]?.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    expect((await idle[0]?.answer())?.status).toBe(200);
    await idleConnection(path, { host: "::1" });
    expect(await idle[1]?.rest()).toHaveLength(0);
    await idleConnection(path, { host: "127.0.0.1" });
    expect(await idle[2]?.rest()).toHaveLength(0);
    idle[0]?.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    expect((await idle[0]?.answer())?.status).toBe(200);
    expect(running.plane.activeConnections).toBe(3);
    const message = "the image plane has as many connections as it may: the longest idle one was closed";
    expect(warned).toEqual([[{ remote: "::1", limit: 3, times: 1 }, message]]);
  });

  it("is refused where none has been idle for a second, which the log tells", async () => {
    const { log, warned } = recordingLog();
    await start({ log, limits: { connections: 1 } });
    const path = await publish(patternBytes(100));
    const idle = await idleConnection(path);
    await pass(999);
    for (let index = 0; index < 2; index += 1) expect(await (await connect()).rest()).toHaveLength(0);
    idle.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    expect((await idle.answer()).status).toBe(200);
    const message = "the image plane has as many connections as it may, all in use: a new one was refused";
    expect(warned).toEqual([[{ remote: "127.0.0.1", limit: 1, times: 1 }, message]]);
    await pass(1000);
    await idleConnection(path);
    expect(await idle.rest()).toHaveLength(0);
  });
});

describe("the longest idle connection", () => {
  it("is not one that has closed by itself since it was looked for", async () => {
    await start({ limits: { connections: 2 } });
    const path = await publish(patternBytes(100));
    const first = await idleConnection(path);
    await pass(1000);
    const second = await idleConnection(path);
    await pass(1000);
    await idleConnection(path);
    expect(await first.rest()).toHaveLength(0);
    second.close();
    await clock.settle(100);
    await idleConnection(path);
    expect(await (await connect()).rest()).toHaveLength(0);
    expect(running.plane.activeConnections).toBe(2);
  });

  it("is looked for among all of them once, until that is forgotten, however many ask", () => {
    let walks = 0;
    const idle = new LongestIdle(() => {
      walks += 1;
      return [];
    });
    for (let index = 0; index < 3; index += 1) expect(idle.take(5000)).toBeUndefined();
    expect(walks).toBe(1);
    idle.forget();
    idle.take(5000);
    expect(walks).toBe(2);
  });
});

describe("connections", () => {
  it("are bounded per address at a quarter more, and free their place when they close", async () => {
    await start({ limits: { connectionsPerAddress: 2 } });
    const three = [await connect(), await connect(), await connect()];
    expect(await (await connect()).rest()).toHaveLength(0);
    for (const client of three) client.close();
    await clock.settle(100);
    expect(running.plane.activeConnections).toBe(0);
    for (let index = 0; index < 3; index += 1) await connect();
    await clock.settle(100);
    expect(running.plane.activeConnections).toBe(3);
  });

  it("of a proxy are bounded only in all", async () => {
    await start({ proxies: ["127.0.0.1"], limits: { connectionsPerAddress: 1, connections: 3 } });
    for (let index = 0; index < 3; index += 1) await connect();
    await clock.settle(100);
    expect(running.plane.activeConnections).toBe(3);
    expect(await (await connect()).rest()).toHaveLength(0);
    expect(running.plane.activeConnections).toBe(3);
  });
});

describe("closing the image plane", () => {
  it("lets a running transfer end, ends idle connections and takes no new ones", async () => {
    await start();
    const path = await publish(large);
    const [idle, busy] = [await connect(), await connect()];
    busy.socket.pause();
    busy.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    await clock.settle(300);
    const closed = running.plane.close(5000);
    expect(await idle.rest()).toHaveLength(0);
    await expect(rawClient(running.port)).rejects.toThrow("ECONNREFUSED");
    busy.socket.resume();
    expect((await busy.answer()).body.equals(large)).toBe(true);
    busy.close();
    await closed;
  });

  it("cuts what does not end in time", async () => {
    await start();
    const path = await publish(large);
    const busy = await connect();
    busy.socket.pause();
    busy.write(`GET ${path} HTTP/1.1\r\n\r\n`);
    await clock.settle(300);
    const closed = running.plane.close(5000);
    await clock.advance(5000);
    await closed;
    busy.socket.resume();
    expect((await busy.rest()).length).toBeLessThan(large.length);
  });
});
