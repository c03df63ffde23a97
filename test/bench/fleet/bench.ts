// Benchmark of a whole fleet: attach to every machine and detach again, against the ideal and against sushy in a thread pool.
import { parseArgs } from "node:util";
import { families } from "../../quirks/families.ts";
import type { Bench } from "../bench.ts";
import { printTable, type Table } from "../table.ts";
import { compete } from "./contest.ts";
import { familyTable } from "./fairness.ts";
import { fleetTable } from "./report.ts";
import { attachAll, detachAll, registerAll, type RestClient } from "./rounds.ts";
import { type Measured, openStage, type Stage, startBmcs } from "./stage.ts";

interface Options {
  readonly machines: number;
  readonly latencyMs: number;
  readonly concurrency: number;
}

const readOptions = (flags: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...flags],
    options: {
      machines: { type: "string", default: "1000" },
      latency: { type: "string", default: "200" },
      concurrency: { type: "string", default: "64" },
    },
  });
  const count = (name: keyof typeof values): number => {
    const number = Number(values[name]);
    if (!Number.isInteger(number) || number < 1) throw new Error(`--${name}=${values[name]} is no count`);
    return number;
  };
  return { machines: count("machines"), latencyMs: count("latency"), concurrency: count("concurrency") };
};

/** Which fixtures take part, and which refuse a config drive by design. */
const chooseFamilies = async (): Promise<{ fixtures: readonly string[]; leftOut: readonly string[] }> => {
  const all = await families();
  const refusal = ({ expected }: (typeof all)[number]): string | undefined => expected.stories["config drive"];
  return {
    fixtures: all.filter((family) => refusal(family) === undefined).map(({ fixture }) => fixture),
    leftOut: all.flatMap((family) => {
      const code = refusal(family);
      return code === undefined ? [] : [`${family.fixture} (${code})`];
    }),
  };
};

const countImages = async (client: RestClient): Promise<number> => {
  const { body } = await client.call("GET", "/v1/images?limit=1000");
  return (body["items"] as readonly unknown[]).length;
};

interface Rounds {
  readonly attach: Measured;
  readonly detach: Measured;
  readonly downloads: number;
  readonly imagesLeft: number;
}

const goThrough = async (stage: Stage, fixtures: readonly string[], options: Options): Promise<Rounds> => {
  const { machines: count, latencyMs, concurrency } = options;
  const bmcs = await startBmcs(stage, { fixtures, count, latencyMs });
  const gateway = await stage.openGateway(concurrency);
  try {
    const { client } = gateway;
    await registerAll(client, bmcs);
    const attach = await gateway.measure(() => attachAll(client, bmcs, stage.imageUrl));
    const detach = await gateway.measure(() => detachAll(client, bmcs));
    const downloads = stage.origin.requests().filter(({ status }) => status !== 304).length;
    return { attach, detach, downloads, imagesLeft: await countImages(client) };
  } finally {
    await gateway.close();
  }
};

const benchFleet = async (flags: readonly string[]): Promise<Table> => {
  const options = readOptions(flags);
  const { fixtures, leftOut } = await chooseFamilies();
  const stage = await openStage();
  try {
    const rounds = await goThrough(stage, fixtures, options);
    printTable(familyTable(rounds.attach.round, rounds.attach.states, options.latencyMs));
    const byFamily = Map.groupBy(rounds.attach.states, ({ family }) => family);
    const machines = new Map([...byFamily].map(([family, own]) => [family, own.length]));
    const contest = await compete(stage, { ...options, fixtures, machines });
    return fleetTable({ ...options, ...rounds, families: fixtures.length, leftOut, contest });
  } finally {
    await stage.close();
  }
};

export const bench: Bench = { needs: [".venv"], flags: ["machines", "latency", "concurrency"], run: benchFleet };
