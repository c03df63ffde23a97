// What a round needs: the processes of the BMCs and of the gateway, the origin of the one image, and what a round cost.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Origin, startOrigin } from "../../../src/simulators/origin.ts";
import type { Bmc, BmcsProcess, BmcState, FleetOrder } from "./bmcs.ts";
import { type Child, startChild } from "./child.ts";
import type { GatewayCost, GatewayProcess } from "./gateway.ts";
import type { RestClient, Round } from "./rounds.ts";

export interface Measured {
  readonly round: Round;
  readonly cost: GatewayCost;
  /** What the BMCs say once all operations have ended. */
  readonly states: readonly BmcState[];
  readonly bmcsCpuMs: number;
}

export interface Stage {
  readonly origin: Origin;
  readonly imageUrl: string;
  readonly bmcs: Child<BmcsProcess>;
  /** A fresh gateway in a process of its own, nothing registered. */
  openGateway(concurrency: number): Promise<StagedGateway>;
  close(): Promise<void>;
}

export interface StagedGateway {
  readonly client: RestClient;
  measure(round: () => Promise<Round>): Promise<Measured>;
  close(): Promise<void>;
}

const here = import.meta.dirname;
const imageName = "config-2.iso";

/** All BMCs read from one address, which counts as a proxy so that the limit of connections per address is not theirs together. */
const settings = {
  "imagePlane.https.enabled": "true",
  "imagePlane.https.host": "127.0.0.1",
  "imagePlane.https.port": "0",
  "imagePlane.proxies": "127.0.0.0/8",
  "imagePlane.limits.connections": "8192",
} as const;

const createClient = (url: string, token: string): RestClient => ({
  call: async (method, path, body) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>) };
  },
});

const openGateway = async (bmcs: Child<BmcsProcess>, concurrency: number): Promise<StagedGateway> => {
  // With it Node says where the gateway's time goes.
  const profileDir = process.env["BENCH_CPU_PROFILE"];
  const profiling = profileDir === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDir}`];
  const gateway = startChild<GatewayProcess>(join(here, "gateway.ts"), profiling);
  const { url, token } = await gateway.ask("start", { ...settings, "operations.concurrency": String(concurrency) });
  return {
    client: createClient(url, token),
    measure: async (run) => {
      await bmcs.ask("clear", undefined);
      const cpuBefore = await bmcs.ask("cpuMs", undefined);
      await gateway.ask("begin", undefined);
      const round = await run();
      const cost = await gateway.ask("cost", undefined);
      const bmcsCpuMs = (await bmcs.ask("cpuMs", undefined)) - cpuBefore;
      return { round, cost, bmcsCpuMs, states: await bmcs.ask("states", undefined) };
    },
    close: () => gateway.stop(),
  };
};

export const openStage = async (): Promise<Stage> => {
  const iso = await readFile(join(here, "../../../fixtures/configdrive", imageName));
  const origin = await startOrigin({ files: { [imageName]: iso } });
  const bmcs = startChild<BmcsProcess>(join(here, "bmcs.ts"));
  return {
    origin,
    bmcs,
    imageUrl: origin.urlOf(imageName),
    openGateway: (concurrency) => openGateway(bmcs, concurrency),
    close: async () => {
      await bmcs.stop();
      await origin.close();
    },
  };
};

export const startBmcs = (stage: Stage, order: FleetOrder): Promise<readonly Bmc[]> => stage.bmcs.ask("start", order);
