// What one benchmark offers to `npm run bench`: every folder beside this file that holds a bench.ts is one, under the folder's name.
import type { Table } from "./table.ts";

export interface Bench {
  /** Commands it cannot do without, as `lacksPeer` takes them. */
  readonly needs: readonly string[];
  /** Names of the flags that it takes, without the hyphens; none when absent. */
  readonly flags?: readonly string[];
  /** Measures, and leaves nothing behind. `flags` as they were given: `--machines=60`. */
  run(flags: readonly string[]): Promise<Table>;
}

/** What every `<name>/bench.ts` exports. */
export interface BenchModule {
  readonly bench: Bench;
}
