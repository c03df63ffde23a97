// The process of the simulated BMCs.
import { type SimulatedFleet, startFleet } from "../../../src/simulators/redfish/index.ts";
import { answerCalls } from "./child.ts";

export interface FleetOrder {
  readonly fixtures: readonly string[];
  readonly count: number;
  readonly latencyMs: number;
}

/** A simulated BMC as it is registered. */
export interface Bmc {
  readonly name: string;
  readonly family: string;
  readonly url: string;
  readonly credentials: { readonly username: string; readonly password: string };
}

/** What a BMC itself says. */
export interface BmcState {
  readonly name: string;
  readonly family: string;
  /** Since the last `clear`. */
  readonly requests: number;
  /** URLs of the media that its slots show. */
  readonly media: readonly string[];
  readonly sessions: number;
}

let fleet: SimulatedFleet = { machines: [], close: async () => undefined };

const nameOf = (index: number): string => `bmc-${String(index + 1).padStart(4, "0")}`;

const handlers = {
  start: async (order: FleetOrder): Promise<readonly Bmc[]> => {
    await fleet.close();
    fleet = await startFleet(order);
    return fleet.machines.map(({ fixture, simulator: { url, credentials } }, index) => ({
      name: nameOf(index),
      family: fixture,
      url,
      credentials,
    }));
  },
  clear: (): void => {
    for (const { simulator } of fleet.machines) simulator.clearRequests();
  },
  states: (): readonly BmcState[] =>
    fleet.machines.map(({ fixture, simulator }, index) => ({
      name: nameOf(index),
      family: fixture,
      requests: simulator.requests().length,
      media: simulator.slots().flatMap(({ inserted, image }) => (inserted && image !== undefined ? [image] : [])),
      sessions: simulator.sessions(),
    })),
  /** Of this process, user and system, in milliseconds. */
  cpuMs: (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
} as const;

export type BmcsProcess = typeof handlers;

answerCalls(handlers, () => fleet.close());
