// The request budget: what one attach costs on a two-slot service with Basic authentication and $expand.
import { afterEach, describe, expect, test } from "vitest";
import type { Json, Session } from "../../../src/core/driver.ts";
import { createRedfish } from "../../../src/drivers/redfish/index.ts";
import { redfishQuirks } from "../../../src/drivers/redfish/quirks.ts";
import { type RedfishSimulator, startRedfishSimulator } from "../../../src/simulators/redfish/index.ts";
import { createHttpPool, type HttpPool } from "../../../src/wire/pool.ts";
import { createHastyClock } from "../../tools/hasty-clock.ts";

const open: { simulator?: RedfishSimulator; pool?: HttpPool } = {};

afterEach(async () => {
  open.pool?.close();
  await open.simulator?.close();
});

const start = async (fixture?: string): Promise<RedfishSimulator> => {
  const overrides = { media: { reader: "none" } } as const;
  open.simulator = await startRedfishSimulator({ overrides, ...(fixture === undefined ? {} : { fixture }) });
  open.pool = createHttpPool();
  return open.simulator;
};

const converse = (simulator: RedfishSimulator, memory?: Json): Promise<Session> => {
  if (open.pool === undefined) throw new Error("not started");
  const endpoint = {
    protocol: "redfish",
    address: simulator.url,
    credentials: simulator.credentials,
    tls: { mode: "verify", level: "modern" },
  } as const;
  return createRedfish({ http: open.pool }).open(endpoint, () => redfishQuirks.defaults, {
    clock: createHastyClock(),
    signal: new AbortController().signal,
    onExchange: () => undefined,
    ...(memory === undefined ? {} : { memory }),
  });
};

/** Chooses a slot as the gateway does, inserts, and sets a one-time boot from it. */
const attach = async (session: Session): Promise<{ inserted: number; booted: number }> => {
  const slots = await session.media?.slots();
  const slot = slots?.find(({ mediaTypes }) => mediaTypes.includes("CD"));
  const medium = { url: "http://127.0.0.1:9/m/x/config.iso", mediaType: "CD", sizeBytes: 4096 } as const;
  const state = await session.media?.insert(slot?.id ?? "", medium);
  expect(state).toMatchObject({ inserted: true, image: medium.url });
  const inserted = session.exchanges;
  const target = (await session.boot?.targetFor("CD")) ?? "";
  expect(await session.boot?.setOverride({ target, enabled: "Once" })).toMatchObject({ target: "Cd", enabled: "Once" });
  return { inserted, booted: session.exchanges };
};

const asked = (simulator: RedfishSimulator): readonly string[] =>
  simulator.requests().map(({ method, path }) => `${method} ${path}`);

const slot = "/redfish/v1/Systems/1/VirtualMedia/Cd";

test("cold: six requests to a verified insert and eight with the boot override read back, on one connection", async () => {
  const simulator = await start();
  const session = await converse(simulator);
  expect(await attach(session)).toEqual({ inserted: 6, booted: 8 });
  await session.close();
  expect(asked(simulator)).toEqual([
    "GET /redfish/v1/",
    "GET /redfish/v1/Systems?$expand=*($levels=1)",
    "GET /redfish/v1/Managers/1",
    "GET /redfish/v1/Systems/1/VirtualMedia?$expand=*($levels=1)",
    `POST ${slot}/Actions/VirtualMedia.InsertMedia`,
    `GET ${slot}`,
    "PATCH /redfish/v1/Systems/1",
    "GET /redfish/v1/Systems/1",
  ]);
  expect(simulator.connections()).toBe(1);
});

test("cold, with the slots under the manager: as many", async () => {
  const simulator = await start("dmtf/two-slot-manager-1.0");
  const session = await converse(simulator);
  expect(await attach(session)).toEqual({ inserted: 6, booted: 8 });
  await session.close();
  expect(simulator.requests()).toHaveLength(8);
  expect(simulator.connections()).toBe(1);
});

describe("warm", () => {
  const warm = async (): Promise<{ simulator: RedfishSimulator; memory: Json }> => {
    const simulator = await start();
    const first = await converse(simulator);
    await first.media?.slots();
    const memory = first.memory();
    await first.close();
    simulator.clearRequests();
    return { simulator, memory };
  };

  test("opening asks nothing", async () => {
    const { simulator, memory } = await warm();
    const session = await converse(simulator, memory);
    await session.close();
    expect(asked(simulator)).toEqual([]);
  });

  test("two requests to a verified insert and four with the boot override read back, on the same connection", async () => {
    const { simulator, memory } = await warm();
    const session = await converse(simulator, memory);
    expect(await attach(session)).toEqual({ inserted: 2, booted: 4 });
    await session.close();
    expect(asked(simulator)).toEqual([
      `POST ${slot}/Actions/VirtualMedia.InsertMedia`,
      `GET ${slot}`,
      "PATCH /redfish/v1/Systems/1",
      "GET /redfish/v1/Systems/1",
    ]);
    expect(simulator.connections()).toBe(1);
  });

  test("two requests to a verified eject", async () => {
    const { simulator, memory } = await warm();
    simulator.insertByHand("Cd", "http://127.0.0.1:9/other.iso");
    const session = await converse(simulator, memory);
    expect(await session.media?.eject("Cd")).toEqual({ inserted: false });
    await session.close();
    expect(asked(simulator)).toEqual([`POST ${slot}/Actions/VirtualMedia.EjectMedia`, `GET ${slot}`]);
  });

  test("a second attach remembers what the first one learnt about the boot", async () => {
    const { simulator, memory } = await warm();
    const first = await converse(simulator, memory);
    await attach(first);
    const second = await converse(simulator, first.memory());
    expect(second.memory()).toEqual(first.memory());
    await second.close();
    await first.close();
  });
});
