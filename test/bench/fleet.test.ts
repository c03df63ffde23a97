import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startOrigin } from "../../src/simulators/origin.ts";
import { type SimulatedFleet, startFleet } from "../../src/simulators/redfish/index.ts";
import { startTestService } from "../tools/service.ts";
import { attachAll, detachAll, registerAll, type Round } from "./fleet/rounds.ts";

/** Families without waits in real time, each in another style. */
const fixtures = ["dmtf/two-slot-1.0", "dmtf/two-slot-manager-1.0", "hpe/ilo5-2.72", "nokia/airframe-1.8"];
const count = 32;

const bmcsOf = ({ machines }: SimulatedFleet) =>
  machines.map(({ fixture: family, simulator: { url, credentials } }, index) => ({
    name: `bmc-${index}`,
    family,
    url,
    credentials,
  }));

const mediaIn = ({ machines }: SimulatedFleet): readonly number[] =>
  machines.map(({ simulator }) => simulator.slots().filter(({ inserted }) => inserted).length);

const endsOf = ({ turns }: Round): readonly string[] => turns.map(({ state, error }) => error ?? state);
const all = <T>(value: T): readonly T[] => Array.from({ length: count }, () => value);

it("a fleet is attached with one download and detached without a trace", { timeout: 60_000 }, async () => {
  const iso = await readFile(join(import.meta.dirname, "../../fixtures/configdrive/config-2.iso"));
  const origin = await startOrigin({ files: { "config-2.iso": iso } });
  const fleet = await startFleet({ fixtures, count, latencyMs: 5 });
  const service = await startTestService({ "imagePlane.proxies": "127.0.0.0/8", "operations.concurrency": "16" });
  const bmcs = bmcsOf(fleet);
  try {
    await registerAll(service, bmcs);
    expect(endsOf(await attachAll(service, bmcs, origin.urlOf("config-2.iso")))).toEqual(all("succeeded"));
    expect(mediaIn(fleet)).toEqual(all(1));
    expect(origin.requests().filter(({ status }) => status !== 304)).toHaveLength(1);
    expect(endsOf(await detachAll(service, bmcs))).toEqual(all("succeeded"));
    expect(mediaIn(fleet)).toEqual(all(0));
    expect(fleet.machines.map(({ simulator }) => simulator.sessions())).toEqual(all(0));
    expect((await service.call("GET", "/v1/images")).body["items"]).toEqual([]);
    expect(service.running.imagePlane.activeConnections).toBe(0);
  } finally {
    await service.close();
    await fleet.close();
    await origin.close();
  }
});
