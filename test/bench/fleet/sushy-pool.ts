// The other client: the sushy library in a thread pool.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { venv } from "../../tools/venv.ts";
import type { Bmc } from "./bmcs.ts";

const outcome = z.object({
  wallMs: z.number(),
  cpuMs: z.number(),
  bmcs: z.array(z.object({ name: z.string(), tookMs: z.number(), error: z.string().nullable() })),
});

export interface PoolRound {
  readonly wallMs: number;
  /** Of the whole process. */
  readonly cpuMs: number;
  readonly done: number;
  /** What failed, by family: how often, and the library's words about the first. */
  readonly failures: ReadonlyMap<string, { readonly count: number; readonly error: string }>;
}

const script = join(import.meta.dirname, "sushy-pool.py");
const longestOutputBytes = 64 * 1024 * 1024;

export const attachThroughSushy = async (
  bmcs: readonly Bmc[],
  order: { readonly image: string; readonly threads: number },
): Promise<PoolRound> => {
  const running = promisify(execFile)(venv.python, [script], { maxBuffer: longestOutputBytes });
  running.child.stdin?.end(JSON.stringify({ ...order, bmcs }));
  const { wallMs, cpuMs, bmcs: ended } = outcome.parse(JSON.parse((await running).stdout));
  const families = new Map(bmcs.map(({ name, family }) => [name, family]));
  const failures = new Map<string, { count: number; error: string }>();
  for (const { name, error } of ended) {
    if (error === null) continue;
    const family = families.get(name) ?? "";
    const known = failures.get(family);
    failures.set(family, { count: (known?.count ?? 0) + 1, error: known?.error ?? error });
  }
  return { wallMs, cpuMs, done: ended.filter(({ error }) => error === null).length, failures };
};
