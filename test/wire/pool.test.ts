import { afterEach, expect, test } from "vitest";
import { createHttpPool, type HttpPool } from "../../src/wire/pool.ts";
import { ManualClock } from "../tools/manual-clock.ts";
import { answer, type RawServer, startRawServer } from "./raw-server.ts";

const tls = { mode: "verify", level: "modern" } as const;
const get = { method: "GET", path: "/" } as const;
const open: { pool?: HttpPool; server?: RawServer } = {};

afterEach(async () => {
  open.pool?.close();
  await open.server?.close();
});

const start = async (): Promise<{ pool: HttpPool; server: RawServer; clock: ManualClock }> => {
  const clock = new ManualClock();
  open.server = await startRawServer((_request, socket) => socket.write(answer(200)));
  open.pool = createHttpPool({ clock, idleMs: 1000 });
  return { pool: open.pool, server: open.server, clock };
};

test("leases of one BMC, trust and user share a connection; others do not", async () => {
  const { pool, server } = await start();
  const target = { address: server.url, tls, user: "admin" };
  const leases = [
    target,
    target,
    { ...target, user: "root" },
    { ...target, tls: { ...tls, level: "legacy" } as const },
  ];
  for (const each of leases) await pool.lease(each).client.request(get);
  expect(pool.size).toBe(3);
  expect(server.connections()).toBe(3);
});

test("a connection outlives its lease for a while and is closed when idle", async () => {
  const { pool, server, clock } = await start();
  const first = pool.lease({ address: server.url, tls });
  await first.client.request(get);
  first.release();
  first.release();
  await clock.advance(999);
  const second = pool.lease({ address: server.url, tls });
  await clock.advance(5000);
  await second.client.request(get);
  expect(server.connections()).toBe(1);
  second.release();
  await clock.advance(1000);
  expect(pool.size).toBe(0);
  expect(clock.sleeping).toBe(0);
  const third = pool.lease({ address: server.url, tls });
  await third.client.request(get);
  expect(server.connections()).toBe(2);
});

test("one holder's release does not close what another holds", async () => {
  const { pool, server, clock } = await start();
  const [first, second] = [pool.lease({ address: server.url, tls }), pool.lease({ address: server.url, tls })];
  first.release();
  await clock.advance(60_000);
  expect((await second.client.request(get)).status).toBe(200);
  expect(pool.size).toBe(1);
});

test("closing the pool cuts what is under way and leaves no timer", async () => {
  const clock = new ManualClock();
  open.server = await startRawServer(() => undefined);
  const pool = createHttpPool({ clock });
  const { client } = pool.lease({ address: open.server.url, tls });
  const under = client.request(get);
  setTimeout(() => pool.close(), 20);
  await expect(under).rejects.toMatchObject({ code: "BMC_UNREACHABLE" });
  expect(pool.size).toBe(0);
  await clock.settle();
  expect(clock.sleeping).toBe(0);
});
