// Many simulated BMCs in one process: mixed families, one latency, one set of faults.
import type { SimulatorClock } from "../../clock.ts";
import { selfSigned } from "../../self-signed.ts";
import type { TlsOptions } from "../../web-server.ts";
import { type FaultName, faultNamed } from "./fault-names.ts";
import { listFixtures } from "../resources/fixture.ts";
import { type RedfishSimulator, type RedfishSimulatorOptions, startRedfishSimulator } from "../simulator.ts";

export interface FleetOptions {
  /** Names of fixtures, or a family's beginning such as `dmtf` or `dmtf/two-slot`; taken in turn. */
  readonly fixtures: readonly string[];
  /** How many BMCs; one a fixture when absent. */
  readonly count?: number;
  readonly latencyMs?: number;
  readonly faults?: readonly FaultName[];
  /** https with a certificate of its own. */
  readonly tls?: "none" | "self-signed" | TlsOptions;
  readonly host?: string;
  /** The others follow it; without it each takes a free one. */
  readonly firstPort?: number;
  readonly username?: string;
  readonly password?: string;
  readonly clock?: SimulatorClock;
}

export interface SimulatedMachine {
  /** `<fixture>#<number>`. */
  readonly name: string;
  readonly fixture: string;
  readonly simulator: RedfishSimulator;
}

export interface SimulatedFleet {
  readonly machines: readonly SimulatedMachine[];
  close(): Promise<void>;
}

/** The fixtures whose name is, or begins with, one of these words, or whose folder is one. @throws when a word means none */
export const chooseFixtures = async (words: readonly string[]): Promise<readonly string[]> => {
  const names = (await listFixtures()).map(({ name }) => name);
  const chosen = words.flatMap((word) => {
    if (word.startsWith("/") || names.includes(word)) return [word];
    const meant = names.filter((name) => name.startsWith(word) && /^(?:$|[/\-.])/u.test(name.slice(word.length)));
    const loose = meant.length > 0 ? meant : names.filter((name) => name.startsWith(word));
    if (loose.length === 0) throw new Error(`No fixture is named ${word}. There are: ${names.join(", ")}.`);
    return loose;
  });
  return [...new Set(chosen)];
};

const tlsOf = ({ tls = "none", faults = [], host }: FleetOptions): TlsOptions | undefined => {
  const names = host === undefined || host === "0.0.0.0" || host === "::" ? {} : { names: [host, "localhost"] };
  if (faults.includes("expired-certificate")) return selfSigned({ ...names, expired: true });
  return tls === "none" ? undefined : tls === "self-signed" ? selfSigned(names) : tls;
};

const startOne = async (options: RedfishSimulatorOptions, faults: readonly FaultName[]): Promise<RedfishSimulator> => {
  const simulator = await startRedfishSimulator(options);
  for (const name of faults) {
    const fault = faultNamed(name);
    if (fault !== undefined) simulator.setFault(fault);
  }
  if (faults.includes("refuse")) simulator.refuseConnections();
  return simulator;
};

const atOnce = 50;

/** @throws when a fixture is unknown or malformed, or a port is taken; then none is left running */
export const startFleet = async (options: FleetOptions): Promise<SimulatedFleet> => {
  const { firstPort, faults = [], fixtures: words, count, tls: _tls, ...common } = options;
  const fixtures = await chooseFixtures(words);
  const tls = tlsOf(options);
  const machines: SimulatedMachine[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(machines.map(({ simulator }) => simulator.close()));
  };
  const start = async (index: number): Promise<void> => {
    const fixture = fixtures[index % fixtures.length] ?? "";
    const port = firstPort === undefined ? {} : { port: firstPort + index };
    const simulator = await startOne({ ...common, ...port, ...(tls === undefined ? {} : { tls }), fixture }, faults);
    machines[index] = { name: `${fixture}#${Math.floor(index / fixtures.length) + 1}`, fixture, simulator };
  };
  const total = count ?? fixtures.length;
  for (let begun = 0; begun < total; begun += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, total - begun) }, (_, index) => start(begun + index));
    const failed = (await Promise.allSettled(some)).find((result) => result.status === "rejected");
    if (failed === undefined) continue;
    await Promise.all(Object.values(machines).map(({ simulator }) => simulator.close()));
    throw failed.reason;
  }
  return { machines, close };
};
