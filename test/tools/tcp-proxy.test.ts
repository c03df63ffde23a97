// The fault-injecting proxy does what it says: a tool that lies would make other tests pass.
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ProxyFault, startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** A server that echoes, and a proxy before it. */
const proxied = async (): Promise<TcpProxy> => {
  const sockets = new Set<Socket>();
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => sockets.delete(socket));
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const { port } = echo.address() as AddressInfo;
  const proxy = await startTcpProxy({ target: { host: "127.0.0.1", port } });
  onTestFinished(async () => {
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => echo.close(resolve));
  });
  return proxy;
};

interface Outcome {
  readonly received: string;
  readonly ending: string;
  readonly pieces: number;
}

/** Sends, half-closes unless told otherwise, and reports what came back and how it ended; `open` when nothing ended in `waitMs`. */
const exchange = (proxy: TcpProxy, text: string, { half = true, waitMs = 2000 } = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const socket = connect({ host: proxy.host, port: proxy.port, allowHalfOpen: true });
    let received = "";
    let pieces = 0;
    const finish = (ending: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ received, ending, pieces });
    };
    const timer = setTimeout(finish, waitMs, "open");
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      pieces += 1;
    });
    socket.on("end", () => finish("end"));
    socket.on("error", (error) => finish("code" in error ? String(error.code) : error.message));
    socket.write(text);
    if (half) socket.end();
  });

const withFault = async (fault: ProxyFault): Promise<TcpProxy> => {
  const proxy = await proxied();
  proxy.setFault(fault);
  return proxy;
};

const text = "x".repeat(1000);

describe("the TCP proxy", () => {
  test("passes bytes both ways, passes half-closes, and counts", async () => {
    const proxy = await proxied();
    expect(await exchange(proxy, text)).toMatchObject({ received: text, ending: "end" });
    expect(await exchange(proxy, "again")).toMatchObject({ received: "again" });
    expect([proxy.connections(), proxy.bytes("to-server"), proxy.bytes("to-client")]).toEqual([2, 1005, 1005]);
    await expect.poll(() => proxy.open()).toBe(0);
  });

  test("delays", async () => {
    const proxy = await withFault({ kind: "delay", ms: 150 });
    expect(await exchange(proxy, text, { waitMs: 50 })).toMatchObject({ received: "", ending: "open" });
    expect(await exchange(proxy, text)).toMatchObject({ received: text, ending: "end" });
  });

  test("drips", async () => {
    const proxy = await withFault({ kind: "drip", chunkBytes: 100, intervalMs: 3 });
    const outcome = await exchange(proxy, text);
    expect([outcome.received, outcome.pieces > 5]).toEqual([text, true]);
  });

  test("resets after so many bytes, or at once", async () => {
    const proxy = await withFault({ kind: "reset", afterBytes: 0, count: 1 });
    expect(await exchange(proxy, text)).toMatchObject({ received: "", ending: "ECONNRESET" });
    proxy.setFault({ kind: "reset", afterBytes: 300, count: 1 });
    expect((await exchange(proxy, text)).ending).toBe("ECONNRESET");
    expect(proxy.bytes("to-client")).toBe(300);
  });

  test("truncates in good order", async () => {
    const proxy = await withFault({ kind: "truncate", afterBytes: 300 });
    expect(await exchange(proxy, text)).toMatchObject({ received: text.slice(0, 300), ending: "end" });
  });

  test("leaves a connection half open: nothing passes, nothing closes", async () => {
    const proxy = await withFault({ kind: "half-open", afterBytes: 300 });
    expect(await exchange(proxy, text, { half: false, waitMs: 200 })).toMatchObject({
      received: text.slice(0, 300),
      ending: "open",
    });
  });

  test("can hit what goes to the server instead", async () => {
    const proxy = await withFault({ kind: "truncate", afterBytes: 300, direction: "to-server" });
    await exchange(proxy, text);
    expect(proxy.bytes("to-server")).toBe(300);
  });

  test("a fault holds for its count of connections, and until it is cleared", async () => {
    const proxy = await withFault({ kind: "truncate", afterBytes: 1, count: 1 });
    expect((await exchange(proxy, text)).received).toBe("x");
    expect((await exchange(proxy, text)).received).toBe(text);
    proxy.setFault({ kind: "truncate", afterBytes: 1 });
    proxy.clearFaults();
    expect((await exchange(proxy, text)).received).toBe(text);
  });

  test("refuses new connections, accepts again, and resets the open ones", async () => {
    const proxy = await proxied();
    const open = exchange(proxy, text, { half: false });
    await expect.poll(() => proxy.bytes("to-client")).toBe(1000);
    proxy.refuse();
    expect((await exchange(proxy, text)).ending).toBe("ECONNREFUSED");
    await proxy.accept();
    expect((await exchange(proxy, text)).received).toBe(text);
    proxy.resetAll();
    expect((await open).ending).toBe("ECONNRESET");
  });
});
