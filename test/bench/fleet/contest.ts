// The same machines for two clients: the sushy library in a thread pool, and the gateway. Only families that the library can do at all.
import type { Bmc } from "./bmcs.ts";
import { attachAll, registerAll } from "./rounds.ts";
import { type Measured, type Stage, startBmcs } from "./stage.ts";
import { attachThroughSushy, type PoolRound } from "./sushy-pool.ts";

export interface ContestOrder {
  readonly fixtures: readonly string[];
  /** Machines of the whole fleet, by family. */
  readonly machines: ReadonlyMap<string, number>;
  readonly latencyMs: number;
  readonly concurrency: number;
}

export interface Contest {
  readonly families: readonly string[];
  /** Why the library cannot do the other families, in its own words. */
  readonly unable: PoolRound["failures"];
  readonly machines: number;
  readonly pool: PoolRound;
  readonly poolRequests: number;
  readonly ours: Measured;
}

const scoutsAtOnce = 8;

/** One machine a family, without latency. */
const scout = async (stage: Stage, fixtures: readonly string[]): Promise<PoolRound["failures"]> => {
  const bmcs = await startBmcs(stage, { fixtures, count: fixtures.length, latencyMs: 0 });
  return (await attachThroughSushy(bmcs, { image: stage.imageUrl, threads: scoutsAtOnce })).failures;
};

const countRequests = async (stage: Stage): Promise<number> =>
  (await stage.bmcs.ask("states", undefined)).reduce((sum, { requests }) => sum + requests, 0);

const attachThroughGateway = async (stage: Stage, bmcs: readonly Bmc[], concurrency: number): Promise<Measured> => {
  const gateway = await stage.openGateway(concurrency);
  try {
    await registerAll(gateway.client, bmcs);
    return await gateway.measure(() => attachAll(gateway.client, bmcs, stage.imageUrl));
  } finally {
    await gateway.close();
  }
};

/** Each client has its own fresh BMCs. Undefined when the library can do none of the families. */
export const compete = async (stage: Stage, order: ContestOrder): Promise<Contest | undefined> => {
  const { fixtures, machines, latencyMs, concurrency } = order;
  const unable = await scout(stage, fixtures);
  const families = fixtures.filter((family) => !unable.has(family));
  const count = families.reduce((sum, family) => sum + (machines.get(family) ?? 0), 0);
  if (count === 0) return undefined;
  const fleet = { fixtures: families, count, latencyMs };
  const forPool = await startBmcs(stage, fleet);
  const pool = await attachThroughSushy(forPool, { image: stage.imageUrl, threads: concurrency });
  const poolRequests = await countRequests(stage);
  const ours = await attachThroughGateway(stage, await startBmcs(stage, fleet), concurrency);
  return { families, unable, machines: count, pool, poolRequests, ours };
};
