// Benchmark of what one attach costs a BMC in requests and TCP connections: Mediabay against the sushy library, which Ironic uses.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startOrigin } from "../../../src/simulators/origin.ts";
import type { Bench } from "../bench.ts";
import { aim, type Table } from "../table.ts";
import { attachTwice, type Manner, type Pair } from "./clients.ts";
import { startEmulator, startSimulator, type Target } from "./targets.ts";

const manners: readonly Manner[] = [
  { client: "Mediabay", verify: true, boot: false },
  { client: "Mediabay", verify: true, boot: true },
  { client: "sushy", verify: false, boot: false },
  { client: "sushy", verify: true, boot: false },
  { client: "sushy", verify: true, boot: true },
];

interface Measured {
  readonly target: Target;
  readonly manner: Manner;
  readonly pair: Pair;
}

const measureOn = async (start: () => Promise<Target>, image: string): Promise<readonly Measured[]> => {
  const target = await start();
  try {
    const measured: Measured[] = [];
    for (const manner of manners) measured.push({ target, manner, pair: await attachTwice(target, image, manner) });
    return measured;
  } finally {
    await target.stop();
  }
};

const describeManner = ({ client, verify, boot }: Manner): string => {
  const override = client === "Mediabay" ? "boot once read back" : "boot once set";
  return ["insert", ...(verify ? ["verified"] : []), ...(boot ? [override] : [])].join(", ");
};

const toRow = ({ target, manner, pair: { cold, warm } }: Measured): readonly string[] => [
  target.name,
  manner.client,
  describeManner(manner),
  ...[cold.requests, cold.connections, warm.requests, warm.connections].map(String),
];

const aimOn = (target: Target, measured: readonly Measured[]): string => {
  const ours = measured.filter((one) => one.target === target && one.manner.client === "Mediabay");
  const isMet = ours.every(({ pair: { cold, warm } }) => cold.connections <= 1 && warm.connections <= 1);
  const why = target.closesConnections
    ? ": it answers everything with `Connection: close`, which binds any client"
    : "";
  return `${target.name}: ${aim("1 TCP connection an attach", isMet)}${why}.`;
};

const benchAttach = async (): Promise<Table> => {
  const iso = await readFile(join(import.meta.dirname, "../../../fixtures/configdrive/config-2.iso"));
  const origin = await startOrigin({ files: { "config-2.iso": iso } });
  try {
    const image = origin.urlOf("config-2.iso");
    const measured = [...(await measureOn(startEmulator, image)), ...(await measureOn(startSimulator, image))];
    return {
      title: "One attach of a config drive: requests to the BMC · TCP connections",
      columns: ["BMC", "client", "attach", "cold: requests", "connections", "warm: requests", "connections"],
      rows: measured.map(toRow),
      notes: [
        "Cold: nothing is known of the machine but its address. Warm: once more, Mediabay after a restart so that no connection is open,",
        "sushy with its root and the system's path kept, as Ironic does it. Counted by a proxy in front, and by the service itself.",
        "sushy: get_system, virtual_media, insert_media; verified: refresh. It asks for `Connection: close` with each request.",
        ...[...new Set(measured.map(({ target }) => target))].map((target) => aimOn(target, measured)),
      ],
    };
  } finally {
    await origin.close();
  }
};

export const bench: Bench = { needs: [".venv"], run: benchAttach };
